//! The guard of a single process: maps behind a mutex, with the runtime's clock. For `oncepost dev`, simulation and tests.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use runtime::Runtime;

use crate::{
    Guard, GuardError, Lock, Permit, ScopeLimit,
    gcra::{self, Step},
};

/// A guard in this process's memory.
pub struct MemoryGuard {
    runtime: Runtime,
    state: Mutex<State>,
    away: AtomicBool,
}

#[derive(Default)]
struct State {
    locks: Shelf<String>,
    hints: Shelf<String>,
    cooling: Shelf<(i64, String)>,
    paid_off: Shelf<i64>,
}

impl MemoryGuard {
    /// An empty guard on `runtime`'s clock.
    pub fn new(runtime: Runtime) -> Self {
        Self { runtime, state: Mutex::default(), away: AtomicBool::new(false) }
    }

    /// Plays a store that is away: until called with `false`, every method fails. For simulation.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn open(&self, operation: &'static str) -> Result<(MutexGuard<'_, State>, Timestamp), GuardError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(GuardError::Away { operation });
        }
        Ok((self.state.lock().unwrap_or_else(PoisonError::into_inner), self.runtime.now()))
    }
}

#[async_trait]
impl Guard for MemoryGuard {
    async fn lock(&self, key: &str, token: &str, ttl: Duration) -> Result<Lock, GuardError> {
        let (mut state, now) = self.open("lock")?;
        match state.locks.get(key, now) {
            Some((holder, until)) if holder != token => {
                Ok(Lock::HeldByOther { for_about: Duration::try_from(until.duration_since(now)).ok() })
            }
            _ => {
                state.locks.put(key, token.to_owned(), after(now, ttl), now);
                Ok(Lock::Taken)
            }
        }
    }

    async fn renew(&self, key: &str, token: &str, ttl: Duration) -> Result<bool, GuardError> {
        let (mut state, now) = self.open("renew")?;
        let ours = state.locks.get(key, now).is_some_and(|(holder, _)| holder == token);
        if ours {
            state.locks.put(key, token.to_owned(), after(now, ttl), now);
        }
        Ok(ours)
    }

    async fn release(&self, key: &str, token: &str) -> Result<bool, GuardError> {
        let (mut state, now) = self.open("release")?;
        let ours = state.locks.get(key, now).is_some_and(|(holder, _)| holder == token);
        if ours {
            state.locks.remove(key);
        }
        Ok(ours)
    }

    async fn hint(&self, key: &str, value: String, ttl: Duration) -> Result<(), GuardError> {
        let (mut state, now) = self.open("hint")?;
        state.hints.put(key, value, after(now, ttl), now);
        Ok(())
    }

    async fn hint_of(&self, key: &str) -> Result<Option<String>, GuardError> {
        let (state, now) = self.open("hint_of")?;
        Ok(state.hints.get(key, now).map(|(value, _)| value.clone()))
    }

    async fn cool_down(&self, scope: &str, until: Timestamp, reason: &str) -> Result<(), GuardError> {
        let (mut state, now) = self.open("cool_down")?;
        let micros = gcra::micros(until);
        if state.cooling.get(scope, now).is_none_or(|((held, _), _)| *held < micros) {
            state.cooling.put(scope, (micros, reason.to_owned()), kept(micros, now), now);
        }
        Ok(())
    }

    async fn permit(&self, scopes: &[ScopeLimit], now: Timestamp) -> Result<Permit, GuardError> {
        let (mut state, here) = self.open("permit")?;
        let now = gcra::micros(now);
        let mut worst: Option<(i64, &str, String)> = None;
        let mut taken = Vec::with_capacity(scopes.len());
        for ScopeLimit { scope, rate } in scopes {
            let mut wait = |until: i64, reason: String| {
                if worst.as_ref().is_none_or(|(held, ..)| until > *held) {
                    worst = Some((until, scope, reason));
                }
            };
            if let Some(((until, reason), _)) = state.cooling.get(scope, here)
                && *until > now
            {
                wait(*until, reason.clone());
            }
            if let Some(rate) = rate {
                let paid_off = state.paid_off.get(scope, here).map_or(0, |(paid_off, _)| *paid_off);
                match Step::of(*rate).take(paid_off, now) {
                    Ok(next) => taken.push((scope, next)),
                    Err(until) => wait(until, gcra::reason(*rate)),
                }
            }
        }
        if let Some((until, scope, reason)) = worst {
            return Ok(Permit::Wait { until: gcra::instant(until), scope: scope.to_owned(), reason });
        }
        for (scope, next) in taken {
            state.paid_off.put(scope, next, kept(next, here), here);
        }
        Ok(Permit::Go)
    }

    async fn ping(&self) -> Result<(), GuardError> {
        self.open("ping").map(|_| ())
    }

    async fn wipe(&self) -> Result<(), GuardError> {
        let (mut state, _) = self.open("wipe")?;
        *state = State::default();
        Ok(())
    }
}

/// Redis counts expiry in whole milliseconds and refuses zero; so do we.
fn after(now: Timestamp, ttl: Duration) -> Timestamp {
    now.checked_add(ttl.max(Duration::from_millis(1))).unwrap_or(Timestamp::MAX)
}

fn kept(until: i64, now: Timestamp) -> Timestamp {
    after(gcra::instant(until).max(now), gcra::KEPT)
}

/// Values that expire. What has expired is swept out whenever the shelf has doubled, so its size follows what is alive.
struct Shelf<T> {
    kept: HashMap<String, (T, Timestamp)>,
    sweep_at: usize,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { kept: HashMap::new(), sweep_at: 1024 }
    }
}

impl<T> Shelf<T> {
    fn get(&self, key: &str, now: Timestamp) -> Option<(&T, Timestamp)> {
        self.kept.get(key).filter(|(_, until)| *until > now).map(|(value, until)| (value, *until))
    }

    fn put(&mut self, key: &str, value: T, until: Timestamp, now: Timestamp) {
        self.kept.insert(key.to_owned(), (value, until));
        if self.kept.len() >= self.sweep_at {
            self.kept.retain(|_, (_, until)| *until > now);
            self.sweep_at = (self.kept.len() * 2).max(1024);
        }
    }

    fn remove(&mut self, key: &str) {
        self.kept.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shelf_does_not_keep_what_has_expired() {
        let mut shelf = Shelf::default();
        for second in 0..10_000 {
            let now = Timestamp::from_second(second).unwrap();
            shelf.put(&second.to_string(), (), after(now, Duration::from_secs(1)), now);
        }
        assert!(shelf.kept.len() <= 1024, "{} kept", shelf.kept.len());
    }

    #[tokio::test(start_paused = true)]
    async fn away_fails_every_call_until_it_is_back() {
        let guard = MemoryGuard::new(Runtime::simulated(1, Timestamp::UNIX_EPOCH));
        guard.set_away(true);
        assert!(guard.ping().await.is_err());
        assert!(guard.lock("k", "t", Duration::from_secs(1)).await.is_err());
        guard.set_away(false);
        assert!(guard.ping().await.is_ok());
    }
}
