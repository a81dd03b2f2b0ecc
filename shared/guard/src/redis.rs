//! The guard of several processes: Redis.
//!
//! The lock is `SET key token NX PX ttl`, released and renewed by compare-and-act scripts. A `SET NX` without an answer is
//! unknown, not refused: a script then looks whose token is there.

mod breaker;
mod link;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use redis::Script;
use runtime::Runtime;

use self::link::Link;
use crate::{
    Guard, GuardError, Lock, Permit, ScopeLimit,
    gcra::{self, Step},
};

/// Where Redis is and how it is used.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://[[user]:password@]host[:port][/db]`, or `rediss://` for TLS.
    pub url: String,
    /// What every key starts with. Two installations may share a Redis under different prefixes.
    pub prefix: String,
    /// How long one answer may take, connecting included.
    pub answer_within: Duration,
}

impl RedisOptions {
    /// Redis at `url`, keys under `prefix`, half a second for an answer.
    pub fn new(url: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self { url: url.into(), prefix: prefix.into(), answer_within: Duration::from_millis(500) }
    }
}

/// The URL may hold a password.
impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// A guard in Redis. One per process: all callers share its one connection.
pub struct RedisGuard {
    link: Link,
    prefix: String,
    runtime: Runtime,
    scripts: Scripts,
}

/// Shows where, never with what password.
impl fmt::Debug for RedisGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisGuard").field("at", &self.link).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

struct Scripts {
    take: Script,
    renew: Script,
    release: Script,
    cool_down: Script,
    permit: Script,
}

impl RedisGuard {
    /// A guard that connects on first use, so that a service starts while Redis is away.
    ///
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The address or the prefix cannot be used.
    pub fn open(options: RedisOptions, runtime: Runtime) -> Result<Self, GuardError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !(1..=64).contains(&options.prefix.len()) || !options.prefix.chars().all(plain) {
            return Err(GuardError::Prefix);
        }
        Ok(Self {
            link: Link::open(&options.url, options.answer_within, runtime.clone())?,
            prefix: options.prefix,
            runtime,
            scripts: Scripts {
                take: Script::new(include_str!("redis/scripts/take.lua")),
                renew: Script::new(include_str!("redis/scripts/renew.lua")),
                release: Script::new(include_str!("redis/scripts/release.lua")),
                cool_down: Script::new(include_str!("redis/scripts/cool_down.lua")),
                permit: Script::new(include_str!("redis/scripts/permit.lua")),
            },
        })
    }

    fn key(&self, kind: &str, name: &str) -> String {
        format!("{}:{kind}:{name}", self.prefix)
    }
}

#[async_trait]
impl Guard for RedisGuard {
    async fn lock(&self, key: &str, token: &str, ttl: Duration) -> Result<Lock, GuardError> {
        let key = self.key("lock", key);
        let set = redis::cmd("SET").arg(&key).arg(token).arg("NX").arg("PX").arg(millis(ttl)).to_owned();
        let fresh = self.link.call("lock", async |mut redis| set.query_async::<Option<String>>(&mut redis).await).await;
        match fresh {
            Ok(Some(_)) => return Ok(Lock::Taken),
            // Held, perhaps by ourselves; or unknown: the answer may have been lost after the lock was set.
            Ok(None) | Err(GuardError::Silent { .. } | GuardError::Failed { .. }) => {}
            Err(error) => return Err(error),
        }
        let left: i64 = self
            .link
            .call("lock", async |mut redis| {
                self.scripts.take.key(&key).arg(token).arg(millis(ttl)).invoke_async(&mut redis).await
            })
            .await?;
        Ok(match left {
            -1 => Lock::Taken,
            left => Lock::HeldByOther { for_about: u64::try_from(left).ok().map(Duration::from_millis) },
        })
    }

    async fn renew(&self, key: &str, token: &str, ttl: Duration) -> Result<bool, GuardError> {
        let key = self.key("lock", key);
        self.link
            .call("renew", async |mut redis| {
                self.scripts.renew.key(&key).arg(token).arg(millis(ttl)).invoke_async(&mut redis).await
            })
            .await
    }

