//! Jobs: frozen when they are begun, carried on by one process at a time, and never twice about one target.

use std::time::Duration;

use domain::{Command, Outcome, State, TargetId};
use futures::future::join_all;
use ledger::{Job, JobFilter, JobState, JobStep, NewJob, Of, Outcomes, Selection, StepAsk, StepDone, StepResult};
use serde_json::json;
use uuid::Uuid;

use crate::{
    house::House,
    making::{begin, begun, channel, finish, post_of, published, tenant, token_revoked},
};

const LEASE: Duration = Duration::from_secs(15);

/// A target on `channel` that is on the list, for a reason that puts no pause in force.
pub async fn listed(house: &House, owner: &str, on: &str) -> TargetId {
    house.clock.advance(Duration::from_millis(1));
    let post = post_of(house, owner, &[(on, "main")], house.now());
    let target = post.targets[0].id;
    house.accept(vec![post]).await;
    fail_again(house, target).await;
    target
}

async fn fail_again(house: &House, target: TargetId) {
    house.clock.advance(Duration::from_millis(1));
    house.apply(target, Command::Wake).await;
    let attempt = begun(&house.apply(target, begin("w")).await).attempt;
    let failure = domain::Failure { scope: domain::Scope::Post, ..token_revoked() };
    house.apply(target, finish(attempt, Outcome::Failed(failure))).await;
}

fn new(house: &House, selection: Selection) -> NewJob {
    house.clock.advance(Duration::from_millis(1));
    NewJob {
        id: house.runtime.id(),
        who: "olga".into(),
        tenant: selection.tenant.clone(),
        action: "retry".into(),
        reason: Some("ключ renewed".into()),
        selection,
        terms: json!({ "rate": 10 }),
    }
}

async fn begin_job(house: &House, selection: Selection) -> Job {
    house.jobs.begin_job(new(house, selection), 1_000).await.unwrap()
}

async fn take(house: &House, holder: &str) -> Job {
    house.jobs.take_job(holder, LEASE).await.unwrap().unwrap()
}

fn retry(target: TargetId) -> JobStep {
    JobStep { target, what: StepAsk::Apply { command: Box::new(Command::Retry), revision: None } }
}

async fn advance(house: &House, job: &Job, steps: Vec<JobStep>) -> Option<Vec<StepDone>> {
    house.jobs.advance(job.asked.id, job.lease, steps, LEASE).await.unwrap()
}

async fn job(house: &House, id: Uuid) -> Job {
    house.jobs.job(id).await.unwrap().unwrap()
}

async fn retried(house: &House, target: TargetId) -> bool {
    house.state(target).await == State::Scheduled
}

pub async fn a_job_is_about_what_is_listed_when_it_is_begun(house: &House) {
    let mine = listed(house, "acme", "a").await;
    let other_channel = listed(house, "acme", "b").await;
    let other_tenant = listed(house, "other", "a").await;
    let at = house.later(0) + Duration::from_millis(1);
    let asked =
        new(house, Selection { tenant: Some(tenant("acme")), channel: Some(channel("a")), ..Selection::default() });
    let begun = house.jobs.begin_job(asked.clone(), 1_000).await.unwrap();
    let expected = Job {
        asked: asked.clone(),
        at,
        ended_at: None,
        state: JobState::Running,
        total: 1,
        done: 0,
        held_back: 0,
        lease: 0,
        holder: None,
        lease_until: None,
        why: None,
    };
    assert_eq!(begun, expected);
    listed(house, "acme", "a").await;
    assert_eq!(house.jobs.begin_job(asked.clone(), 1_000).await.unwrap(), expected, "begun again it stays");
    assert_eq!(house.jobs.open_targets(asked.id, 10).await.unwrap(), [mine]);

    let every = [mine, other_channel, other_tenant];
    let ids = |job: &Job| house.jobs.open_targets(job.asked.id, 10);
    let waiting = post_of(house, "acme", &[("a", "main")], house.later(60));
    let waiting_id = waiting.targets[0].id;
    house.accept(vec![waiting]).await;
    let named = vec![other_tenant, mine, waiting_id, mine];
    let some = begin_job(house, Selection { targets: named.clone(), ..Selection::default() }).await;
    assert_eq!(
        (some.total, ids(&some).await.unwrap()),
        (2, vec![other_tenant, mine]),
        "what is not listed is left out"
    );
    let own = Selection { targets: named, tenant: Some(tenant("acme")), ..Selection::default() };
    assert_eq!(ids(&begin_job(house, own).await).await.unwrap(), [mine], "another tenant's is left out");
    let group = Selection { group: Some("OP-2102/post/-".into()), ..Selection::default() };
    let all = begin_job(house, group.clone()).await;
    assert_eq!((all.total, ids(&all).await.unwrap()[..3].to_vec()), (4, every.to_vec()), "the first listed is first");
    let three = house.jobs.begin_job(new(house, group.clone()), 3).await.unwrap();
    assert_eq!(three.total, 3, "no more than is allowed");
    let none = begin_job(house, Selection { group: Some("OP-1/post/-".into()), ..Selection::default() }).await;
    assert_eq!(none.total, 0);

    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = house.jobs.selected(&group, after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.listed.as_ref().map(|listed| (listed.at, last.id));
        seen.extend(page.iter().map(|target| target.id));
    }
    assert_eq!((seen.len(), &seen[..3]), (4, &every[..]));
    let named = Selection { targets: vec![other_channel, waiting_id], ..Selection::default() };
    let named: Vec<_> = house.jobs.selected(&named, None, 10).await.unwrap().iter().map(|target| target.id).collect();
    assert_eq!(named, [other_channel]);
}

