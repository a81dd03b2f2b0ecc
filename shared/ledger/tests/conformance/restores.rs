//! The ledger was put back to an earlier time.

use std::time::Duration;

use domain::{Answer, Command, Gap, Outcome, PauseScope, Policy, State, TargetId};
use ledger::{Acceptance, Continuity, CredentialPut, GapAsk, LedgerError, PauseAsk, RecordKind, Unproven};

use crate::{
    house::House,
    making::{account, begin, begun, channel, claim, finish, post, post_of, published, tenant, token_revoked},
};

const HOUR: Duration = Duration::from_secs(3600);

/// An hour is lost, and what is due within another may have been moved forward.
fn ask(house: &House) -> GapAsk {
    let since = house.now() - HOUR;
    GapAsk::new(since, house.now(), Policy::default().lease, HOUR, HOUR)
}

async fn gap_of(house: &House, target: TargetId) -> Option<Gap> {
    house.ledger.target(target).await.unwrap().unwrap().target.gap
}

async fn mark_all(house: &House, ask: &GapAsk) -> u64 {
    let (mut marked, mut after) = (0, None);
    loop {
        let batch = house.restores.mark_gap(ask, after).await.unwrap();
        marked += batch.targets;
        after = batch.next;
        if after.is_none() {
            return marked;
        }
    }
}

/// One target that stands at each of these, and what they are called.
async fn some_of_each(house: &House) -> Vec<(&'static str, TargetId, bool)> {
    let mut all = Vec::new();
    let due = house.accept_one().await;
    all.push(("due", due, true));
    let later = post(house, house.later(7_300));
    all.push(("due much later", later.targets[0].id, false));
    let soon = post(house, house.later(3_000));
    all.push(("due soon", soon.targets[0].id, true));
    house.accept(vec![later, soon]).await;
    for (name, outcome) in [("published", None), ("failed", Some(Outcome::Failed(token_revoked())))] {
        let post = post_of(house, "acme", &[("webhook", name)], house.now());
        let id = post.targets[0].id;
        house.accept(vec![post]).await;
        let attempt = begun(&house.apply(id, begin("w")).await).attempt;
        let command = outcome.map_or_else(|| published(attempt, "p1"), |outcome| finish(attempt, outcome));
        house.apply(id, command).await;
        all.push((name, id, name == "failed"));
    }
    let cancelled = house.accept_one().await;
    house.apply(cancelled, Command::Cancel).await;
    all.push(("cancelled", cancelled, false));
    let sending = house.accept_one().await;
    house.apply(sending, begin("w")).await;
    all.push(("being sent", sending, true));
    all
}

pub async fn what_may_have_been_sent_is_marked_and_nothing_else(house: &House) {
    let all = some_of_each(house).await;
    let ask = ask(house);
    assert_eq!(mark_all(house, &ask).await, 4);
    for (name, target, marked) in &all {
        assert_eq!(gap_of(house, *target).await, marked.then_some(ask.gap), "{name}");
    }
    let sending = all.last().unwrap().1;
    assert_eq!(house.state(sending).await, State::InDoubt, "whoever had it may have sent it");
    // The one that is due is looked for, and not sent.
    house.advance(200);
    let found = house.apply(all[0].1, begin("w")).await;
    assert!(matches!(found.answer, Answer::NotYet(_)) && found.target.state == State::InDoubt, "{found:?}");
}

pub async fn marking_goes_batch_by_batch_and_may_be_done_again(house: &House) {
    let posts: Vec<_> = (0..501).map(|_| post(house, house.now())).collect();
    let last = posts.iter().map(|post| post.targets[0].id).max().unwrap();
    house.accept(posts).await;
    let ask = ask(house);
    let first = house.restores.mark_gap(&ask, None).await.unwrap();
    assert_eq!(first.targets, 500);
    assert_eq!(gap_of(house, last).await, None, "it was cut short here");
    assert_eq!(mark_all(house, &ask).await, 501);
    assert_eq!(gap_of(house, last).await, Some(ask.gap));
}

pub async fn what_is_marked_is_counted_before_by_account(house: &House) {
    some_of_each(house).await;
    let at = |name: &str, going, resting| Unproven {
        tenant: tenant("acme"),
        channel: channel("webhook"),
        account: account(name),
        going,
        resting,
    };
    let counted = house.restores.unproven(&ask(house)).await.unwrap();
    assert_eq!(counted, vec![at("failed", 0, 1), at("main", 3, 0)]);
}

