//! What came of a period: every figure of a scorecard rests on these counts.

use std::time::Duration;

use domain::{
    Answer, Code, Command, ContentHash, Decision, Failure, Finding, Landed, Next, OnDoubt, Outcome, RepeatSafety,
    Scope, State, TargetId, Worth,
};
use ledger::{
    CaseTally, Counted, DueTally, Figure, IncidentKind, IncidentTally, NewIncident, Period, Place, RetryTally,
};

use crate::{
    house::House,
    making::{account, begin, channel, finish, post_of, proof, published, tenant, token_revoked, worker},
};

/// A failure that concerns the post alone, and needs a person.
fn refused() -> Failure {
    Failure { scope: Scope::Post, ..token_revoked() }
}

fn day(house: &House) -> Period {
    Period { from: house.now(), until: house.later(86_400), tenant: None }
}

async fn accepted(house: &House, owner: &str, on: &str) -> TargetId {
    let post = post_of(house, owner, &[(on, "main")], house.now());
    let id = post.targets[0].id;
    house.accept(vec![post]).await;
    id
}

async fn failed(house: &House, id: TargetId, attempt: u32) {
    house.apply(id, begin("w")).await;
    house.apply(id, finish(attempt, Outcome::Failed(refused()))).await;
}

fn tally(on: &str, state: State, late: Option<u64>, count: u64) -> DueTally {
    let late = late.map(Duration::from_millis);
    DueTally { channel: channel(on), state, listed: false, doubted: false, asked: false, late, count }
}

/// The targets that a figure counts, asked page by page.
async fn counted(house: &House, period: &Period, figure: Figure) -> Vec<TargetId> {
    let mut counted = Counted { period: period.clone(), channel: None, figure, limit: 1, after: None };
    let mut found = Vec::new();
    loop {
        let page = house.history.counted(&counted).await.unwrap();
        found.extend(page.items);
        match page.next {
            Some(next) => counted.after = Some(next),
            None => return found,
        }
    }
}

/// Due at one time, they come in the order of their ids.
fn sorted(mut ids: Vec<TargetId>) -> Vec<TargetId> {
    ids.sort_unstable();
    ids
}

pub async fn what_was_due_is_counted_by_how_it_stands(house: &House) {
    let period = day(house);
    let ids = [
        accepted(house, "acme", "mastodon").await,
        accepted(house, "acme", "mastodon").await,
        accepted(house, "acme", "webhook").await,
        accepted(house, "other", "webhook").await,
        accepted(house, "acme", "webhook").await,
    ];
    let tomorrow = post_of(house, "acme", &[("webhook", "main")], period.until);
    house.accept(vec![tomorrow]).await;
    house.advance(2);
    for (n, id) in ids[..2].iter().enumerate() {
        house.apply(*id, begin("w")).await;
        house.apply(*id, published(1, &format!("p{n}"))).await;
    }
    failed(house, ids[2], 1).await;
    house.apply(ids[4], Command::Cancel).await;
    assert_eq!(
        house.history.due(&period).await.unwrap(),
        [
            tally("mastodon", State::Published, Some(2_000), 2),
            tally("webhook", State::Scheduled, None, 1),
            DueTally { listed: true, ..tally("webhook", State::Failed, Some(2_000), 1) },
            tally("webhook", State::Cancelled, None, 1),
        ]
    );
    for (figure, expected) in [
        (Figure::Due, vec![ids[0], ids[1], ids[2], ids[3]]),
        (Figure::Published, vec![ids[0], ids[1]]),
        (Figure::Failed, vec![ids[2]]),
        (Figure::Expired, vec![]),
        (Figure::Undecided, vec![ids[3]]),
        (Figure::Cancelled, vec![ids[4]]),
        (Figure::Late(Duration::from_secs(1)), vec![ids[0], ids[1]]),
        (Figure::Late(Duration::from_secs(2)), vec![]),
        (Figure::Doubted, vec![]),
    ] {
        assert_eq!(counted(house, &period, figure).await, sorted(expected), "{figure:?}");
    }
    let other = Period { tenant: Some(tenant("other")), ..period.clone() };
    assert_eq!(house.history.due(&other).await.unwrap(), [tally("webhook", State::Scheduled, None, 1)]);
    let before = Period { until: period.from, from: period.from - Duration::from_secs(60), tenant: None };
    assert_eq!(house.history.due(&before).await.unwrap(), [], "the end of a period is not in it");
}