pub async fn one_process_carries_a_job_on(house: &House) {
    for n in 0..3 {
        listed(house, "acme", &format!("c{n}")).await;
    }
    let id = begin_job(house, Selection::default()).await.asked.id;
    let takers = join_all((0..8).map(|n| {
        let jobs = house.jobs.clone();
        async move { jobs.take_job(&format!("console-{n}"), LEASE).await.unwrap() }
    }));
    let taken: Vec<Job> = takers.await.into_iter().flatten().collect();
    let [first] = &taken[..] else { panic!("{taken:?}") };
    assert_eq!((first.asked.id, first.lease, first.lease_until), (id, 1, Some(house.later(15))));
    let open = house.jobs.open_targets(id, 2).await.unwrap();
    let done = advance(house, first, vec![retry(open[0])]).await.unwrap();
    assert_eq!((done.len(), done[0].result, done[0].target), (1, StepResult::Done, open[0]));
    assert!(done[0].applied.as_ref().unwrap().answer == domain::Answer::Done);

    // It dies. Whoever comes before the lease's end finds nothing, whoever comes after it goes on where it stopped.
    house.advance(14);
    assert_eq!(house.jobs.take_job("another", LEASE).await.unwrap(), None);
    house.advance(2);
    let second = take(house, "another").await;
    assert_eq!((second.lease, second.done), (2, 1));
    // It was not dead, only slow: what it still wants to do is not done.
    assert!(advance(house, first, vec![retry(open[1])]).await.is_none());
    house.jobs.release_job(id, first.lease).await.unwrap();
    assert_eq!(
        house.jobs.end_job(id, Some(first.lease), JobState::Done, None).await.unwrap().unwrap().state,
        JobState::Running
    );
    assert!(!retried(house, open[1]).await);
    let rest = house.jobs.open_targets(id, 10).await.unwrap();
    assert_eq!(rest.len(), 2);
    house.advance(10);
    advance(house, &second, Vec::new()).await.unwrap();
    assert_eq!(job(house, id).await.lease_until, Some(house.later(15)), "each step keeps it longer");
    house.jobs.release_job(id, second.lease).await.unwrap();
    let third = take(house, "third").await;
    let done = advance(house, &third, rest.iter().copied().map(retry).collect()).await.unwrap();
    assert_eq!(done.len(), 2);
    let ended = house.jobs.end_job(id, Some(third.lease), JobState::Done, None).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.done, ended.held_back, ended.ended_at), (JobState::Done, 3, 0, Some(house.now())));
    assert!(house.jobs.take_job("fourth", LEASE).await.unwrap().is_none());
    assert!(advance(house, &third, Vec::new()).await.is_none());
}

