//! What is out, and what may be, by account.

use domain::{Command, Outcome, State, TargetId};
use jiff::Timestamp;
use ledger::{OutTarget, Place, PublishedAsk};

use crate::{
    house::House,
    making::{account, begin, channel, finish, post_of, proof, published, tenant},
};

fn place(owner: &str, on: &str, by: &str) -> Place {
    Place { tenant: tenant(owner), channel: channel(on), account: account(by) }
}

fn main() -> Place {
    place("acme", "webhook", "main")
}

fn ask(house: &House) -> PublishedAsk {
    PublishedAsk { place: main(), from: Timestamp::UNIX_EPOCH, until: house.later(1_000_000), after: None, limit: 0 }
}

/// A target of the account that is out under this id, in as many parts as it says.
async fn publish(house: &House, at: &Place, ids: &[&str]) -> TargetId {
    let target = accept(house, at).await;
    house.apply(target, begin("w")).await;
    let parts = ids.iter().enumerate().map(|(part, id)| (part as u16, proof(id)));
    house.apply(target, finish(1, Outcome::Published(parts.collect()))).await;
    target
}

async fn accept(house: &House, at: &Place) -> TargetId {
    let places = [(at.channel.as_str(), at.account.as_str())];
    let post = post_of(house, at.tenant.as_str(), &places, house.now());
    let target = post.targets[0].id;
    house.accept(vec![post]).await;
    target
}

async fn found(house: &House, ask: &PublishedAsk) -> Vec<TargetId> {
    house.outside.published(ask).await.unwrap().into_iter().map(|out| out.target).collect()
}

pub async fn what_is_published_is_found_by_account_and_time(house: &House) {
    let first = publish(house, &main(), &["1", "2"]).await;
    let between = house.later(5);
    house.advance(10);
    let second = publish(house, &main(), &["3"]).await;
    for other in [place("other", "webhook", "main"), place("acme", "mastodon", "main"), place("acme", "webhook", "b")] {
        publish(house, &other, &["4"]).await;
    }
    accept(house, &main()).await;

    assert_eq!(found(house, &ask(house)).await, [first, second]);
    assert_eq!(found(house, &PublishedAsk { from: between, ..ask(house) }).await, [second]);
    assert_eq!(found(house, &PublishedAsk { until: between, ..ask(house) }).await, [first]);
    assert_eq!(found(house, &PublishedAsk { until: house.now(), ..ask(house) }).await, [first], "its end is outside");

    let OutTarget { target, post, state, out, draft, .. } =
        house.outside.published(&ask(house)).await.unwrap().remove(0);
    let stored = house.ledger.target(target).await.unwrap().unwrap().target;
    assert_eq!((post, state, &out), (stored.post, State::Published, &stored.out));
    assert_eq!(out.iter().map(|out| out.receipt.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert!(draft.0.text.starts_with("text of "), "{draft:?}");
}

pub async fn what_is_published_comes_page_by_page(house: &House) {
    let mut all = Vec::new();
    for n in 0..7 {
        // Several that are due at the same time, too.
        all.push(publish(house, &main(), &[&n.to_string()]).await);
        house.advance(n % 2);
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = house.outside.published(&PublishedAsk { limit: 3, after, ..ask(house) }).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.place());
        seen.extend(page.iter().map(|out| out.target));
    }
    assert_eq!(seen.len(), 7);
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    all.sort_unstable();
    assert_eq!(sorted, all, "each once");
}

pub async fn what_may_be_out_is_not_settled(house: &House) {
    accept(house, &main()).await;
    publish(house, &main(), &["1"]).await;
    let cancelled = accept(house, &main()).await;
    house.apply(cancelled, Command::Cancel).await;
    let sending = accept(house, &main()).await;
    house.apply(sending, begin("w")).await;
    let deciding = accept(house, &main()).await;
    house.apply(deciding, begin("w")).await;
    house.apply(deciding, finish(1, Outcome::Processing)).await;
    let doubtful = accept(house, &main()).await;
    house.apply(doubtful, begin("w")).await;
    house.apply(doubtful, finish(1, Outcome::Published(vec![]))).await;
    let elsewhere = accept(house, &place("acme", "webhook", "b")).await;
    house.apply(elsewhere, begin("w")).await;

    let mut found = house.outside.unsettled(&main()).await.unwrap();
    found.sort_unstable_by_key(|out| out.target);
    let states: Vec<_> = found.iter().map(|out| (out.target, out.state)).collect();
    let mut expected = vec![(sending, State::Publishing), (deciding, State::Processing), (doubtful, State::InDoubt)];
    expected.sort_unstable();
    assert_eq!(states, expected);
}

pub async fn a_platform_id_tells_its_target(house: &House) {
    let first = publish(house, &main(), &["1", "2"]).await;
    let elsewhere = place("acme", "webhook", "b");
    let second = publish(house, &elsewhere, &["3"]).await;
    // Out, though the target is not published.
    let partly = accept(house, &main()).await;
    house.apply(partly, begin("w")).await;
    house.apply(partly, Command::Out { attempt: 1, part: 0, receipt: proof("5") }).await;

    let ids = ["1", "2", "3", "4", "5"].map(str::to_owned);
    let owners = house.outside.owners(&main(), &ids).await.unwrap();
    let mut owners: Vec<_> = owners.into_iter().collect();
    owners.sort_unstable();
    assert_eq!(owners, [("1".to_owned(), first), ("2".to_owned(), first), ("5".to_owned(), partly)]);
    assert_eq!(house.outside.owners(&elsewhere, &ids).await.unwrap(), [("3".to_owned(), second)].into());
    assert!(house.outside.owners(&main(), &[]).await.unwrap().is_empty());
    // What is published by its proof alone is told by it, too.
    let third = accept(house, &main()).await;
    house.apply(third, begin("w")).await;
    house.apply(third, published(1, "9")).await;
    assert_eq!(house.outside.owners(&main(), &["9".to_owned()]).await.unwrap(), [("9".to_owned(), third)].into());
}

pub async fn who_has_a_platform_id_is_found_among_accounts(house: &House) {
    let (other, third) = (place("other", "webhook", "a"), place("acme", "webhook", "b"));
    publish(house, &main(), &["1"]).await;
    let there = publish(house, &other, &["1", "2"]).await;
    let all = [main(), other.clone(), third.clone()];
    let found = house.outside.holders(&all[1..], "1").await.unwrap();
    assert_eq!(found, [(other.clone(), there)], "only whom one asks about");
    assert_eq!(house.outside.holders(&all, "2").await.unwrap(), [(other, there)]);
    assert_eq!(house.outside.holders(&all, "3").await.unwrap(), []);
    assert_eq!(house.outside.holders(&[], "1").await.unwrap(), []);
}
