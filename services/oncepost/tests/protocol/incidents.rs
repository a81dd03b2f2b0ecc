//! Incidents of other tools that concern the core, by their ids. Those that are a rule of the domain alone are tested
//! there (`domain::apply::tests`).

use std::time::Duration;

use broker::Transport;
use domain::{Answer, Code, Command, Refusal, Scope, State};
use ledger::{AuditFilter, AuditLog, EntryOutcome, Ledger};

use simulation::{Fault, World};

const HOURS: Duration = Duration::from_secs(24 * 3600);

#[tokio::test(start_paused = true)]
async fn t06_a_revoked_token_fails_once_and_holds_its_siblings() {
    let world = World::new(20);
    let worker = world.worker("w1");
    let scheduler = world.scheduler();
    world.platform.faults([Fault::Revoked]);
    world.post("look-up", "main", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(5)).await;
    for _ in 0..41 {
        world.post("look-up", "main", 0, 1).await;
    }
    world.post("look-up", "other", 0, 1).await;
    world.settle(HOURS).await;
    assert_eq!((world.in_state(State::Failed), world.in_state(State::Held)), (1, 41));
    assert_eq!(world.in_state(State::Published), 1, "another account is not concerned");
    assert_eq!(world.platform.calls().len(), 2);

    let pause = world.ledger.pauses().await.unwrap().remove(0);
    world.ledger.resume(&pause.scope, Duration::from_secs(2)).await.unwrap();
    let resumed_at = world.runtime.now();
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 42);
    let calls = world.platform.calls().split_off(2);
    let last = calls.last().unwrap().duration_since(resumed_at).as_secs();
    assert!((80..100).contains(&last), "they drip out 2 s apart and not in a burst: the last after {last} s");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r01_r02_r03_one_rate_limit_pauses_its_scope_and_costs_no_try() {
    let world = World::new(21);
    let worker = world.worker("w1");
    let scheduler = world.scheduler();
    world.platform.faults([Fault::RateLimit(900)]);
    let first = world.post("look-up", "main", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(5)).await;
    for _ in 0..20 {
        world.post("look-up", "main", 0, 1).await;
    }
    world.post("look-up", "other", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(600)).await;
    assert_eq!(world.platform.calls().len(), 2, "nobody calls for the limited account; the other account goes on");
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 22);
    assert_eq!(world.target(first).await.tries, 1);
    let calls = world.platform.calls();
    assert!(calls[2].duration_since(calls[0]).as_secs() >= 900, "O06: never earlier than told");
    worker.stop().await;
    scheduler.stop().await;
}

/// What waits for another's rate limit goes out right after its end, whether a message or the ledger keeps the wait, and says
/// meanwhile what it waits for.
#[tokio::test(start_paused = true)]
async fn r03_siblings_go_right_after_a_limits_end_and_before_their_deadlines() {
    for (seed, limit) in [(25, 60), (26, 3600), (27, 80_000)] {
        let world = World::new(seed);
        let (worker, scheduler) = (world.worker("w1"), world.scheduler());
        world.platform.faults([Fault::RateLimit(limit)]);
        world.post("look-up", "main", 0, 1).await;
        world.runtime.sleep(Duration::from_secs(5)).await;
        let ends = world.platform.calls()[0] + Duration::from_secs(limit.into());
        for n in 0..6 {
            let target = world.post("look-up", "main", 5, 1).await;
            let (due_at, hash) = (world.target(target).await.due_at, world.target(target).await.hash);
            let deadline = Some(ends + Duration::from_secs(2 + n / 2));
            world.ask(target, Command::Reschedule { due_at, deadline, hash }).await;
        }
        world.runtime.sleep(Duration::from_secs(10)).await;
        let waiting: Vec<_> = world.ledger.targets().into_iter().filter(|target| target.attempt == 0).collect();
        assert_eq!(waiting.len(), 6);
        for target in waiting {
            let failure = target.last_failure.as_ref().unwrap();
            assert_eq!((failure.code, failure.scope), (Code::RATE_LIMITED_ACCOUNT, Scope::Account));
            let off = failure.not_before().unwrap().duration_since(ends).abs();
            assert!(off.as_secs() < 1, "it says when the limit ends, to {off:?}");
        }
        world.settle(HOURS).await;
        world.check();
        assert_eq!(world.in_state(State::Published), 7, "nobody expires of a limit that ends before the deadline");
        for call in &world.platform.calls()[1..] {
            let late = call.duration_since(ends).as_millis();
            assert!((0..4000).contains(&late), "called {late} ms after the end of a limit of {limit} s");
        }
        worker.stop().await;
        scheduler.stop().await;
    }
}

