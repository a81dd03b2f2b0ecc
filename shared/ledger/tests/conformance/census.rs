//! The full scan counts everything and finds what is broken.

use std::{collections::BTreeMap, time::Duration};

use domain::{Failure, Landed, Outcome, State, invariant::Violation};

use crate::{
    house::House,
    making::{begin, finish, post, post_of, published, token_revoked},
};

pub async fn everything_is_counted(house: &House) {
    let posts: Vec<_> = (0..6).map(|_| post_of(house, "acme", &[("webhook", "a")], house.now())).collect();
    let targets: Vec<_> = posts.iter().map(|post| post.targets[0].id).collect();
    house.accept(posts).await;
    house.apply(targets[0], begin("w")).await;
    house.apply(targets[0], published(1, "p")).await;
    house.apply(targets[1], begin("w")).await;
    house.apply(targets[2], begin("w")).await;
    house.apply(targets[2], finish(1, Outcome::Failed(token_revoked()))).await;
    house.accept(vec![post_of(house, "acme", &[("mastodon", "b")], house.later(3600))]).await;
    let due = house.now();
    house.advance(100);

    let census = house.ledger.census(Duration::from_secs(50)).await.unwrap();
    let counts: Vec<_> = census.counts.iter().map(|count| (count.channel.as_str(), count.state, count.count)).collect();
    assert_eq!(
        counts,
        [
            ("mastodon", State::Scheduled, 1),
            ("webhook", State::Scheduled, 3),
            ("webhook", State::Publishing, 1),
            ("webhook", State::Published, 1),
            ("webhook", State::Failed, 1),
        ]
    );
    assert_eq!((census.listed, census.in_doubt, census.overdue), (1, 0, 3));
    assert_eq!((census.oldest_due, census.oldest_in_doubt), (Some(due), None));
    assert!(census.violations.is_empty(), "{:?}", census.violations);
    assert_eq!(house.ledger.census(Duration::from_secs(200)).await.unwrap().overdue, 0);
    let doubt = Outcome::Failed(Failure { landed: Landed::Unknown, ..token_revoked() });
    house.apply(targets[1], finish(1, doubt)).await;
    let census = house.ledger.census(Duration::from_secs(50)).await.unwrap();
    assert_eq!((census.in_doubt, census.oldest_in_doubt), (1, Some(due)));
}

pub async fn every_planted_violation_is_found(house: &House) {
    let plants = [
        ("state = 0, wake_at = NULL", Violation::NoSilentMiss),
        ("state = 1, wake_at = NULL", Violation::NoSilentMiss),
        ("state = 4, wake_at = NULL", Violation::NoSilentMiss),
        ("state = 2", Violation::NoSilentMiss),
        ("state = 3, wake_at = NULL", Violation::NoSilentMiss),
        ("state = 5, wake_at = NULL", Violation::NoSilentMiss),
        ("state = 7, wake_at = NULL", Violation::NoSilentMiss),
        ("state = 6, wake_at = NULL", Violation::ProofOfPublish),
        (
            "state = 6, progress = '{\"out\":[{\"part\":0,\"receipt\":{\"id\":\" \"},\"at\":\"2026-01-01T00:00:00Z\"}]}'",
            Violation::ProofOfPublish,
        ),
        ("state = 77", Violation::NoSilentMiss),
        ("progress = 'nonsense', state = 6", Violation::NoSilentMiss),
        ("state = 1, wake_at = 99999999999999", Violation::LedgerAlone),
    ];
    let mut expected = BTreeMap::new();
    for (set, violation) in plants {
        let new = post(house, house.later(3600));
        let target = new.targets[0].id;
        house.accept(vec![new]).await;
        house.execute(&format!("UPDATE targets SET {set} WHERE id = {{id}}"), &[target.0]).await;
        expected.insert(target, violation);
    }
    // What is in order is not reported.
    let fine = house.accept_one().await;
    house.apply(fine, begin("w")).await;
    let census = house.ledger.census(Duration::ZERO).await.unwrap();
    assert_eq!(census.violations.into_iter().collect::<BTreeMap<_, _>>(), expected);
}
