//! Waking what is due: on time, once, in turn, within bounds.

use std::{collections::HashSet, time::Duration};

use domain::{EventName, State, TargetId};
use ledger::{Claim, Claimed};

use crate::{
    house::House,
    making::{begin, claim, post, post_of},
};

fn ids(claimed: &Claimed) -> HashSet<TargetId> {
    claimed.emissions.iter().map(|emission| emission.target.id).collect()
}

pub async fn what_is_not_due_is_left_alone(house: &House) {
    assert_eq!(house.ledger.next_wake().await.unwrap(), None);
    let due = house.later(60);
    house.accept(vec![post(house, due)]).await;
    let claimed = house.claim(10).await;
    assert!(claimed.emissions.is_empty() && !claimed.more);
    assert_eq!(claimed.now, house.now());
    assert_eq!(house.ledger.next_wake().await.unwrap(), Some(due));
    house.advance(60);
    assert_eq!(house.claim(10).await.emissions.len(), 1);
}

pub async fn what_is_due_soon_is_handed_over_ahead(house: &House) {
    house.accept(vec![post(house, house.later(2)), post(house, house.later(4))]).await;
    let ahead = Claim { ahead: Duration::from_secs(3), ..claim(10) };
    let claimed = house.ledger.claim(&ahead).await.unwrap();
    assert_eq!(claimed.emissions.len(), 1);
    assert_eq!(claimed.emissions[0].target.next_at, Some(house.later(2)));
}

pub async fn two_schedulers_never_emit_one_target_twice(house: &House) {
    house.accept((0..600).map(|_| post(house, house.now())).collect()).await;
    let other = house.again().await.unwrap();
    let mut seen = HashSet::new();
    for _ in 0..40 {
        let (one, two) = (claim(50), claim(50));
        let (one, two) = tokio::join!(house.ledger.claim(&one), other.claim(&two));
        for claimed in [one.unwrap(), two.unwrap()] {
            for emission in &claimed.emissions {
                assert!(seen.insert(emission.target.id), "emitted twice");
            }
        }
        if seen.len() == 600 {
            return;
        }
    }
    panic!("only {} of 600 were emitted", seen.len());
}

pub async fn a_tenant_with_much_does_not_starve_another(house: &House) {
    // The backlog is older than all that others have.
    house.accept((0..5_000).map(|_| post_of(house, "big", &[("webhook", "main")], house.now())).collect()).await;
    house.advance(1);
    for owner in ["a", "b", "c"] {
        house.accept((0..20).map(|_| post_of(house, owner, &[("webhook", "main")], house.now())).collect()).await;
    }
    let first = house.claim(100).await;
    assert!(first.more);
    assert_eq!(first.emissions.len(), 100, "nothing of the limit is wasted");
    for owner in ["a", "b", "c"] {
        let share = first.emissions.iter().filter(|emission| emission.target.tenant.as_str() == owner).count();
        assert_eq!(share, 20, "{owner} had to wait behind the backlog");
    }
    let mut left = 5_060 - 100;
    while left > 0 {
        let claimed = house.claim(1_000).await;
        assert!(!claimed.emissions.is_empty());
        left -= claimed.emissions.len();
        assert_eq!(claimed.more, left > 0);
    }
}

pub async fn a_channel_holds_no_more_than_its_bound(house: &House) {
    house.accept((0..30).map(|_| post_of(house, "acme", &[("webhook", "main")], house.now())).collect()).await;
    house.accept((0..3).map(|_| post_of(house, "acme", &[("mastodon", "main")], house.now())).collect()).await;
    for limit in [8, 100] {
        // Both ways: with more due than the limit, and with less.
        let bound = Claim { outstanding_per_channel: 10, ..claim(limit) };
        while !house.ledger.claim(&bound).await.unwrap().emissions.is_empty() {}
        let queued = |on: &'static str| async move {
            let census = house.ledger.census(Duration::ZERO).await.unwrap();
            let mut counts = census.counts.into_iter().filter(|count| count.state == State::Queued);
            counts.find(|count| count.channel.as_str() == on).map(|count| count.count)
        };
        assert_eq!(queued("webhook").await, Some(10));
        assert_eq!(queued("mastodon").await, Some(3));
        assert!(house.ledger.claim(&bound).await.unwrap().more, "what does not fit is still due");
    }
}

pub async fn a_full_channel_does_not_hide_what_is_overdue(house: &House) {
    house.accept((0..50).map(|_| post(house, house.now())).collect()).await;
    let bound = Claim { outstanding_per_channel: 5, ..claim(5) };
    let first = house.ledger.claim(&bound).await.unwrap();
    assert_eq!(first.emissions.len(), 5);
    // The broker lost all five messages. Nothing else can move before these are emitted again.
    house.advance(3600);
    let again = house.ledger.claim(&bound).await.unwrap();
    assert_eq!(ids(&again), ids(&first));
    assert!(again.emissions.iter().all(|emission| emission.found == State::Queued));
}

pub async fn too_late_is_expired_and_told(house: &House) {
    let mut late = post(house, house.later(10));
    late.targets[0].deadline = Some(house.later(60));
    let target = late.targets[0].id;
    house.accept(vec![late]).await;
    house.advance(61);
    let claimed = house.claim(10).await;
    assert!(claimed.emissions.is_empty());
    assert_eq!(
        claimed.events.iter().map(|event| (event.name, event.target)).collect::<Vec<_>>(),
        [(EventName::Expired, Some(target))]
    );
    assert_eq!(house.state(target).await, State::Expired);
    let untold = house.ledger.untold(Duration::ZERO, 10).await.unwrap();
    assert!(untold.contains(&claimed.events[0]));
}

pub async fn a_lost_message_is_emitted_again(house: &House) {
    let target = house.accept_one().await;
    assert_eq!(house.claim(10).await.emissions.len(), 1);
    assert_eq!(house.claim(10).await.emissions.len(), 0, "it is on its way");
    house.advance(house.ledger.policy().reemit_after.as_secs());
    let again = house.claim(10).await;
    assert_eq!(again.emissions[0].found, State::Queued);
    // A worker that dies holds it until its lease ends.
    house.apply(target, begin("w")).await;
    house.advance(house.ledger.policy().lease.as_secs());
    assert_eq!(house.claim(10).await.emissions.len(), 0, "the lease's grace");
    house.advance(house.ledger.policy().carry_grace.as_secs());
    assert_eq!(house.claim(10).await.emissions[0].found, State::Publishing);
}

/// D08: a batch that takes longer than a tick. The next tick must neither wait for it nor take its rows.
pub async fn a_slow_batch_is_stepped_over(house: &House) {
    house.accept((0..20).map(|_| post(house, house.now())).collect()).await;
    let mut slow = house.server().await;
    let mut tx = sqlx::Connection::begin(&mut slow).await.unwrap();
    let taken: Vec<uuid::Uuid> = sqlx::query_scalar("SELECT id FROM targets ORDER BY wake_at, id LIMIT 8 FOR UPDATE")
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    let taken: HashSet<_> = taken.into_iter().map(TargetId).collect();
    let tick = house.claim(100).await;
    assert_eq!(tick.emissions.len(), 12);
    assert!(ids(&tick).is_disjoint(&taken));
    tx.commit().await.unwrap();
    assert_eq!(ids(&house.claim(100).await), taken);
}
