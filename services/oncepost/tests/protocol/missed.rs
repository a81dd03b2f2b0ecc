//! Incidents of missed, stuck and silent posts, and of the machinery, by their ids.

use std::time::Duration;

use broker::{Source, Transport};
use domain::{Answer, Command, EventName, ListReason, PauseScope, Refusal, State};
use ledger::Ledger;

use simulation::{Fault, KINDS, World};

const HOURS: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(start_paused = true)]
async fn m03_due_work_of_every_channel_goes_out_and_one_that_is_stuck_hinders_no_other() {
    let world = World::new(40);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.platform.faults([Fault::Slow(100)]);
    for kind in KINDS {
        world.post(kind, "main", 0, 1).await;
        world.runtime.sleep(Duration::from_millis(100)).await;
    }
    world.runtime.sleep(Duration::from_secs(5)).await;
    assert_eq!(world.in_state(State::Published), 3, "three channels do not wait for the fourth");
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 4);
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn m04_a_run_that_ends_with_no_outcome_is_not_a_success() {
    let world = World::new(41);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.platform.faults([Fault::NoId]);
    let target = world.post("nothing", "main", 0, 1).await;
    world.settle(HOURS).await;
    let target = world.target(target).await;
    assert_eq!((target.state, target.listed.unwrap().reason), (State::InDoubt, ListReason::Undecidable));
    worker.stop().await;
    scheduler.stop().await;
}

/// The platform could not be asked until all looks were used up. Whoever has it asked once more has what is out recorded, and nothing sent.
#[tokio::test(start_paused = true)]
async fn m04_a_look_that_a_person_asks_for_ends_a_doubt_that_the_machine_gave_up() {
    let world = World::new(43);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.platform.faults([Fault::LoseAnswer]);
    let id = world.post("look-up", "main", 0, 1).await;
    while world.in_state(State::InDoubt) == 0 {
        world.runtime.sleep(Duration::from_millis(10)).await;
    }
    world.platform.set_unreachable(true);
    world.settle(HOURS).await;
    world.platform.set_unreachable(false);
    let given_up = world.target(id).await;
    assert_eq!((given_up.state, given_up.listed.unwrap().reason), (State::InDoubt, ListReason::Undecidable));
    assert_eq!(world.ask(id, Command::LookAgain).await, Answer::Done);
    world.settle(HOURS).await;
    assert_eq!(world.in_state(State::Published), 1);
    world.check();
    worker.stop().await;
    scheduler.stop().await;
}