pub async fn a_target_is_changed_once_whoever_else_acts_on_it(house: &House) {
    let (a, b, c) =
        (listed(house, "acme", "a").await, listed(house, "acme", "b").await, listed(house, "acme", "c").await);
    let first = begin_job(house, Selection::default()).await;
    let second = begin_job(house, Selection::default()).await;
    let (first, second) = (take(house, "one").await, {
        assert_ne!(first.asked.id, second.asked.id);
        take(house, "two").await
    });
    // Alone, before any job comes to it, and failed again since: not what was selected.
    house.apply(a, Command::Retry).await;
    fail_again(house, a).await;
    house.apply(b, Command::Retry).await;
    let steps = || vec![retry(a), retry(b), retry(c), retry(c)];
    let done = advance(house, &first, steps()).await.unwrap();
    let told = |done: &[StepDone]| done.iter().map(|done| (done.target, done.result)).collect::<Vec<_>>();
    assert_eq!(told(&done), [(a, StepResult::HeldBack), (b, StepResult::HeldBack), (c, StepResult::Done)]);
    assert!(done[0].why.as_ref().unwrap().contains("failed again"), "{done:?}");
    assert!(done[1].why.as_ref().unwrap().contains("is scheduled now"), "{done:?}");
    assert!(advance(house, &first, steps()).await.unwrap().is_empty(), "asked again it does nothing");
    let done = advance(house, &second, steps()).await.unwrap();
    assert_eq!(done.iter().filter(|done| done.result == StepResult::Done).count(), 0, "{done:?}");
    assert_eq!(house.state(a).await, State::Failed);
    let stranger = advance(house, &first, vec![retry(TargetId(house.runtime.id()))]).await.unwrap();
    assert!(stranger.is_empty(), "what is no target of the job is passed over");
}

/// A target on `channel` that waits.
async fn waiting(house: &House, owner: &str, on: &str, due_in: u64) -> TargetId {
    house.clock.advance(Duration::from_millis(1));
    let post = post_of(house, owner, &[(on, "main")], house.later(due_in));
    let target = post.targets[0].id;
    house.accept(vec![post]).await;
    target
}

fn move_to(target: TargetId, due_at: jiff::Timestamp) -> JobStep {
    let command = Command::Reschedule { due_at, deadline: None, hash: domain::ContentHash([1; 16]) };
    JobStep { target, what: StepAsk::Apply { command: Box::new(command), revision: Some(1) } }
}

pub async fn a_job_may_be_about_what_waits(house: &House) {
    let failed = listed(house, "acme", "a").await;
    let (late, soon) = (waiting(house, "acme", "a", 7_200).await, waiting(house, "acme", "a", 3_600).await);
    let (elsewhere, theirs) = (waiting(house, "acme", "b", 60).await, waiting(house, "other", "a", 60).await);
    let out = house.accept_one().await;
    house.claim(100).await;
    let attempt = begun(&house.apply(out, begin("w")).await).attempt;
    house.apply(out, published(attempt, "out")).await;
    let all = Selection { of: Of::Waiting, ..Selection::default() };
    let found = |selection: Selection| async move {
        let job = begin_job(house, selection.clone()).await;
        let open = house.jobs.open_targets(job.asked.id, 10).await.unwrap();
        let shown: Vec<_> =
            house.jobs.selected(&selection, None, 10).await.unwrap().iter().map(|target| target.id).collect();
        assert_eq!((job.total, job.asked.selection), (open.len() as u64, selection.clone()));
        if selection.targets.is_empty() {
            assert_eq!(shown, open, "{selection:?}");
        }
        open
    };
    assert_eq!(found(all.clone()).await, [elsewhere, theirs, soon, late], "the first due is first");
    let acme = Selection { tenant: Some(tenant("acme")), channel: Some(channel("a")), ..all.clone() };
    assert_eq!(found(acme.clone()).await, [soon, late]);
    assert_eq!(found(Selection { from: Some(house.later(5_000)), ..acme.clone() }).await, [late]);
    assert_eq!(found(Selection { until: Some(house.later(5_000)), ..acme.clone() }).await, [soon]);
    assert_eq!(found(Selection { state: Some(State::Held), ..acme.clone() }).await, []);
    assert_eq!(found(Selection { state: Some(State::Scheduled), ..acme.clone() }).await, [soon, late]);
    let named = vec![late, out, failed, soon, theirs, late];
    let some = |of: Of| Selection { of, targets: named.clone(), ..Selection::default() };
    assert_eq!(found(some(Of::Waiting)).await, [late, soon, theirs]);
    assert_eq!(found(some(Of::List)).await, [failed]);
    assert_eq!(found(some(Of::Either)).await, [late, failed, soon, theirs], "what is out is in no job");
    let own = Selection { tenant: Some(tenant("acme")), ..some(Of::Either) };
    assert_eq!(found(own).await, [late, failed, soon]);
    assert_eq!(
        found(Selection { of: Of::Either, ..Selection::default() }).await,
        [failed],
        "all is said of the list only"
    );
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = house.jobs.selected(&all, after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(Selection::place(last));
        seen.extend(page.iter().map(|target| target.id));
    }
    assert_eq!(seen, [elsewhere, theirs, soon, late]);
}