pub async fn what_waits_beyond_the_period_is_counted_where_it_was_due(house: &House) {
    let period = Period { from: house.now(), until: house.later(60), tenant: None };
    let later = |code| {
        let worth = Worth::Retry { not_before: Some(house.later(7_200)) };
        Outcome::Failed(Failure { code, worth, ..refused() })
    };
    let ids = [
        accepted(house, "acme", "mastodon").await,
        accepted(house, "acme", "mastodon").await,
        accepted(house, "acme", "mastodon").await,
    ];
    // One comes back late, one waits for a rate limit, one has not been touched.
    for (id, code) in ids.iter().zip([Code::OUT_OF_ORDER, Code::RATE_LIMITED_APP]) {
        house.apply(*id, begin("w")).await;
        house.apply(*id, finish(1, later(code))).await;
        assert!(house.ledger.target(*id).await.unwrap().unwrap().target.wake_at.unwrap() > period.until);
    }
    let states: Vec<_> =
        house.history.due(&period).await.unwrap().into_iter().map(|tally| (tally.state, tally.count)).collect();
    assert_eq!(states.iter().map(|(_, count)| count).sum::<u64>(), 3, "{states:?}");
}

pub async fn lateness_is_rounded_alike_everywhere(house: &House) {
    let period = day(house);
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(accepted(house, "acme", "webhook").await);
    }
    let mut passed = 0;
    for (id, after) in ids.into_iter().zip([0_u64, 999, 1_234, 9_999, 12_345, 123_456]) {
        house.clock.advance(Duration::from_millis(after - passed));
        passed = after;
        house.apply(id, begin("w")).await;
        house.apply(id, published(1, &format!("p{after}"))).await;
    }
    let late: Vec<_> = house.history.due(&period).await.unwrap().into_iter().map(|tally| tally.late.unwrap()).collect();
    assert_eq!(late, [0, 990, 1_200, 9_900, 12_000, 120_000].map(Duration::from_millis));
}

/// What is out in time, later by less than a minute's next step, and later than that; and what failed late, was moved, and was in time.
async fn sent_late(house: &House) -> (Period, [TargetId; 5]) {
    let period = day(house);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(accepted(house, "acme", "webhook").await);
    }
    let mut passed = 0;
    for (id, after) in ids.iter().zip([1_000_u64, 60_999, 61_000, 600_000]) {
        house.clock.advance(Duration::from_millis(after - passed));
        passed = after;
        house.apply(*id, begin("w")).await;
        house.apply(*id, published(1, &format!("p{after}"))).await;
    }
    failed(house, ids[4], 1).await;
    let due_at = house.later(60);
    house.apply(ids[4], Command::Reschedule { due_at, deadline: None, hash: ContentHash([1; 16]) }).await;
    house.advance(61);
    house.apply(ids[4], begin("w")).await;
    house.apply(ids[4], published(2, "moved")).await;
    (period, ids.try_into().unwrap())
}

/// What is later than each of these spans.
async fn assert_late(house: &House, period: &Period, ids: [TargetId; 5]) {
    let [_, nearly, just, much, moved] = ids;
    for (seconds, expected) in [
        (0, vec![ids[0], nearly, just, much, moved]),
        (59, vec![nearly, just, much]),
        (60, vec![just, much]),
        (300, vec![much]),
        (600, vec![]),
    ] {
        let figure = Figure::Late(Duration::from_secs(seconds));
        let mut found = counted(house, period, figure).await;
        found.sort_unstable();
        assert_eq!(found, sorted(expected), "{seconds}");
    }
}

pub async fn what_was_sent_late_is_listed(house: &House) {
    let (period, ids) = sent_late(house).await;
    assert_late(house, &period, ids).await;
    let later = Period { from: period.from + Duration::from_millis(1), ..period.clone() };
    assert_eq!(counted(house, &later, Figure::Late(Duration::from_secs(60))).await, [], "due before the period");
}

/// As an older version leaves them.
pub async fn what_was_sent_late_is_listed_of_attempts_that_do_not_say_so(house: &House) {
    let (period, ids) = sent_late(house).await;
    house.execute("UPDATE attempts SET late_by = NULL", &[]).await;
    assert_late(house, &period, ids).await;
}

pub async fn what_left_a_doubt_is_listed(house: &House) {
    let period = day(house);
    let (one, two) = (accepted(house, "acme", "webhook").await, accepted(house, "acme", "mastodon").await);
    accepted(house, "acme", "webhook").await;
    assert_eq!(counted(house, &period, Figure::Doubted).await, []);
    house.apply(one, begin("w")).await;
    house.apply(one, published(1, "p")).await;
    let doubt = Failure { landed: Landed::Unknown, worth: Worth::Retry { not_before: None }, ..refused() };
    house.apply(two, begin("w")).await;
    house.apply(two, finish(1, Outcome::Failed(doubt))).await;
    assert_eq!(counted(house, &period, Figure::Doubted).await, [two]);
    assert_eq!(counted(house, &Period { tenant: Some(tenant("other")), ..period }, Figure::Doubted).await, []);
}