/// M11, M19: whatever goes wrong, in whatever order, every due target reaches an end or a person, and is counted there.
#[tokio::test(start_paused = true)]
async fn m11_m19_whatever_goes_wrong_every_due_target_reaches_an_end_or_a_person() {
    let faults = [
        Fault::LoseAnswer,
        Fault::LoseRequest,
        Fault::Unreachable,
        Fault::Refuse,
        Fault::RateLimit(30),
        Fault::NoId,
        Fault::Slow(10),
        Fault::Slow(200),
    ];
    for seed in 0..20 {
        let world = World::new(1_000 + seed);
        let pick = |n: usize| (world.runtime.chance() * n as f64) as usize;
        let mut scheduler = world.scheduler();
        let mut worker = world.worker("w1");
        for n in 0..60 {
            world.platform.faults((0..pick(3)).map(|_| faults[pick(faults.len())]));
            let account = ["main", "other", "loose"][pick(3)];
            // An account that asks for at-least-once may be served twice; its platform must be able to tell.
            let kind = if account == "loose" { KINDS[pick(3)] } else { KINDS[pick(4)] };
            world.post(kind, account, pick(30) as i64, 1 + pick(3)).await;
            match n % 15 {
                3 => world.broker.restart(),
                6 => world.broker.wipe(),
                9 => {
                    worker.kill();
                    worker = world.worker("again");
                }
                12 => {
                    scheduler.kill();
                    scheduler = world.scheduler();
                }
                _ => {}
            }
            world.runtime.sleep(Duration::from_millis(pick(4_000) as u64)).await;
        }
        world.settle(HOURS * 4).await;
        world.check();
        let census = world.ledger.census(Duration::from_secs(300)).await.unwrap();
        assert_eq!((census.overdue, census.violations.len()), (0, 0), "seed {seed}");
        assert_eq!(census.counts.iter().map(|count| count.count).sum::<u64>(), 60, "seed {seed}");
        worker.stop().await;
        scheduler.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn m09_m19_due_work_that_nobody_picks_up_is_counted_as_overdue() {
    let world = World::new(42);
    for _ in 0..7 {
        world.post("look-up", "main", 0, 1).await;
    }
    world.runtime.sleep(Duration::from_secs(301)).await;
    let census = world.ledger.census(Duration::from_secs(300)).await.unwrap();
    assert_eq!(census.overdue, 7);
    assert!(census.oldest_due.is_some());
}

#[tokio::test(start_paused = true)]
async fn m14_what_comes_too_late_expires_where_everybody_sees_it() {
    let world = World::new(43);
    let target = world.post("look-up", "main", 0, 1).await;
    let now = world.runtime.now();
    let hash = world.target(target).await.hash;
    let deadline = Some(now + Duration::from_secs(600));
    world.ask(target, Command::Reschedule { due_at: now, deadline, hash }).await;
    world.runtime.sleep(Duration::from_secs(900)).await;
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    let listener = Source::Events { queue: "upstream".into(), topic: "target.expired".into() };
    let mut events = world.broker.consume(listener, 10).await.unwrap();
    world.settle(HOURS).await;
    assert_eq!(world.target(target).await.state, State::Expired);
    let event = events.next().await.unwrap();
    let told: contract::EventMessage = serde_json::from_slice(&event.message.body).unwrap();
    assert_eq!((told.event.name, told.event.target), (EventName::Expired, Some(target)));
    assert!(world.platform.calls().is_empty());
    drop(events);
    worker.stop().await;
    scheduler.stop().await;
}

/// A scheduler was there all along: whoever asks when all is well again is told what kept it.
#[tokio::test(start_paused = true)]
async fn m14_what_expires_while_the_broker_is_away_says_so() {
    let world = World::new(44);
    let (scheduler, worker) = (world.scheduler(), world.worker("w1"));
    let target = world.post("look-up", "main", 60, 1).await;
    world.runtime.sleep(Duration::from_secs(10)).await;
    let due_at = world.runtime.now() + Duration::from_secs(10);
    let hash = world.target(target).await.hash;
    let deadline = Some(due_at + Duration::from_secs(40));
    world.ask(target, Command::Reschedule { due_at, deadline, hash }).await;
    world.broker.cut(true);
    world.runtime.sleep(Duration::from_secs(60)).await;
    world.broker.cut(false);
    world.settle(HOURS).await;
    let expired = world.target(target).await;
    assert_eq!(expired.state, State::Expired);
    let why = expired.last_failure.unwrap().said.text;
    assert!(why.starts_with("no scheduler handed it over in time; the broker did not answer from "), "{why}");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn t09_a_limit_of_the_app_is_one_incident_and_holds_everything_through_it() {
    let world = World::new(44);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.platform.faults([Fault::AppCap]);
    world.post("look-up", "first-of-app", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(30)).await;
    for _ in 0..5 {
        world.post("look-up", "second-of-app", 0, 1).await;
    }
    world.post("look-up", "main", 0, 1).await;
    world.settle(HOURS).await;
    assert_eq!(
        (world.in_state(State::Failed), world.in_state(State::Held), world.in_state(State::Published)),
        (1, 5, 1)
    );
    let pauses = world.ledger.pauses().await.unwrap();
    assert!(matches!(&pauses[..], [pause] if matches!(pause.scope, PauseScope::App { .. })), "{pauses:?}");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn c05_what_was_cancelled_does_not_come_back_with_an_edit() {
    let world = World::new(45);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    let target = world.post("look-up", "main", 60, 1).await;
    assert_eq!(world.ask(target, Command::Cancel).await, Answer::Done);
    let hash = world.target(target).await.hash;
    let edit = Command::Edit { changes: Default::default(), hash };
    let again = Command::Reschedule { due_at: world.runtime.now(), deadline: None, hash };
    for command in [edit, again, Command::Retry] {
        assert_eq!(world.ask(target, command).await, Answer::Refused(Refusal::Cancelled));
    }
    world.runtime.sleep(HOURS).await;
    assert!(world.platform.calls().is_empty());
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn w01_every_event_names_the_very_post_target_and_account() {
    let world = World::new(46);
    let listener = Source::Events { queue: "upstream".into(), topic: "target.published".into() };
    let mut events = world.broker.consume(listener, 10).await.unwrap();
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    for account in ["main", "other"] {
        let target = world.post("look-up", account, 0, 1).await;
        let event = events.next().await.unwrap();
        let told: contract::EventMessage = serde_json::from_slice(&event.message.body).unwrap();
        event.ack().await.unwrap();
        let kept = world.target(target).await;
        assert_eq!((told.event.target, told.event.post), (Some(target), kept.post));
        assert_eq!(told.event.account.unwrap().as_str(), account);
        assert_eq!(told.event.out, kept.out, "with the platform's own id");
    }
    drop(events);
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn w03_nothing_is_locked_while_a_platform_is_being_called() {
    let world = World::new(47);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.platform.faults([Fault::Slow(100)]);
    let slow = world.post("look-up", "main", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(2)).await;
    let asked_at = world.runtime.now();
    assert_eq!(world.ask(slow, Command::Cancel).await, Answer::Refused(Refusal::BeingPublished));
    assert_eq!(world.runtime.now(), asked_at, "the answer does not wait for the platform");
    world.post("look-up", "main", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(2)).await;
    assert_eq!(world.in_state(State::Published), 1);
    world.settle(HOURS).await;
    world.check();
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn q05_nothing_that_is_not_due_is_with_the_broker_or_a_worker() {
    let world = World::new(48);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    for seconds in [3600, 7200, 86_400] {
        world.post("look-up", "main", seconds, 1).await;
    }
    world.runtime.sleep(Duration::from_secs(3000)).await;
    assert_eq!(world.in_state(State::Scheduled), 3);
    let depth = world.broker.depth(Source::Publish { channel: "look-up".into() }).await.unwrap();
    assert_eq!(depth.ready, 0);
    world.settle(HOURS * 2).await;
    world.check();
    let late = world
        .platform
        .posts()
        .iter()
        .zip([3600, 7200, 86_400])
        .all(|(post, due)| post.at.duration_since("2026-03-01T12:00:00Z".parse().unwrap()).as_secs() == due);
    assert!(late, "each went out in its very second");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn o01_a_later_call_that_is_refused_never_repeats_the_earlier_ones() {
    let world = World::new(49);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    let target = world.post("nothing", "main", 1, 3).await;
    world.platform.faults([Fault::Slow(0), Fault::Refuse]);
    world.settle(HOURS).await;
    let seen = world.target(target).await;
    assert_eq!((seen.state, seen.out.len()), (State::Failed, 1));
    assert_eq!(world.ask(target, Command::Retry).await, Answer::Done);
    world.settle(HOURS).await;
    world.check();
    let texts: Vec<_> = world.platform.posts().into_iter().map(|post| post.text).collect();
    assert_eq!(texts, ["post 0", "post 0 part 1", "post 0 part 2"]);
    worker.stop().await;
    scheduler.stop().await;
}

/// A part of a thread that was accepted without an id may be out: it is looked for, never sent again on a hunch.
#[tokio::test(start_paused = true)]
async fn m15_o10_a_thread_part_without_proof_is_in_doubt_like_any_other() {
    for (kind, end) in [("look-up", State::Published), ("handle", State::Published), ("nothing", State::InDoubt)] {
        let world = World::new(50);
        let scheduler = world.scheduler();
        let worker = world.worker("w1");
        world.platform.faults([Fault::NoId]);
        let target = world.post(kind, "main", 0, 3).await;
        world.settle(HOURS).await;
        world.check();
        assert_eq!(world.target(target).await.state, end, "{kind}");
        worker.stop().await;
        scheduler.stop().await;
    }
}