pub async fn what_is_handed_in_again_is_looked_for(house: &House) {
    let ask = ask(house);
    assert_eq!(house.restores.standing().await.unwrap().gap, None);
    house.restores.begin_gap(&ask).await.unwrap();
    assert_eq!(house.restores.standing().await.unwrap().gap, Some(ask.gap));
    let in_the_gap = post(house, house.now() - HOUR / 2);
    let at_once = post(house, house.now());
    let later = post(house, house.later(7_200));
    let hidden = [in_the_gap.targets[0].id, at_once.targets[0].id];
    let open = later.targets[0].id;
    house.accept(vec![in_the_gap.clone(), at_once, later]).await;
    for target in hidden {
        assert_eq!(gap_of(house, target).await, Some(ask.gap));
    }
    assert_eq!(gap_of(house, open).await, None);
    let again = house.ledger.accept(vec![in_the_gap]).await.unwrap();
    assert!(matches!(again[..], [Acceptance::Same { .. }]), "the key decides as ever");
    // Long after, what has no time of its own is new.
    house.advance(7_200);
    let fresh = house.accept_one().await;
    assert_eq!(gap_of(house, fresh).await, None);
}

pub async fn a_ledger_that_was_put_back_sends_and_accepts_nothing_until_somebody_vouches_for_it(house: &House) {
    let target = house.accept_one().await;
    let standing = house.restores.standing().await.unwrap();
    assert_eq!((standing.continuity, standing.newest), (Continuity::Whole, Some(house.now())));
    house.put_back().await;
    assert_eq!(house.restores.standing().await.unwrap().continuity, Continuity::Broken);

    let refused = |result: Result<(), LedgerError>| assert!(matches!(result, Err(LedgerError::Restored)), "{result:?}");
    refused(house.ledger.claim(&claim(10)).await.map(drop));
    for command in [begin("w"), Command::Retry, Command::Cancel, Command::Wake, published(1, "p1")] {
        refused(house.ledger.apply(target, command).await.map(drop));
    }
    refused(house.ledger.accept(vec![post(house, house.now())]).await.map(drop));
    let owner = house.ledger.target(target).await.unwrap().unwrap().target.post;
    refused(house.ledger.change_post(owner, None, vec![(target, Command::Retry)]).await.map(drop));
    let record = CredentialPut {
        kind: RecordKind::Account,
        name: "acme/webhook/main".into(),
        expected: None,
        open: serde_json::json!({}),
        sealed: None,
    };
    refused(house.credentials.put(record).await.map(drop));
    // What is there can be read, and a pause be put in force.
    assert_eq!(house.state(target).await, State::Scheduled);
    house.ledger.census(HOUR).await.unwrap();
    let pause = PauseAsk { scope: PauseScope::All, reason: "restore".into(), by: "me".into() };
    house.ledger.pause(pause).await.unwrap();
    refused(house.ledger.resume(&PauseScope::All, HOUR).await.map(drop));

    let ask = ask(house);
    house.restores.begin_gap(&ask).await.unwrap();
    mark_all(house, &ask).await;
    refused(house.ledger.claim(&claim(10)).await.map(drop));
    house.restores.vouch().await.unwrap();
    assert_eq!(house.restores.standing().await.unwrap().continuity, Continuity::Whole);
    assert_eq!(house.ledger.resume(&PauseScope::All, HOUR).await.unwrap(), Some(0));
    assert_eq!(house.claim(10).await.emissions.len(), 1);
    assert_eq!(gap_of(house, target).await, Some(ask.gap));
}

pub async fn a_dump_that_was_restored_is_another_ledger(house: &House) {
    let target = house.accept_one().await;
    // As a dump does that is restored with `--clean`: the same rows, in a table that is made anew.
    house
        .execute(
            "CREATE TABLE kept AS SELECT * FROM restores; DROP TABLE restores; CREATE TABLE restores (LIKE kept); \
             INSERT INTO restores SELECT * FROM kept",
            &[],
        )
        .await;
    let begun = house.ledger.apply(target, begin("w")).await;
    assert!(matches!(begun, Err(LedgerError::Restored)), "{begun:?}");
}

pub async fn a_server_that_may_not_be_asked_cannot_tell(house: &House) {
    house
        .execute(
            "CREATE OR REPLACE FUNCTION ledger_origin() RETURNS TEXT LANGUAGE sql AS 'SELECT NULL::text'; \
             UPDATE restores SET origin = ledger_origin()",
            &[],
        )
        .await;
    assert_eq!(house.restores.standing().await.unwrap().continuity, Continuity::CannotTell);
    let target = house.accept_one().await;
    begun(&house.apply(target, begin("w")).await);
}

pub async fn a_pause_that_was_ending_waits_for_whoever_vouches(house: &House) {
    let target = house.accept_one().await;
    let pause = PauseAsk { scope: PauseScope::All, reason: "restore".into(), by: "me".into() };
    house.ledger.pause(pause).await.unwrap();
    house.claim(10).await;
    assert_eq!(house.state(target).await, State::Held);
    house.execute("UPDATE pauses SET ending = TRUE", &[]).await;
    house.put_back().await;
    house.again().await.unwrap();
    assert_eq!(house.state(target).await, State::Held);
    house.restores.vouch().await.unwrap();
    house.again().await.unwrap();
    assert_eq!(house.state(target).await, State::Scheduled);
}