pub async fn what_went_out_last_is_known_whenever_it_was_due(house: &House) {
    let newest = async |owner: Option<&str>| {
        let found = house.history.newest_publish(owner.map(tenant).as_ref()).await.unwrap();
        assert_eq!(found.since, None, "all of it was looked at");
        found.at
    };
    assert_eq!((newest(None).await, newest(Some("acme")).await), (None, None));
    let old = accepted(house, "acme", "webhook").await;
    let foreign = accepted(house, "other", "webhook").await;
    house.advance(3_600);
    let young = accepted(house, "acme", "webhook").await;
    house.apply(young, begin("w")).await;
    house.apply(young, published(1, "young")).await;
    let first = house.now();
    assert_eq!((newest(None).await, newest(Some("other")).await), (Some(first), None));
    house.advance(60);
    failed(house, foreign, 1).await;
    assert_eq!(newest(None).await, Some(first), "what fails has not gone out");
    house.apply(old, begin("w")).await;
    house.apply(old, published(1, "old")).await;
    let second = house.now();
    assert_eq!((newest(None).await, newest(Some("acme")).await), (Some(second), Some(second)), "whenever it was due");
    assert_eq!(newest(Some("other")).await, None);
}

fn cases(on: &str, begun: u64, published: u64, after: u64) -> CaseTally {
    CaseTally {
        channel: channel(on),
        cause: refused().group(),
        begun,
        published,
        published_after: Duration::from_secs(after),
        given_up: 0,
        given_up_after: Duration::ZERO,
    }
}

pub async fn a_case_is_open_until_its_target_is_out(house: &House) {
    let first = day(house);
    let id = accepted(house, "acme", "webhook").await;
    assert_eq!(house.history.open_cases(None).await.unwrap(), (0, None));
    failed(house, id, 1).await;
    let since = house.now();
    assert_eq!(house.history.open_cases(None).await.unwrap(), (1, Some(since)));
    assert_eq!(house.history.open_cases(Some(&tenant("other"))).await.unwrap(), (0, None));
    // Tried again, it fails again, and is tried again on the next day: it is one case all the time.
    house.advance(600);
    house.apply(id, Command::Retry).await;
    assert_eq!(house.history.open_cases(None).await.unwrap(), (1, Some(since)), "a retry is not the end");
    failed(house, id, 2).await;
    house.advance(86_400);
    let second = day(house);
    house.apply(id, Command::Retry).await;
    house.apply(id, begin("w")).await;
    house.apply(id, published(3, "p")).await;
    assert_eq!(house.history.open_cases(None).await.unwrap(), (0, None));
    assert_eq!(house.history.cases(&first).await.unwrap(), [cases("webhook", 1, 0, 0)]);
    assert_eq!(house.history.cases(&second).await.unwrap(), [cases("webhook", 0, 1, 87_000)]);
    assert_eq!(counted(house, &second, Figure::Resolved).await, [id]);
    assert_eq!(counted(house, &second, Figure::GivenUp).await, []);
    assert_eq!(counted(house, &first, Figure::Resolved).await, []);
    let other = Period { tenant: Some(tenant("other")), ..second };
    assert_eq!(house.history.cases(&other).await.unwrap(), []);
}

pub async fn a_case_that_is_given_up_is_told_from_one_that_is_mended(house: &House) {
    let period = day(house);
    let id = accepted(house, "acme", "webhook").await;
    failed(house, id, 1).await;
    house.advance(30);
    house.apply(id, Command::Cancel).await;
    let expected = CaseTally { given_up: 1, given_up_after: Duration::from_secs(30), ..cases("webhook", 1, 0, 0) };
    assert_eq!(house.history.cases(&period).await.unwrap(), [expected]);
    assert_eq!(house.history.retries(&period).await.unwrap(), [], "to give up is no retry");
    assert_eq!(counted(house, &period, Figure::GivenUp).await, [id]);
    assert_eq!(counted(house, &period, Figure::Resolved).await, []);
    // What nobody was needed for is no case.
    let easy = accepted(house, "acme", "mastodon").await;
    house.apply(easy, begin("w")).await;
    house.apply(easy, published(1, "p")).await;
    assert_eq!(house.history.cases(&period).await.unwrap().len(), 1);
}