    async fn release(&self, key: &str, token: &str) -> Result<bool, GuardError> {
        let key = self.key("lock", key);
        self.link
            .call("release", async |mut redis| self.scripts.release.key(&key).arg(token).invoke_async(&mut redis).await)
            .await
    }

    async fn hint(&self, key: &str, value: String, ttl: Duration) -> Result<(), GuardError> {
        let set = redis::cmd("SET").arg(self.key("hint", key)).arg(value).arg("PX").arg(millis(ttl)).to_owned();
        self.link.call("hint", async |mut redis| set.query_async(&mut redis).await).await
    }

    async fn hint_of(&self, key: &str) -> Result<Option<String>, GuardError> {
        let get = redis::cmd("GET").arg(self.key("hint", key)).to_owned();
        self.link.call("hint_of", async |mut redis| get.query_async(&mut redis).await).await
    }

    async fn cool_down(&self, scope: &str, until: Timestamp, reason: &str) -> Result<(), GuardError> {
        let kept = Duration::try_from(until.duration_since(self.runtime.now())).unwrap_or_default();
        let kept = millis(kept.saturating_add(gcra::KEPT));
        let key = self.key("cool", scope);
        let _set: i64 = self
            .link
            .call("cool_down", async |mut redis| {
                let script = &self.scripts.cool_down;
                script.key(&key).arg(gcra::micros(until)).arg(reason).arg(kept).invoke_async(&mut redis).await
            })
            .await?;
        Ok(())
    }

    async fn permit(&self, scopes: &[ScopeLimit], now: Timestamp) -> Result<Permit, GuardError> {
        if scopes.is_empty() {
            return Ok(Permit::Go);
        }
        let mut script = self.scripts.permit.prepare_invoke();
        script.arg(gcra::micros(now));
        for ScopeLimit { scope, rate } in scopes {
            script.key(self.key("cool", scope)).key(self.key("rate", scope));
            let step = rate.map_or(Step { cost: -1, slack: 0 }, Step::of);
            script.arg(step.cost).arg(step.slack);
        }
        script.arg(millis(gcra::KEPT));
        let answer: Vec<String> =
            self.link.call("permit", async |mut redis| script.invoke_async(&mut redis).await).await?;
        Ok(read_permit(&answer, scopes))
    }

    async fn ping(&self) -> Result<(), GuardError> {
        let ping = redis::cmd("PING");
        let _pong: String = self.link.call("ping", async |mut redis| ping.query_async(&mut redis).await).await?;
        Ok(())
    }

    async fn wipe(&self) -> Result<(), GuardError> {
        let pattern = format!("{}:*", self.prefix);
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(1000);
            let (next, keys): (u64, Vec<String>) =
                self.link.call("wipe", async |mut redis| scan.query_async(&mut redis).await).await?;
            if !keys.is_empty() {
                let unlink = redis::cmd("UNLINK").arg(keys).to_owned();
                self.link.call::<(), _>("wipe", async |mut redis| unlink.query_async(&mut redis).await).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }
}

/// What `permit.lua` answered: nothing for go, else until when, which scope and, for a cool-down, why.
fn read_permit(answer: &[String], scopes: &[ScopeLimit]) -> Permit {
    let [until, index, reason @ ..] = answer else { return Permit::Go };
    let until = until.parse().map_or(Timestamp::MAX, gcra::instant);
    let named = index.parse::<usize>().ok().and_then(|index| scopes.get(index.checked_sub(1)?));
    let scope = named.map(|named| named.scope.clone()).unwrap_or_default();
    let rate = named.and_then(|named| named.rate).map(gcra::reason);
    Permit::Wait { until, scope, reason: reason.first().cloned().or(rate).unwrap_or_default() }
}

/// Whole milliseconds, at least one: Redis refuses zero.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).clamp(1, 10_000_000_000_000)
}
