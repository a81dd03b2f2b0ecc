//! A worker dies at each named step, for each kind of repeat safety. The platform counts exactly one post; with
//! `Nothing` at most one, and then the target is on the operators' list.

use std::time::Duration;

use domain::{ListReason, State};
use runtime::Step;

use simulation::{KINDS, World};

const HOURS: Duration = Duration::from_secs(12 * 3600);

async fn die_at(step: Step, kind: &'static str, redis_too: bool) {
    let world = World::new(1);
    let scheduler = world.scheduler();
    let doomed = world.doomed_worker(step);
    let target = world.post(kind, "main", 5, 1).await;
    let died = world.runtime.within(Duration::from_secs(60), doomed.death()).await;
    // Only channels with a handle of their own store one.
    if step == Step::HandleStored && kind != "handle" {
        assert!(died.is_none());
        doomed.stop().await;
        world.settle(HOURS).await;
        return world.check();
    }
    assert!(died.is_some(), "{kind}: the worker dies at {}", step.name());
    doomed.kill();
    if redis_too {
        use guard::Guard;
        world.guard.wipe().await.unwrap();
    }
    let successor = world.worker("successor");
    world.settle(HOURS).await;
    world.check();
    let out = world.platform.posts().len();
    let target = world.target(target).await;
    match target.state {
        State::Published => assert_eq!(out, 1, "{kind} at {}", step.name()),
        State::InDoubt => {
            assert_eq!(kind, "nothing", "only with nothing to look at a person is needed, not at {}", step.name());
            assert_eq!(target.listed.unwrap().reason, ListReason::Undecidable);
            assert!(out <= 1);
        }
        other => panic!("{kind} at {}: {other}", step.name()),
    }
    successor.stop().await;
    scheduler.stop().await;
}

async fn die_everywhere(kind: &'static str) {
    for step in Step::ALL {
        die_at(step, kind, false).await;
        die_at(step, kind, true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_platform_key() {
    die_everywhere(KINDS[0]).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_handle() {
    die_everywhere(KINDS[1]).await;
}

#[tokio::test(start_paused = true)]
async fn with_a_look_up() {
    die_everywhere(KINDS[2]).await;
}

#[tokio::test(start_paused = true)]
async fn with_nothing() {
    die_everywhere(KINDS[3]).await;
}

/// Dying before anything was sent needs nobody, not even where the platform offers nothing.
#[tokio::test(start_paused = true)]
async fn m08_a_worker_that_dies_before_arming_needs_nobody() {
    let world = World::new(2);
    let scheduler = world.scheduler();
    let doomed = world.doomed_worker(Step::Claimed);
    let target = world.post("nothing", "main", 0, 1).await;
    doomed.death().await;
    doomed.kill();
    let successor = world.worker("successor");
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.target(target).await.state, State::Published);
    successor.stop().await;
    scheduler.stop().await;
}

/// The outcome hint settles what the platform cannot.
#[tokio::test(start_paused = true)]
async fn a_hint_settles_what_the_platform_cannot() {
    let world = World::new(3);
    let scheduler = world.scheduler();
    let doomed = world.doomed_worker(Step::HintWritten);
    let target = world.post("nothing", "main", 0, 1).await;
    doomed.death().await;
    doomed.kill();
    let successor = world.worker("successor");
    world.settle(HOURS).await;
    world.check();
    assert_eq!(world.target(target).await.state, State::Published);
    assert_eq!(world.platform.posts().len(), 1);
    successor.stop().await;
    scheduler.stop().await;
}

/// D15: a thread resumes at the first part that is not out, whatever the step at which its worker died.
#[tokio::test(start_paused = true)]
async fn d15_a_thread_resumes_where_it_stopped() {
    for kind in ["key", "handle", "look-up"] {
        for step in [Step::Armed, Step::Sent, Step::Answered] {
            let world = World::new(4);
            let scheduler = world.scheduler();
            let doomed = world.doomed_worker(step);
            let target = world.post(kind, "main", 0, 4).await;
            doomed.death().await;
            doomed.kill();
            let successor = world.worker("successor");
            world.settle(HOURS).await;
            world.check();
            assert_eq!(world.target(target).await.state, State::Published, "{kind} at {}", step.name());
            let texts: Vec<_> = world.platform.posts().into_iter().map(|post| post.text).collect();
            assert_eq!(
                texts,
                ["post 0", "post 0 part 1", "post 0 part 2", "post 0 part 3"],
                "{kind} at {}",
                step.name()
            );
            successor.stop().await;
            scheduler.stop().await;
        }
    }
}