pub async fn each_retry_by_hand_is_counted_in_its_period(house: &House) {
    let first = day(house);
    let (one, two) = (accepted(house, "acme", "webhook").await, accepted(house, "acme", "mastodon").await);
    failed(house, one, 1).await;
    failed(house, two, 1).await;
    house.apply(one, Command::Retry).await;
    house.apply(one, Command::Retry).await;
    house.apply(two, Command::Retry).await;
    failed(house, one, 2).await;
    house.advance(86_400);
    let second = day(house);
    house.apply(one, Command::Retry).await;
    let of = |name: &str| RetryTally { channel: channel(name), count: 1 };
    assert_eq!(
        house.history.retries(&first).await.unwrap(),
        [of("mastodon"), of("webhook")],
        "pressed twice, it is one"
    );
    assert_eq!(house.history.retries(&second).await.unwrap(), [of("webhook")]);
    assert_eq!(counted(house, &first, Figure::Retried).await, sorted(vec![one, two]));
    assert_eq!(counted(house, &second, Figure::Retried).await, [one]);
    let on_mastodon = Counted {
        period: first.clone(),
        channel: Some(channel("mastodon")),
        figure: Figure::Retried,
        limit: 0,
        after: None,
    };
    assert_eq!(house.history.counted(&on_mastodon).await.unwrap().items, [two]);
    let other = Period { tenant: Some(tenant("other")), ..first };
    assert_eq!(house.history.retries(&other).await.unwrap(), []);
}

/// Its miss would be seen nowhere else: it belongs to its new time.
pub async fn what_expired_and_was_moved_is_a_manual_retry(house: &House) {
    let mut late = post_of(house, "acme", &[("webhook", "main")], house.now());
    late.targets[0].deadline = Some(house.later(60));
    let id = late.targets[0].id;
    house.accept(vec![late]).await;
    house.advance(61);
    house.claim(10).await;
    assert_eq!(house.state(id).await, State::Expired);
    let period = day(house);
    let due_at = house.later(0);
    house.apply(id, Command::Reschedule { due_at, deadline: None, hash: ContentHash([1; 16]) }).await;
    assert_eq!(house.history.retries(&period).await.unwrap(), [RetryTally { channel: channel("webhook"), count: 1 }]);
    assert_eq!(counted(house, &period, Figure::Retried).await, [id]);
    assert_eq!(house.history.open_cases(None).await.unwrap().0, 0, "nobody was needed");
    // What goes wrong after that is a case from its beginning.
    failed(house, id, 1).await;
    assert_eq!(house.history.open_cases(None).await.unwrap().0, 1);
}

pub async fn a_doubt_that_a_person_was_asked_about_is_told_from_one_settled_by_machine(house: &House) {
    let period = day(house);
    let unknown = || {
        let failure = Failure { landed: Landed::Unknown, worth: Worth::Never, ..refused() };
        Outcome::Failed(failure)
    };
    let machine = accepted(house, "acme", "mastodon").await;
    house.apply(machine, begin("w")).await;
    house.apply(machine, finish(1, unknown())).await;
    house.advance(10);
    house.apply(machine, begin("w")).await;
    house.apply(machine, published(2, "p")).await;
    let person = accepted(house, "acme", "webhook").await;
    let repeat = RepeatSafety::Nothing;
    let begins = |arm: Option<&str>| Command::Begin { worker: worker("w"), repeat, arm: arm.map(str::to_owned) };
    house.apply(person, begins(Some("publish"))).await;
    let undecidable = Command::Finish { attempt: 1, outcome: unknown(), repeat, on_doubt: OnDoubt::Park, trace: None };
    house.apply(person, undecidable).await;
    assert_eq!(house.apply(person, Command::LookAgain).await.answer, Answer::Done);
    house.apply(person, begins(None)).await;
    let nowhere = Outcome::Looked { part: 0, finding: Finding::CannotTell("no listing".into()), last: true };
    let looked = Command::Finish { attempt: 2, outcome: nowhere, repeat, on_doubt: OnDoubt::Park, trace: None };
    assert_eq!(house.apply(person, looked).await.answer, Answer::Finished(Next::Dead));
    assert_eq!(house.history.retries(&period).await.unwrap(), [], "to look is not to retry");
    house
        .apply(person, Command::Decide(Decision::Published { receipt: proof("p-9"), last: true, shared: false }))
        .await;
    let due = house.history.due(&period).await.unwrap();
    let shape: Vec<_> =
        due.iter().map(|tally| (tally.channel.as_str(), tally.state, tally.doubted, tally.asked)).collect();
    assert_eq!(counted(house, &period, Figure::Doubted).await, sorted(vec![machine, person]));
    assert_eq!(counted(house, &period, Figure::Asked).await, [person]);
    assert_eq!(shape, [("mastodon", State::Published, true, false), ("webhook", State::Published, true, true)]);
}