/// What cannot go out in time because of a limit has that as its last failure.
#[tokio::test(start_paused = true)]
async fn r03_what_expires_in_a_limit_says_that_it_waited_for_it() {
    let world = World::new(28);
    let (worker, scheduler) = (world.worker("w1"), world.scheduler());
    world.platform.faults([Fault::ChannelLimit(900)]);
    world.post("look-up", "main", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(5)).await;
    let target = world.post("look-up", "other", 5, 1).await;
    let (due_at, hash) = (world.target(target).await.due_at, world.target(target).await.hash);
    let deadline = Some(due_at + Duration::from_secs(300));
    world.ask(target, Command::Reschedule { due_at, deadline, hash }).await;
    world.settle(HOURS).await;
    world.check();
    let target = world.target(target).await;
    let failure = target.last_failure.unwrap();
    assert_eq!(
        (target.state, failure.code, failure.scope),
        (State::Expired, Code::RATE_LIMITED_CHANNEL, Scope::Channel)
    );
    assert!(failure.not_before() >= deadline, "{failure:?}");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn c01_a_cancelled_post_is_not_published_even_when_its_message_is_on_its_way() {
    let world = World::new(22);
    let scheduler = world.scheduler();
    let target = world.post("nothing", "main", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(2)).await;
    assert_eq!(world.target(target).await.state, State::Queued);
    assert_eq!(world.ask(target, Command::Cancel).await, Answer::Done);
    let worker = world.worker("w1");
    world.runtime.sleep(Duration::from_secs(600)).await;
    assert!(world.platform.calls().is_empty());
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn c01_cancel_and_publish_race_and_one_of_them_wins_cleanly() {
    let world = World::new(23);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.platform.faults((0..100).map(|_| Fault::Slow(1)));
    let mut cancelled = 0;
    for n in 0..100_u64 {
        let target = world.post("look-up", "main", 0, 1).await;
        world.runtime.sleep(Duration::from_millis(n % 10)).await;
        match world.ask(target, Command::Cancel).await {
            Answer::Done => cancelled += 1,
            Answer::Refused(Refusal::BeingPublished | Refusal::AlreadyPublished) => {}
            other => panic!("{other:?}"),
        }
    }
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Cancelled), cancelled);
    assert_eq!(world.platform.posts().len(), 100 - cancelled, "a cancelled one is never out, every other one is");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn d06_a_publish_that_runs_long_is_not_given_to_a_second_worker() {
    let world = World::new(24);
    let scheduler = world.scheduler();
    let workers = [world.worker("w1"), world.worker("w2")];
    world.platform.faults([Fault::Slow(110)]);
    world.post("nothing", "main", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(20)).await;
    // Its message comes again to the other worker, and is emitted again as well.
    world.broker.restart();
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.platform.calls().len(), 1);
    assert_eq!(world.in_state(State::Published), 1);
    for process in workers {
        process.stop().await;
    }
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn m05_a_call_that_hangs_ends_at_the_attempt_limit_in_doubt() {
    let world = World::new(25);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.platform.faults([Fault::Slow(3600)]);
    let target = world.post("nothing", "main", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(125)).await;
    let target = world.target(target).await;
    assert_eq!(target.state, State::InDoubt);
    assert_eq!(target.last_failure.unwrap().code, domain::Code::NO_ANSWER);
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn o10_success_without_an_id_is_looked_for_and_proved() {
    let world = World::new(26);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.platform.faults([Fault::NoId]);
    let target = world.post("look-up", "main", 0, 1).await;
    world.settle(HOURS).await;
    world.check();
    let target = world.target(target).await;
    assert_eq!((target.state, target.out[0].receipt.id.as_str()), (State::Published, "p1"));
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn m01_m10_with_the_broker_away_due_work_stays_due_and_goes_out_when_it_is_back() {
    let world = World::new(27);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.runtime.sleep(Duration::from_secs(1)).await;
    world.broker.cut(true);
    let target = world.post("look-up", "main", 0, 1).await;
    world.runtime.sleep(Duration::from_secs(120)).await;
    let seen = world.target(target).await;
    assert!(seen.state.is_waiting() && seen.wake_at.is_some(), "{seen:?}");
    world.broker.cut(false);
    world.settle(Duration::from_secs(300)).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 1);
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn o11_after_an_outage_late_posts_drip_out() {
    let world = World::new(28);
    let worker = world.worker("w1");
    for _ in 0..30 {
        world.post("look-up", "main", 0, 1).await;
    }
    world.runtime.sleep(Duration::from_secs(4 * 3600)).await;
    let scheduler = world.scheduler();
    world.settle(HOURS).await;
    world.check();
    let calls = world.platform.calls();
    let gaps: Vec<_> = calls.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_millis()).collect();
    assert!(gaps.iter().all(|gap| *gap >= 1_000), "D12: never in a burst: {gaps:?}");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_moved_back_by_hand_is_a_retry_and_never_a_duplicate() {
    let world = World::new(29);
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.platform.faults([Fault::Refuse, Fault::LoseAnswer]);
    let refused = world.post("nothing", "main", 0, 1).await;
    world.settle(HOURS).await;
    let doubted = world.post("nothing", "main", 0, 1).await;
    world.settle(HOURS).await;
    assert_eq!((world.target(refused).await.state, world.target(doubted).await.state), (State::Failed, State::InDoubt));

    let dead = broker::Source::Dead { channel: "nothing".into() };
    let mut letters = world.broker.consume(dead.clone(), 10).await.unwrap();
    for _ in 0..2 {
        let letter = letters.next().await.unwrap();
        let to = broker::Destination::Publish { channel: "nothing".into() };
        world.broker.publish(broker::Outgoing { to, message: letter.message.clone() }).await.unwrap();
        letter.ack().await.unwrap();
    }
    drop(letters);
    world.runtime.sleep(Duration::from_secs(60)).await;
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.target(refused).await.state, State::Published, "what surely was not out is tried again");
    assert_eq!(world.target(doubted).await.state, State::InDoubt, "what may be out is not");
    assert_eq!(world.broker.depth(dead).await.unwrap().ready, 1, "its letter is back");
    // Nobody but the ledger knows that somebody asked.
    let log = world.ledger.entries(&AuditFilter::default()).await.unwrap().items;
    let mut told: Vec<_> = log.iter().map(|entry| (entry.asked.subject.as_str(), entry.outcome)).collect();
    told.reverse();
    let [first, second] = [refused, doubted].map(|id| format!("target:{id}"));
    assert_eq!(told, [(first.as_str(), EntryOutcome::Done), (second.as_str(), EntryOutcome::Refused)]);
    assert!(log.iter().all(|entry| entry.asked.who == ledger::BROKER && entry.asked.before.is_some()), "{log:?}");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn w02_upstream_is_told_of_every_end_exactly_what_happened() {
    let world = World::new(30);
    let queue = "upstream".to_owned();
    let listener = broker::Source::Events { queue, topic: "target.#".into() };
    let mut events = world.broker.consume(listener, 100).await.unwrap();
    let scheduler = world.scheduler();
    let worker = world.worker("w1");
    world.platform.faults([Fault::Refuse]);
    world.post("look-up", "main", 0, 1).await;
    world.settle(HOURS).await;
    world.post("look-up", "main", 0, 1).await;
    world.settle(HOURS).await;
    let mut told = Vec::new();
    for _ in 0..2 {
        let event = events.next().await.unwrap();
        told.push(serde_json::from_slice::<contract::EventMessage>(&event.message.body).unwrap());
        event.ack().await.unwrap();
    }
    assert_eq!(
        told.iter().map(contract::EventMessage::topic).collect::<Vec<_>>(),
        ["target.failed", "target.published"]
    );
    assert_eq!(told[0].diagnosis.as_ref().unwrap().code, domain::Code::CONTENT_REFUSED);
    world.runtime.sleep(Duration::from_secs(120)).await;
    assert!(world.ledger.untold(Duration::ZERO, 10).await.unwrap().is_empty(), "what was told is not told again");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn r03_accounts_of_one_app_share_its_rate_and_it_costs_no_try() {
    let world = World::new(31);
    let worker = world.worker("w1");
    let scheduler = world.scheduler();
    for n in 0..10 {
        world.post("look-up", if n % 2 == 0 { "first-of-app" } else { "second-of-app" }, 0, 1).await;
    }
    world.post("look-up", "main", 0, 1).await;
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 11);
    assert!(world.ledger.targets().iter().all(|target| target.tries == 1));
    let calls = world.platform.calls();
    let (first, last) = (calls[0], calls[calls.len() - 1]);
    assert!(last.duration_since(first).as_secs() >= 90, "ten of one app take nine gaps of 10 s");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p7_what_is_not_what_was_approved_is_refused_and_never_sent() {
    let world = World::new(33);
    let worker = world.worker("w1");
    let scheduler = world.scheduler();
    let target = world.post("look-up", "main", 60, 1).await;
    // Somebody changes the content past the API: the approval is for another hash.
    let changes = domain::Override { text: Some("something else".into()), ..Default::default() };
    let hash = world.target(target).await.hash;
    world.ask(target, Command::Edit { changes, hash }).await;
    world.settle(HOURS).await;
    let seen = world.target(target).await;
    assert_eq!((seen.state, seen.last_failure.unwrap().code), (State::Failed, domain::Code::NOT_AS_APPROVED));
    assert!(world.platform.calls().is_empty());
    worker.stop().await;
    scheduler.stop().await;
}

/// A batch that takes longer than every tick, and than the time after which what was handed over is handed over again.
#[tokio::test(start_paused = true)]
async fn d08_a_batch_that_outlasts_its_tick_is_not_worked_on_twice() {
    let world = World::new(32);
    let worker = world.worker("w1");
    let schedulers = [world.scheduler(), world.scheduler()];
    world.platform.faults((0..1200).map(|_| Fault::Slow(25)));
    for n in 0..1200 {
        world.post("nothing", if n % 2 == 0 { "main" } else { "other" }, 0, 1).await;
    }
    let began_at = world.runtime.now();
    world.settle(HOURS).await;
    world.check();
    let took = world.runtime.now().duration_since(began_at).as_secs();
    assert!(took > 120, "the batch must outlast the tick: {took} s");
    assert_eq!(
        (world.in_state(State::Published), world.platform.calls().len()),
        (1200, 1200),
        "each was called for once"
    );
    worker.stop().await;
    for scheduler in schedulers {
        scheduler.stop().await;
    }
}

/// Whoever is alarmed must see at once which of many accounts it is, and what of the post is out.
#[tokio::test(start_paused = true)]
async fn e08_an_alarm_names_the_account_the_target_and_where_the_post_is() {
    let world = World::new(33);
    let queue = broker::Source::Events { queue: "upstream".into(), topic: "target.failed".into() };
    let mut events = world.broker.consume(queue, 10).await.unwrap();
    let mut dead = world.broker.consume(broker::Source::Dead { channel: "look-up".into() }, 10).await.unwrap();
    let (scheduler, worker) = (world.scheduler(), world.worker("w1"));
    world.platform.faults([Fault::Slow(0), Fault::Refuse]);
    let target = world.post("look-up", "other", 0, 3).await;
    world.settle(HOURS).await;
    let seen = world.target(target).await;
    assert_eq!((seen.state, seen.out.len()), (State::Failed, 1));
    let letter = dead.next().await.unwrap();
    let told: contract::Dead = serde_json::from_slice(&letter.message.body).unwrap();
    let names = |tenant: &domain::TenantId, channel: &domain::ChannelName, account: &domain::AccountId| {
        format!("{tenant}/{channel}/{account}")
    };
    let publish = &told.publish;
    assert_eq!(names(&publish.tenant, &publish.channel, &publish.account), "acme/look-up/other");
    assert_eq!((publish.target, publish.post, &told.out), (target, seen.post, &seen.out), "the first part's address");
    let event = events.next().await.unwrap();
    let alarm: serde_json::Value = serde_json::from_slice(&event.message.body).unwrap();
    for (field, value) in [("tenant", "acme"), ("channel", "look-up"), ("account", "other")] {
        assert_eq!(alarm[field], value, "{alarm}");
    }
    assert_eq!(alarm["target"], target.to_string(), "{alarm}");
    assert!(alarm["diagnosis"]["remedy"].is_string(), "{alarm}");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn d02_an_account_that_is_gone_while_the_platform_decides_is_no_verdict() {
    let world = World::new(34);
    let scheduler = world.scheduler();
    let first = world.worker("w1");
    let target = world.post("deciding", "main", 0, 1).await;
    while world.target(target).await.state != State::Processing {
        world.runtime.sleep(Duration::from_millis(100)).await;
    }
    first.stop().await;
    let without = world.worker_without_accounts("w2");
    world.runtime.sleep(Duration::from_secs(3600)).await;
    let polled = world.target(target).await;
    assert_eq!((polled.state, polled.listed), (State::Processing, None), "nobody was asked for a verdict");
    assert!(polled.armed.is_some() && polled.attempt > 1, "attempt {}", polled.attempt);
    assert_eq!(world.ledger.pauses().await.unwrap(), [], "one worker's settings hold nobody back");
    without.stop().await;
    let back = world.worker("w3");
    world.settle(HOURS).await;
    world.check();
    assert_eq!((world.in_state(State::Published), world.platform.calls().len()), (1, 1));
    back.stop().await;
    scheduler.stop().await;
}