/// What was not sent in time is moved by a job as well: of one cause or of all, once, and only as long as it stands so.
pub async fn a_job_may_be_about_what_has_expired(house: &House) {
    let expiring = async |owner: &str, due_in: u64| {
        house.clock.advance(Duration::from_millis(1));
        let mut post = post_of(house, owner, &[("a", "main")], house.later(due_in));
        post.targets[0].deadline = Some(house.later(due_in + 60));
        let target = post.targets[0].id;
        house.accept(vec![post]).await;
        target
    };
    let failed = listed(house, "acme", "a").await;
    let (second, first) = (expiring("acme", 20).await, expiring("acme", 10).await);
    let theirs = expiring("other", 15).await;
    let waits = waiting(house, "acme", "a", 90_000).await;
    house.advance(3_600);
    house.claim(100).await;
    for target in [first, second, theirs] {
        assert_eq!(house.state(target).await, State::Expired);
    }
    let cause = house.ledger.target(first).await.unwrap().unwrap().target.cause().unwrap();
    let found = |selection: Selection| async move {
        let job = begin_job(house, selection.clone()).await;
        let open = house.jobs.open_targets(job.asked.id, 10).await.unwrap();
        if selection.targets.is_empty() {
            let shown = house.jobs.selected(&selection, None, 10).await.unwrap();
            assert_eq!(shown.iter().map(|target| target.id).collect::<Vec<_>>(), open, "{selection:?}");
        }
        house.jobs.end_job(job.asked.id, None, JobState::Stopped, None).await.unwrap();
        open
    };
    let all = Selection { of: Of::Expired, ..Selection::default() };
    assert_eq!(found(all.clone()).await, [first, theirs, second], "the first due is first");
    let acme = Selection { tenant: Some(tenant("acme")), ..all.clone() };
    assert_eq!(found(acme.clone()).await, [first, second]);
    assert_eq!(found(Selection { group: Some(cause), ..acme.clone() }).await, [first, second]);
    assert_eq!(found(Selection { group: Some("OP-2102/account/-".into()), ..acme.clone() }).await, []);
    let due = house.ledger.target(first).await.unwrap().unwrap().target.due_at;
    let after_first = due + jiff::SignedDuration::from_millis(1);
    assert_eq!(found(Selection { from: Some(after_first), ..acme.clone() }).await, [second]);
    assert_eq!(found(Selection { until: Some(after_first), ..acme.clone() }).await, [first]);
    let named = Selection { of: Of::Either, targets: vec![waits, first, failed], ..Selection::default() };
    assert_eq!(found(named).await, [waits, first, failed]);
    let page = house.jobs.selected(&all, None, 2).await.unwrap();
    let rest = house.jobs.selected(&all, page.last().map(Selection::place), 2).await.unwrap();
    assert_eq!(rest.iter().map(|target| target.id).collect::<Vec<_>>(), [second]);

    begin_job(house, acme.clone()).await;
    begin_job(house, acme).await;
    let (one, two) = (take(house, "one").await, take(house, "two").await);
    let at = house.later(9_000);
    let steps = || [first, second].map(|target| move_to(target, at)).to_vec();
    house.apply(second, Command::Reschedule { due_at: at, deadline: None, hash: domain::ContentHash([2; 16]) }).await;
    let told = |done: Vec<StepDone>| done.into_iter().map(|done| (done.result, done.why)).collect::<Vec<_>>();
    let since = Some("somebody was faster: it was changed since the job began".to_owned());
    let done = told(advance(house, &one, steps()).await.unwrap());
    assert_eq!(done, [(StepResult::Done, None), (StepResult::HeldBack, since.clone())]);
    assert_eq!((house.state(first).await, house.state(second).await), (State::Scheduled, State::Scheduled));
    let done = told(advance(house, &two, steps()).await.unwrap());
    assert_eq!(
        done,
        [(StepResult::HeldBack, since.clone()), (StepResult::HeldBack, since)],
        "of two jobs one moves it"
    );
}