pub async fn what_was_found_outside_is_counted_in_its_period(house: &House) {
    let first = day(house);
    let (one, two) = (accepted(house, "acme", "webhook").await, accepted(house, "acme", "mastodon").await);
    let found = |target, on: &str, kind, subject: &str| NewIncident {
        kind,
        target,
        place: Place { tenant: tenant("acme"), channel: channel(on), account: account("main") },
        subject: subject.into(),
        what: "It is there twice.".into(),
        evidence: serde_json::json!({}),
    };
    let twice = found(one, "webhook", IncidentKind::Duplicate, "1");
    let gone = found(two, "mastodon", IncidentKind::Vanished, "2");
    house.incidents.report(vec![twice.clone(), gone]).await.unwrap();
    house.advance(86_400);
    let second = day(house);
    // Found again, it is the same one.
    house.incidents.report(vec![twice]).await.unwrap();
    assert_eq!(
        house.history.found(&first).await.unwrap(),
        [
            IncidentTally { channel: channel("mastodon"), kind: IncidentKind::Vanished, count: 1 },
            IncidentTally { channel: channel("webhook"), kind: IncidentKind::Duplicate, count: 1 },
        ]
    );
    assert_eq!(house.history.found(&second).await.unwrap(), []);
    let other = Period { tenant: Some(tenant("other")), ..first.clone() };
    assert_eq!(house.history.found(&other).await.unwrap(), []);
    assert_eq!(counted(house, &first, Figure::Duplicated).await, [one]);
    assert_eq!(counted(house, &first, Figure::Vanished).await, [two]);
    assert_eq!(counted(house, &second, Figure::Duplicated).await, []);
}

pub async fn a_target_listed_before_there_were_cases_has_been_open_since_then(house: &House) {
    let id = accepted(house, "acme", "webhook").await;
    failed(house, id, 1).await;
    let since = house.now();
    // As an earlier version left it.
    house.execute("DELETE FROM cases", &[]).await;
    house
        .execute("UPDATE targets SET progress = replace(progress, ',\"case\":true', '') WHERE id = {id}", &[id.0])
        .await;
    house.advance(60);
    house.apply(id, Command::Retry).await;
    house.apply(id, begin("w")).await;
    house.apply(id, published(2, "p")).await;
    // Nothing is known of it: it was never opened, and its end is not counted.
    let period = Period { from: since, until: house.later(1), tenant: None };
    assert_eq!(house.history.cases(&period).await.unwrap(), []);
    // One that an earlier version listed and that is acted on while it is listed, has its case from then.
    let id = accepted(house, "acme", "mastodon").await;
    failed(house, id, 1).await;
    let since = house.now();
    house.execute("DELETE FROM cases", &[]).await;
    house
        .execute("UPDATE targets SET progress = replace(progress, ',\"case\":true', '') WHERE id = {id}", &[id.0])
        .await;
    house.advance(60);
    house.apply(id, Command::Wake).await;
    assert_eq!(house.history.open_cases(None).await.unwrap(), (1, Some(since)));
}

/// By the deadline, which may be long after a target was due.
pub async fn what_was_not_sent_in_time_is_listed_by_its_deadline(house: &House) {
    let mut posts = Vec::new();
    for deadline in [60, 120, 180] {
        let mut post = post_of(house, "acme", &[("webhook", "main")], house.now());
        post.targets[0].deadline = Some(house.later(deadline));
        posts.push(post);
    }
    let ids: Vec<_> = posts.iter().map(|post| post.targets[0].id).collect();
    let (begun, since) = (house.now(), house.later(120));
    house.accept(posts).await;
    house.advance(120);
    for id in &ids {
        house.apply(*id, Command::Wake).await;
    }
    let late = async |since, limit| {
        let late = house.history.expired(since, limit).await.unwrap();
        late.into_iter().map(|target| (target.id, target.last_failure.map(|kept| kept.code))).collect::<Vec<_>>()
    };
    let kept = Some(Code::DEADLINE_PASSED);
    assert_eq!(late(begun, 10).await, [(ids[1], kept), (ids[0], kept)], "the third is not late yet");
    assert_eq!(late(since, 10).await, [(ids[1], kept)]);
    assert_eq!(late(begun, 1).await, [(ids[1], kept)]);
}
