//! The operators' list in few words.

use std::time::Duration;

use domain::{Command, Failure, Outcome, Scope, TargetId};
use ledger::{ListedCount, ListedTarget};

use crate::{
    house::House,
    making::{begin, channel, finish, post_of, token_revoked},
};

const MINUTE: Duration = Duration::from_secs(60);

/// A target on `on` that is refused, and by that on the list.
async fn refused(house: &House, on: &str) -> TargetId {
    let post = post_of(house, "acme", &[(on, "main")], house.now());
    let target = post.targets[0].id;
    house.accept(vec![post]).await;
    house.apply(target, begin("w")).await;
    let failure = Failure { scope: Scope::Post, ..token_revoked() };
    house.apply(target, finish(1, Outcome::Failed(failure))).await;
    target
}

pub async fn who_needs_a_person_is_counted_by_channel_and_by_how_long(house: &House) {
    assert_eq!(house.ledger.listed_counts(MINUTE).await.unwrap(), []);
    house.accept_one().await;
    refused(house, "webhook").await;
    refused(house, "mastodon").await;
    house.advance(61);
    refused(house, "webhook").await;
    let counted = |name, count, settled| ListedCount { channel: channel(name), count, settled };
    let counts = house.ledger.listed_counts(MINUTE).await.unwrap();
    assert_eq!(counts, [counted("mastodon", 1, 1), counted("webhook", 2, 1)]);
}

pub async fn who_needs_a_person_is_told_in_few_words_until_it_is_settled(house: &House) {
    let since = house.now();
    let first = refused(house, "webhook").await;
    refused(house, "mastodon").await;
    house.advance(5);
    let second = refused(house, "webhook").await;
    let listed = async |limit| house.ledger.listed(&channel("webhook"), limit).await.unwrap();
    let told =
        [ListedTarget { id: first, since, attempt: 1 }, ListedTarget { id: second, since: house.now(), attempt: 1 }];
    assert_eq!(listed(10).await, told);
    assert_eq!(listed(1).await, told[..1]);
    house.apply(first, Command::Retry).await;
    assert_eq!(listed(10).await, told[1..]);
    house.apply(second, Command::Cancel).await;
    assert_eq!(listed(10).await, []);
}
