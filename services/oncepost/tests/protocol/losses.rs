//! Either store may be lost, messages may double, the network may go: no duplicate, no miss, and nobody is needed where
//! the platform lets us look.

use std::time::Duration;

use domain::State;
use guard::Guard;
use ledger::{GapAsk, Ledger, Restores};

use simulation::{Fault, KINDS, World};

const HOURS: Duration = Duration::from_secs(24 * 3600);
const SETTLED_BY_MACHINE: [&str; 3] = ["key", "handle", "look-up"];

async fn many(world: &World, kinds: &[&'static str], each: i64, spread: i64) {
    for n in 0..each {
        for kind in kinds {
            world.post(kind, if n % 2 == 0 { "main" } else { "other" }, n % spread, 1).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p3_redis_is_wiped_and_goes_away_in_mid_run() {
    let world = World::new(10);
    let processes = [world.worker("w1"), world.worker("w2")];
    let scheduler = world.scheduler();
    many(&world, &KINDS, 100, 20).await;
    for n in 0..10 {
        world.runtime.sleep(Duration::from_secs(2)).await;
        world.guard.set_away(false);
        world.guard.wipe().await.unwrap();
        world.guard.set_away(n % 2 == 1);
    }
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 400);
    for process in processes {
        process.stop().await;
    }
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn m20_p3_every_queue_is_emptied_in_mid_run() {
    let world = World::new(11);
    let workers = [world.worker("w1"), world.worker("w2")];
    let scheduler = world.scheduler();
    world.platform.faults((0..60).map(|_| Fault::Unreachable));
    many(&world, &KINDS, 100, 20).await;
    for _ in 0..20 {
        world.runtime.sleep(Duration::from_secs(1)).await;
        world.broker.wipe();
    }
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 400);
    for process in workers {
        process.stop().await;
    }
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn d11_d03_messages_double_confirms_are_lost_and_the_broker_restarts() {
    let world = World::new(12);
    let workers = [world.worker("w1"), world.worker("w2"), world.worker("w3")];
    let schedulers = [world.scheduler(), world.scheduler()];
    many(&world, &KINDS, 100, 20).await;
    for _ in 0..10 {
        world.broker.deliver_twice(20);
        world.broker.lose_confirms(5);
        world.runtime.sleep(Duration::from_secs(2)).await;
        world.broker.restart();
    }
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 400);
    for process in workers.into_iter().chain(schedulers) {
        process.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn o03_sixty_seconds_without_network_need_nobody() {
    let world = World::new(13);
    let worker = world.worker("w1");
    let scheduler = world.scheduler();
    world.platform.set_unreachable(true);
    many(&world, &KINDS, 50, 30).await;
    world.runtime.sleep(Duration::from_secs(60)).await;
    world.platform.set_unreachable(false);
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 200, "nothing was sent, so nobody is needed, not even for `nothing`");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn q06_p6_two_percent_of_answers_are_lost_after_publishing() {
    let world = World::new(14);
    let worker = world.worker("w1");
    let scheduler = world.scheduler();
    world.platform.lose_answers(0.02);
    world.platform.set_lag(Duration::from_secs(60));
    many(&world, &SETTLED_BY_MACHINE, 500, 60).await;
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 1500);
    assert_eq!(world.platform.posts().len(), 1500);
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn with_nothing_to_look_at_a_lost_answer_needs_a_person_and_is_never_sent_again() {
    let world = World::new(15);
    let worker = world.worker("w1");
    let scheduler = world.scheduler();
    world.platform.faults([Fault::LoseAnswer, Fault::LoseRequest]);
    many(&world, &["nothing"], 2, 1).await;
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::InDoubt), 2);
    assert_eq!(world.platform.calls().len(), 2);
    let census = ledger::Ledger::census(&*world.ledger, Duration::from_secs(300)).await.unwrap();
    assert_eq!((census.listed, census.violations.len()), (2, 0));
    let depth =
        broker::Transport::depth(&world.broker, broker::Source::Dead { channel: "nothing".into() }).await.unwrap();
    assert_eq!(depth.ready, 2, "each has a dead letter");
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_account_that_offers_less_than_its_channel_is_never_sent_to_again_by_itself() {
    let world = World::new(15);
    let worker = world.worker("w1");
    let scheduler = world.scheduler();
    world.platform.faults([Fault::LoseAnswer, Fault::LoseAnswer]);
    let weak = world.post("key", "weak", 0, 1).await;
    let strong = world.post("key", "main", 0, 1).await;
    world.settle(HOURS).await;
    world.check();
    let weak = world.target(weak).await;
    assert_eq!((weak.state, weak.attempt), (State::InDoubt, 1));
    assert!(weak.listed.is_some());
    assert_eq!(
        world.target(strong).await.state,
        State::Published,
        "the channel's own repeat safety holds for the others"
    );
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_armed_early_for_an_account_that_offers_less_than_its_channel() {
    let world = World::new(15);
    let scheduler = world.scheduler();
    let doomed = world.doomed_worker(runtime::Step::Claimed);
    let target = world.post("key", "weak", 0, 1).await;
    doomed.death().await;
    doomed.kill();
    let successor = world.worker("successor");
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.target(target).await.state, State::Published, "nothing had been sent, so nobody is needed");
    successor.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_lost_on_the_way_is_found_absent_and_sent_again() {
    for kind in SETTLED_BY_MACHINE {
        let world = World::new(16);
        let worker = world.worker("w1");
        let scheduler = world.scheduler();
        world.platform.faults([Fault::LoseRequest]);
        let target = world.post(kind, "main", 0, 1).await;
        world.settle(HOURS).await;
        world.check();
        assert_eq!(world.target(target).await.state, State::Published, "{kind}");
        assert_eq!(world.platform.posts().len(), 1, "{kind}");
        worker.stop().await;
        scheduler.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn q03_twenty_thousand_due_in_the_same_second_all_go_out() {
    let world = World::new(17);
    let workers = [world.worker("w1"), world.worker("w2")];
    let scheduler = world.scheduler();
    many(&world, &KINDS, 5_000, 1).await;
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 20_000);
    assert_eq!(world.platform.posts().len(), 20_000);
    for process in workers {
        process.stop().await;
    }
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn schedulers_die_while_handing_over() {
    let world = World::new(18);
    let worker = world.worker("w1");
    many(&world, &KINDS, 100, 20).await;
    for _ in 0..10 {
        let scheduler = world.scheduler();
        world.runtime.sleep(Duration::from_millis(1_500)).await;
        scheduler.kill();
    }
    let scheduler = world.scheduler();
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 400);
    worker.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_what_is_in_flight_and_loses_nothing() {
    let world = World::new(19);
    let scheduler = world.scheduler();
    let first = world.worker("w1");
    world.platform.faults((0..20).map(|_| Fault::Slow(20)));
    many(&world, &["nothing"], 20, 1).await;
    world.runtime.sleep(Duration::from_secs(5)).await;
    first.stop().await;
    assert_eq!(world.in_state(State::Publishing), 0, "what was in flight was finished");
    let second = world.worker("w2");
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 20);
    second.stop().await;
    scheduler.stop().await;
}

#[tokio::test(start_paused = true)]
async fn p3_with_the_ledger_away_publishing_stops_and_nothing_is_lost() {
    let world = World::new(32);
    let workers = [world.worker("w1"), world.worker("w2")];
    let scheduler = world.scheduler();
    many(&world, &KINDS, 100, 30).await;
    world.platform.faults((0..10).map(|_| Fault::Slow(2)));
    for _ in 0..5 {
        world.runtime.sleep(Duration::from_secs(3)).await;
        world.ledger.set_away(true);
        // What was granted before may still arrive; nothing new is begun.
        world.runtime.sleep(Duration::from_secs(5)).await;
        let calls = world.platform.calls().len();
        world.runtime.sleep(Duration::from_secs(60)).await;
        assert_eq!(world.platform.calls().len(), calls, "without the ledger nothing is sent");
        world.ledger.set_away(false);
    }
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.in_state(State::Published), 400);
    for process in workers {
        process.stop().await;
    }
    scheduler.stop().await;
}

/// The ledger is put back by two minutes in the midst of work, with posts and threads under way, and it is said.
#[tokio::test(start_paused = true)]
async fn a_ledger_that_was_put_back_in_mid_run_sends_nothing_twice_and_misses_nothing() {
    let world = World::new(33);
    let workers = [world.worker("w1"), world.worker("w2")];
    let scheduler = world.scheduler();
    many(&world, &KINDS, 60, 240).await;
    for kind in SETTLED_BY_MACHINE {
        for n in 0..10 {
            world.post(kind, "main", n * 20, 3).await;
        }
    }
    world.runtime.sleep(Duration::from_secs(60)).await;
    let (kept, since) = (world.ledger.snapshot(), world.runtime.now());
    world.runtime.sleep(Duration::from_secs(120)).await;
    let before = world.platform.posts().len();
    // Whoever is at work goes on with what was granted; nothing new is.
    world.platform.faults((0..6).map(|_| Fault::Slow(3)));
    world.ledger.restore(&kept);
    world.runtime.sleep(Duration::from_secs(10)).await;
    let calls = world.platform.calls().len();
    world.runtime.sleep(Duration::from_secs(60)).await;
    assert_eq!(world.platform.calls().len(), calls, "a ledger that lost its history sends nothing");
    assert!(before > 100 && calls < 330, "it was put back in mid-run: {before} posts, {calls} calls");

    let lease = world.ledger.policy().lease;
    let ask = GapAsk::new(since, world.runtime.now(), lease, lease, Duration::ZERO);
    world.ledger.begin_gap(&ask).await.unwrap();
    assert_eq!(world.ledger.mark_gap(&ask, None).await.unwrap().next, None);
    world.ledger.vouch().await.unwrap();
    world.settle(HOURS).await;
    world.check();
    for target in world.ledger.targets() {
        let by_machine = SETTLED_BY_MACHINE.contains(&target.channel.as_str());
        let state = target.state;
        assert!(state == State::Published || (state == State::InDoubt && !by_machine), "{target:#?}");
    }
    for process in workers {
        process.stop().await;
    }
    scheduler.stop().await;
}