pub async fn what_waited_is_left_alone_once_it_was_changed_or_is_on_its_way(house: &House) {
    let mut all = Vec::new();
    for due_in in [3_600, 3_601, 0, 3_603] {
        all.push(waiting(house, "acme", "a", due_in).await);
    }
    let [moved, changed, sent, cancelled] = all[..] else { panic!("{all:?}") };
    let selection = Selection { of: Of::Waiting, targets: all.clone(), ..Selection::default() };
    begin_job(house, selection.clone()).await;
    begin_job(house, selection).await;
    let (first, second) = (take(house, "one").await, take(house, "two").await);
    let at = house.later(9_000);
    house.apply(changed, Command::Reschedule { due_at: at, deadline: None, hash: domain::ContentHash([2; 16]) }).await;
    house.claim(100).await;
    let attempt = begun(&house.apply(sent, begin("w")).await).attempt;
    house.apply(cancelled, Command::Cancel).await;
    let steps = || all.iter().map(|target| move_to(*target, at)).collect::<Vec<_>>();
    let done = advance(house, &first, steps()).await.unwrap();
    let told: Vec<_> = done.iter().map(|done| (done.target, done.result, done.why.as_deref())).collect();
    let changed_since = "somebody was faster: it was changed since the job began";
    assert_eq!(
        told,
        [
            (moved, StepResult::Done, None),
            (changed, StepResult::HeldBack, Some(changed_since)),
            (sent, StepResult::HeldBack, Some("it does not wait any more: it is publishing now")),
            (cancelled, StepResult::HeldBack, Some("it does not wait any more: it is cancelled now")),
        ]
    );
    assert_eq!(house.ledger.target(moved).await.unwrap().unwrap().target.due_at, at);
    house.apply(sent, published(attempt, "out")).await;
    let done = advance(house, &second, steps()).await.unwrap();
    assert!(done.iter().all(|done| done.result == StepResult::HeldBack), "of two jobs one moves it: {done:?}");
    assert_eq!(done[0].why.as_deref(), Some(changed_since));
    assert_eq!(house.state(sent).await, State::Published);
}

pub async fn what_is_held_back_says_why_and_what_changed_is_worked_out_anew(house: &House) {
    let (a, b) = (listed(house, "acme", "a").await, listed(house, "acme", "b").await);
    let begun_job = begin_job(house, Selection::default()).await;
    let job = take(house, "one").await;
    let stale = StepAsk::Apply { command: Box::new(Command::Cancel), revision: Some(7) };
    let hold = StepAsk::HoldBack("its credentials are dead".into());
    let steps = vec![JobStep { target: a, what: stale }, JobStep { target: b, what: hold }];
    let done = advance(house, &job, steps).await.unwrap();
    assert_eq!(done.iter().map(|done| done.target).collect::<Vec<_>>(), [b]);
    assert_eq!(house.jobs.open_targets(begun_job.asked.id, 10).await.unwrap(), [a]);
    let fresh = StepAsk::Apply { command: Box::new(Command::Cancel), revision: Some(1) };
    advance(house, &job, vec![JobStep { target: a, what: fresh }]).await.unwrap();
    assert_eq!((house.state(a).await, house.state(b).await), (State::Cancelled, State::Failed));
    let all = house.jobs.job_targets(begun_job.asked.id, None, None, 10).await.unwrap();
    let told: Vec<_> = all.iter().map(|one| (one.target, one.result, one.why.as_deref(), one.now)).collect();
    assert_eq!(
        told,
        [
            (a, Some(StepResult::Done), None, Some((State::Cancelled, false))),
            (b, Some(StepResult::HeldBack), Some("its credentials are dead"), Some((State::Failed, true))),
        ]
    );
    let held = house.jobs.job_targets(begun_job.asked.id, Some(StepResult::HeldBack), None, 10).await.unwrap();
    assert_eq!(held.iter().map(|one| one.target).collect::<Vec<_>>(), [b]);
    let second = house.jobs.job_targets(begun_job.asked.id, None, Some(all[0].place), 10).await.unwrap();
    assert_eq!(second, all[1..]);
}

pub async fn a_job_that_is_stopped_changes_nothing_more(house: &House) {
    let (a, b) = (listed(house, "acme", "a").await, listed(house, "acme", "b").await);
    let id = begin_job(house, Selection::default()).await.asked.id;
    let job = take(house, "one").await;
    advance(house, &job, vec![retry(a)]).await.unwrap();
    let stopped =
        house.jobs.end_job(id, None, JobState::Stopped, Some("stopped by olga".into())).await.unwrap().unwrap();
    assert_eq!((stopped.state, stopped.why.as_deref()), (JobState::Stopped, Some("stopped by olga")));
    assert!(advance(house, &job, vec![retry(b)]).await.is_none());
    assert_eq!(house.state(b).await, State::Failed);
    let again = house.jobs.end_job(id, None, JobState::Done, None).await.unwrap().unwrap();
    assert_eq!(again, stopped, "what has ended stays so");
    house.advance(60);
    assert!(house.jobs.take_job("two", LEASE).await.unwrap().is_none());
    assert!(house.jobs.end_job(house.runtime.id(), None, JobState::Done, None).await.unwrap().is_none());
}

