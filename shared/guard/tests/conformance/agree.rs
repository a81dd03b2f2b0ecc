//! Memory and Redis give the same answers to the same random commands.

use jiff::Timestamp;
use oncepost_guard::{Lock, Permit, Rate, ScopeLimit};
use proptest::{collection::vec, prelude::*, test_runner::TestCaseError};

use crate::world::{World, seconds};

#[derive(Debug, Clone)]
enum Command {
    Lock(u8, u8),
    Renew(u8, u8),
    Release(u8, u8),
    Hint(u8, String),
    HintOf(u8),
    CoolDown(u8, u32),
    Permit(Vec<(u8, Option<(u32, u32)>)>, u32),
    Wipe,
}

/// What was answered, without the remaining time of a held lock, which is real time.
#[derive(Debug, PartialEq)]
enum Answer {
    Lock(bool),
    Done(bool),
    Hint(Option<String>),
    Permit(Permit),
    Nothing,
}

fn command() -> impl Strategy<Value = Command> {
    let name = || 0_u8..3;
    let rate = prop::option::of((0_u32..2_000_000, 0_u32..4));
    prop_oneof![
        1 => (name(), name()).prop_map(|(key, token)| Command::Lock(key, token)),
        1 => (name(), name()).prop_map(|(key, token)| Command::Renew(key, token)),
        1 => (name(), name()).prop_map(|(key, token)| Command::Release(key, token)),
        1 => (name(), ".{0,8}").prop_map(|(key, value)| Command::Hint(key, value)),
        1 => name().prop_map(Command::HintOf),
        1 => (name(), 0_u32..3_000_000).prop_map(|(scope, until)| Command::CoolDown(scope, until)),
        4 => (vec((name(), rate), 0..4), 0_u32..5_000_000).prop_map(|(scopes, now)| Command::Permit(scopes, now)),
        1 => Just(Command::Wipe),
    ]
}

async fn run(world: &World, start: Timestamp, command: &Command) -> Answer {
    let guard = &world.guard;
    let at = |micros: &u32| start + std::time::Duration::from_micros(u64::from(*micros));
    match command {
        Command::Lock(key, token) => {
            Answer::Lock(guard.lock(&key.to_string(), &token.to_string(), seconds(600)).await.unwrap() == Lock::Taken)
        }
        Command::Renew(key, token) => {
            Answer::Done(guard.renew(&key.to_string(), &token.to_string(), seconds(600)).await.unwrap())
        }
        Command::Release(key, token) => {
            Answer::Done(guard.release(&key.to_string(), &token.to_string()).await.unwrap())
        }
        Command::Hint(key, value) => {
            guard.hint(&key.to_string(), value.clone(), seconds(600)).await.unwrap();
            Answer::Nothing
        }
        Command::HintOf(key) => Answer::Hint(guard.hint_of(&key.to_string()).await.unwrap()),
        Command::CoolDown(scope, until) => {
            guard.cool_down(&scope.to_string(), at(until), &format!("until {until}")).await.unwrap();
            Answer::Nothing
        }
        Command::Permit(scopes, now) => {
            let scopes: Vec<_> = scopes
                .iter()
                .map(|(scope, rate)| ScopeLimit {
                    scope: scope.to_string(),
                    rate: rate.map(|(per, burst)| Rate { per: std::time::Duration::from_micros(per.into()), burst }),
                })
                .collect();
            Answer::Permit(guard.permit(&scopes, at(now)).await.unwrap())
        }
        Command::Wipe => {
            guard.wipe().await.unwrap();
            Answer::Nothing
        }
    }
}

#[test]
fn memory_and_redis_agree_on_any_sequence() {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _inside = tokio.enter();
    let (redis, memory) = (World::redis(), World::memory());
    let start: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 64, ..ProptestConfig::default() });
    let outcome = runner.run(&vec(command(), 1..60), |commands| {
        tokio.block_on(async {
            redis.guard.wipe().await.unwrap();
            memory.guard.wipe().await.unwrap();
            for command in &commands {
                let (left, right) = (run(&redis, start, command).await, run(&memory, start, command).await);
                prop_assert_eq!(left, right, "{:?}", command);
            }
            Ok::<(), TestCaseError>(())
        })
    });
    tokio.block_on(redis.guard.wipe()).unwrap();
    outcome.unwrap();
}
