//! The audit log: every change is on record before it is made.

use domain::{Answer, Command, Outcome, PostId};
use ledger::{AuditEntry, AuditFilter, BROKER, EntryOutcome, NewEntry, standing};
use serde_json::json;

use crate::{
    house::House,
    making::{begin, finish, tenant, token_revoked},
};

fn entry(house: &House, who: &str, subject: &str) -> NewEntry {
    // Ids made later sort later, as in life.
    house.clock.advance(std::time::Duration::from_millis(1));
    NewEntry {
        id: house.runtime.id(),
        who: who.into(),
        tenant: Some(tenant("acme")),
        action: "retry target".into(),
        subject: subject.into(),
        post: None,
        reason: Some("ключ renewed; \"quoted\"".into()),
        before: Some(json!({ "state": "failed", "revision": 3 })),
    }
}

async fn listed(house: &House, filter: AuditFilter) -> Vec<AuditEntry> {
    house.audit_log.entries(&filter).await.unwrap().items
}

pub async fn an_entry_is_begun_and_completed(house: &House) {
    let asked = entry(house, "ops", "target:1");
    let begun_at = house.now();
    house.audit_log.begin_entry(asked.clone()).await.unwrap();
    let begun =
        AuditEntry { asked: asked.clone(), at: begun_at, ended_at: None, outcome: EntryOutcome::Begun, after: None };
    assert_eq!(listed(house, AuditFilter::default()).await, [begun]);
    house.advance(2);
    let after = json!({ "state": "scheduled" });
    house.audit_log.end_entry(asked.id, EntryOutcome::Done, Some(after.clone())).await.unwrap();
    let done = AuditEntry {
        asked,
        at: begun_at,
        ended_at: Some(house.now()),
        outcome: EntryOutcome::Done,
        after: Some(after),
    };
    assert_eq!(listed(house, AuditFilter::default()).await, [done]);
}

pub async fn what_is_completed_stays_as_it_is(house: &House) {
    let asked = entry(house, "ops", "target:1");
    house.audit_log.begin_entry(asked.clone()).await.unwrap();
    house.audit_log.begin_entry(NewEntry { who: "another".into(), ..asked.clone() }).await.unwrap();
    house.audit_log.end_entry(asked.id, EntryOutcome::Refused, Some(json!("too late"))).await.unwrap();
    let refused = listed(house, AuditFilter::default()).await;
    assert_eq!((refused[0].outcome, &refused[0].asked), (EntryOutcome::Refused, &asked));
    house.advance(1);
    house.audit_log.end_entry(asked.id, EntryOutcome::Done, None).await.unwrap();
    house.audit_log.begin_entry(asked.clone()).await.unwrap();
    assert_eq!(listed(house, AuditFilter::default()).await, refused);
    house.audit_log.end_entry(house.runtime.id(), EntryOutcome::Done, None).await.unwrap();
    assert_eq!(listed(house, AuditFilter::default()).await, refused, "an entry that was never begun is none");
}

pub async fn entries_are_found_by_what_they_are_about(house: &House) {
    let post = PostId(house.runtime.id());
    let first = NewEntry { post: Some(post), ..entry(house, "ops", "target:1") };
    let second = NewEntry { post: Some(post), ..entry(house, "eve", "target:2") };
    let third = NewEntry { tenant: None, ..entry(house, "ops", "channel:mastodon") };
    let fourth = NewEntry { tenant: Some(tenant("other")), ..entry(house, "ops", "target:1") };
    for asked in [&first, &second, &third, &fourth] {
        house.audit_log.begin_entry(asked.clone()).await.unwrap();
    }
    let all = AuditFilter::default;
    let acme = Some(tenant("acme"));
    for (filter, expected) in [
        (all(), vec![&fourth, &third, &second, &first]),
        (AuditFilter { tenant: acme.clone(), ..all() }, vec![&second, &first]),
        (AuditFilter { who: Some("ops".into()), ..all() }, vec![&fourth, &third, &first]),
        (AuditFilter { who: Some("nobody".into()), ..all() }, vec![]),
        (AuditFilter { subject: Some("target:1".into()), ..all() }, vec![&fourth, &first]),
        (AuditFilter { subject: Some("target:1".into()), tenant: acme.clone(), ..all() }, vec![&first]),
        (AuditFilter { post: Some(post), ..all() }, vec![&second, &first]),
        (AuditFilter { post: Some(post), tenant: Some(tenant("other")), ..all() }, vec![]),
        (AuditFilter { post: Some(post), who: Some("eve".into()), ..all() }, vec![&second]),
    ] {
        let found: Vec<_> = listed(house, filter.clone()).await.into_iter().map(|entry| entry.asked).collect();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

pub async fn the_log_comes_page_by_page(house: &House) {
    let mut made = Vec::new();
    for n in 0..7 {
        let asked = entry(house, "ops", &format!("target:{n}"));
        house.audit_log.begin_entry(asked.clone()).await.unwrap();
        made.insert(0, asked.id);
    }
    let mut seen = Vec::new();
    let mut filter = AuditFilter { limit: 3, ..AuditFilter::default() };
    loop {
        let page = house.audit_log.entries(&filter).await.unwrap();
        seen.extend(page.items.iter().map(|entry| entry.asked.id));
        match page.next {
            Some(next) => filter.after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, made);
}

pub async fn a_letter_that_is_moved_back_is_on_record_with_the_retry(house: &House) {
    let (target, other) = (house.accept_one().await, house.accept_one().await);
    for target in [target, other] {
        house.apply(target, begin("w")).await;
    }
    house.apply(other, finish(1, Outcome::Failed(token_revoked()))).await;
    let failed = house.apply(target, finish(1, Outcome::Failed(token_revoked()))).await.target;
    house.advance(2);
    let revive = |again| Command::Revive { entry: house.runtime.id(), again };
    let (first, at) = (revive(false), house.now());
    let revived = house.apply(target, first.clone()).await;
    assert_eq!(revived.answer, Answer::Done);
    let done = listed(house, AuditFilter::default()).await;
    let [entry] = &done[..] else { panic!("{done:?}") };
    assert_eq!((entry.asked.who.as_str(), entry.asked.action.as_str()), (BROKER, "retry target"));
    assert_eq!((&entry.asked.subject, entry.asked.post), (&format!("target:{target}"), Some(failed.post)));
    assert_eq!((entry.outcome, entry.at, entry.ended_at), (EntryOutcome::Done, at, Some(at)));
    assert_eq!(entry.asked.before, Some(standing(&failed)));
    assert_eq!(entry.after, Some(standing(&revived.target)));
    // Whoever did not hear the answer asks again: it is on record once, and as it was done.
    assert!(matches!(house.apply(target, first).await.answer, Answer::Refused(_)));
    assert_eq!(listed(house, AuditFilter::default()).await, done);
    house.advance(2);
    // The broker hands the same letter out again, because whoever had it died: that is no other retry.
    assert!(matches!(house.apply(target, revive(true)).await.answer, Answer::Refused(_)));
    assert_eq!(listed(house, AuditFilter::default()).await, done);
    house.apply(target, revive(false)).await;
    let refused = &listed(house, AuditFilter::default()).await[0];
    assert_eq!(refused.outcome, EntryOutcome::Refused);
    assert_eq!(refused.after, Some(json!({ "why": "there is nothing to do in its present state" })));
    // Nor is it none, if whoever had it died before anything was done.
    house.advance(2);
    assert_eq!(house.apply(other, revive(true)).await.answer, Answer::Done);
    assert_eq!(listed(house, AuditFilter::default()).await[0].outcome, EntryOutcome::Done);
}