pub async fn outcomes_say_what_became_of_it(house: &House) {
    let mut targets = Vec::new();
    for n in 0..5 {
        targets.push(listed(house, "acme", &format!("c{n}")).await);
    }
    let id = begin_job(house, Selection { targets: targets.clone(), ..Selection::default() }).await.asked.id;
    let job = take(house, "one").await;
    advance(house, &job, targets[..4].iter().copied().map(retry).collect()).await.unwrap();
    house.claim(100).await;
    let attempt = begun(&house.apply(targets[0], begin("w")).await).attempt;
    house.apply(targets[0], published(attempt, "out")).await;
    fail_again(house, targets[1]).await;
    house.apply(targets[2], Command::Cancel).await;
    let expected = Outcomes { published: 1, failed_again: 1, given_up: 1, under_way: 1, in_doubt: 0 };
    assert_eq!(house.jobs.outcomes(id, 100).await.unwrap(), expected);
    let newest = Outcomes { given_up: 1, under_way: 1, ..Outcomes::default() };
    assert_eq!(house.jobs.outcomes(id, 2).await.unwrap(), newest);
}

pub async fn jobs_are_listed_newest_first(house: &House) {
    let a = listed(house, "acme", "a").await;
    let b = listed(house, "other", "b").await;
    let mut made = Vec::new();
    for selection in [
        Selection { tenant: Some(tenant("acme")), ..Selection::default() },
        Selection::default(),
        Selection { targets: vec![b], ..Selection::default() },
    ] {
        made.insert(0, begin_job(house, selection).await.asked.id);
    }
    let ids = |filter: JobFilter| async move {
        let page = house.jobs.jobs(&filter).await.unwrap();
        page.items.into_iter().map(|job| job.asked.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(JobFilter::default()).await, made);
    assert_eq!(ids(JobFilter { tenant: Some(tenant("acme")), ..JobFilter::default() }).await, made[2..]);
    assert_eq!(ids(JobFilter { target: Some(a), ..JobFilter::default() }).await, made[1..]);
    let first = house.jobs.jobs(&JobFilter { limit: 2, ..JobFilter::default() }).await.unwrap();
    assert_eq!(first.items.iter().map(|job| job.asked.id).collect::<Vec<_>>(), made[..2]);
    assert_eq!(ids(JobFilter { limit: 2, after: first.next, ..JobFilter::default() }).await, made[2..]);
}

pub async fn a_job_that_ended_long_ago_is_forgotten(house: &House) {
    let (a, b) = (listed(house, "acme", "a").await, listed(house, "acme", "b").await);
    let first = begin_job(house, Selection { targets: vec![a], ..Selection::default() }).await.asked.id;
    let second = begin_job(house, Selection { targets: vec![a], ..Selection::default() }).await.asked.id;
    let running = begin_job(house, Selection { targets: vec![b], ..Selection::default() }).await.asked.id;
    for id in [first, second] {
        house.jobs.end_job(id, None, JobState::Stopped, None).await.unwrap();
        house.advance(60);
    }
    let day = Duration::from_secs(86_400);
    house.advance(86_400 - 61);
    assert_eq!(house.jobs.forget_jobs(day, 10).await.unwrap(), 1, "the one that ended a day ago");
    assert!(house.jobs.job(first).await.unwrap().is_none());
    assert!(house.jobs.job_targets(first, None, None, 10).await.unwrap().is_empty());
    assert_eq!(house.jobs.job_targets(second, None, None, 10).await.unwrap().len(), 1);
    house.advance(86_400);
    assert_eq!(house.jobs.forget_jobs(day, 10).await.unwrap(), 1);
    assert_eq!(house.jobs.forget_jobs(day, 10).await.unwrap(), 0, "what runs is kept, however old it is");
    assert_eq!(house.jobs.job_targets(running, None, None, 10).await.unwrap().len(), 1);
    assert_eq!(house.state(a).await, State::Failed, "its targets stay as they are");
}
