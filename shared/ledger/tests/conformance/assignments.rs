//! Who sees to what: one for each thing, and until nothing of it is on the list.

use std::time::Duration;

use domain::{Landed, Outcome, TargetId};
use ledger::{Assigned, Assignment, Duty, Within};

use crate::{
    house::House,
    making::{account, begin, begun, channel, finish, post_of, published, tenant, token_revoked},
};

const CAUSE: &str = "OP-2102/post/-";
const HOUR: Duration = Duration::from_secs(3_600);

fn cause(within: Within) -> Duty {
    Duty::Cause { group: CAUSE.into(), within }
}

fn given(house: &House, duty: Duty, to: &str) -> Assignment {
    house.clock.advance(Duration::from_millis(1));
    let comment = Some("\"ключ\" is with Ann".into());
    Assignment { duty, to: to.into(), comment, who: "olga".into(), at: house.now(), idle_since: None }
}

/// A target on the list for [`CAUSE`].
async fn failed(house: &House, on: (&str, &str)) -> (TargetId, u32) {
    let post = post_of(house, "acme", &[on], house.now());
    let id = post.targets[0].id;
    house.accept(vec![post]).await;
    house.claim(100).await;
    let attempt = begun(&house.apply(id, begin("w")).await).attempt;
    fail(house, (id, attempt)).await;
    (id, attempt)
}

async fn fail(house: &House, (id, attempt): (TargetId, u32)) {
    let mut failure = domain::Failure { scope: domain::Scope::Post, ..token_revoked() };
    failure.landed = Landed::No;
    failure.said.code = None;
    house.apply(id, finish(attempt, Outcome::Failed(failure))).await;
}

/// It is tried again, and goes out.
async fn mend(house: &House, id: TargetId) {
    house.apply(id, domain::Command::Retry).await;
    house.claim(100).await;
    let attempt = begun(&house.apply(id, begin("w")).await).attempt;
    house.apply(id, published(attempt, &format!("out-{id}"))).await;
}

pub async fn of_two_who_take_the_same_one_has_it(house: &House) {
    let ann = given(house, cause(Within::default()), "ann");
    assert_eq!(house.assignments.assign(ann.clone(), None).await.unwrap(), Assigned::Done(ann.clone()));
    let bob = given(house, cause(Within::default()), "bob");
    assert_eq!(house.assignments.assign(bob.clone(), None).await.unwrap(), Assigned::Had(ann.clone()));
    assert_eq!(house.assignments.assign(bob.clone(), Some("carl")).await.unwrap(), Assigned::Had(ann.clone()));
    assert_eq!(house.assignments.assignments().await.unwrap(), std::slice::from_ref(&ann));
    // Whoever has it may say something else of it. What was said stays where nothing is, whoever has it from then on.
    let again = Assignment { comment: Some("she called back".into()), ..given(house, cause(Within::default()), "ann") };
    assert_eq!(house.assignments.assign(again.clone(), None).await.unwrap(), Assigned::Done(again.clone()));
    assert_eq!(house.assignments.assignments().await.unwrap(), std::slice::from_ref(&again));
    let silent = Assignment { comment: None, ..bob };
    let kept = Assignment { comment: again.comment, ..silent.clone() };
    assert_eq!(house.assignments.assign(silent, Some("ann")).await.unwrap(), Assigned::Done(kept.clone()));
    assert_eq!(house.assignments.assignments().await.unwrap(), [kept]);
}

pub async fn of_many_who_take_it_at_once_one_has_it(house: &House) {
    let all = (0..20).map(|n| given(house, cause(Within::default()), &format!("person-{n}"))).collect::<Vec<_>>();
    let asked = all.into_iter().map(|one| house.assignments.assign(one, None));
    let answers = futures::future::try_join_all(asked).await.unwrap();
    let taken = house.assignments.assignments().await.unwrap();
    assert_eq!(taken.len(), 1);
    let done = Assigned::Done(taken[0].clone());
    assert_eq!(answers.iter().filter(|answer| **answer == done).count(), 1);
    assert!(answers.iter().all(|answer| *answer == done || *answer == Assigned::Had(taken[0].clone())));
}

pub async fn a_cause_its_parts_and_a_target_are_had_one_by_one(house: &House) {
    let (target, _) = failed(house, ("a", "main")).await;
    let tenants = Within { tenant: Some(tenant("acme")), ..Within::default() };
    let accounts = Within { channel: Some(channel("a")), account: Some(account("main")), ..tenants.clone() };
    let duties = [
        cause(Within::default()),
        cause(tenants),
        cause(accounts),
        Duty::Target { id: target, tenant: tenant("acme") },
    ];
    let mut all = Vec::new();
    for (n, duty) in duties.iter().enumerate() {
        all.push(given(house, duty.clone(), &format!("person-{n}")));
        assert_eq!(house.assignments.assign(all[n].clone(), None).await.unwrap(), Assigned::Done(all[n].clone()));
    }
    all.reverse();
    assert_eq!(house.assignments.assignments().await.unwrap(), all);
    assert_eq!(house.assignments.release(&duties[1]).await.unwrap(), Some(all.remove(2)));
    assert_eq!(house.assignments.release(&duties[1]).await.unwrap(), None);
    assert_eq!(house.assignments.assignments().await.unwrap(), all);
    assert!(house.assignments.end_assignments(Duration::ZERO).await.unwrap().is_empty(), "all of it is listed");
    assert_eq!(house.assignments.assignments().await.unwrap(), all);
}

pub async fn an_assignment_ends_when_nothing_of_it_has_been_listed_for_a_while(house: &House) {
    let (one, _) = failed(house, ("a", "main")).await;
    let (other, _) = failed(house, ("a", "side")).await;
    let part =
        |by: &str| Within { tenant: Some(tenant("acme")), channel: Some(channel("a")), account: Some(account(by)) };
    let duties = [
        cause(Within::default()),
        cause(part("main")),
        cause(part("side")),
        Duty::Target { id: one, tenant: tenant("acme") },
    ];
    for duty in &duties {
        let ann = given(house, duty.clone(), "ann");
        assert_eq!(house.assignments.assign(ann.clone(), None).await.unwrap(), Assigned::Done(ann));
    }
    mend(house, one).await;
    assert!(house.assignments.end_assignments(HOUR).await.unwrap().is_empty());
    let since = house.now();
    let idle: Vec<_> =
        house.assignments.assignments().await.unwrap().into_iter().rev().map(|one| one.idle_since).collect();
    assert_eq!(idle, [None, Some(since), None, Some(since)]);
    house.advance(3_599);
    assert!(house.assignments.end_assignments(HOUR).await.unwrap().is_empty());
    // It fails again before the hour is over: whoever had it has it still.
    failed(house, ("a", "main")).await;
    house.advance(1);
    let ended = house.assignments.end_assignments(HOUR).await.unwrap();
    assert_eq!(ended.iter().map(|one| &one.duty).collect::<Vec<_>>(), [&duties[3]]);
    let left = house.assignments.assignments().await.unwrap();
    assert_eq!(left.iter().rev().map(|one| one.duty.clone()).collect::<Vec<_>>(), duties[..3]);
    assert!(left.iter().all(|one| one.idle_since.is_none()), "{left:?}");
    mend(house, other).await;
    assert!(house.assignments.end_assignments(HOUR).await.unwrap().is_empty());
    house.advance(3_600);
    let ended = house.assignments.end_assignments(HOUR).await.unwrap();
    assert_eq!(ended.iter().map(|one| &one.duty).collect::<Vec<_>>(), [&duties[2]]);
}
