//! Redis at the end of a link.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use guard::{Guard, GuardError, Lock, Permit, ScopeLimit};
use jiff::Timestamp;

use super::Link;

/// A guard that is far away.
pub struct FarGuard {
    near: Arc<dyn Guard>,
    link: Link,
}

impl FarGuard {
    /// `near`, at the end of `link`.
    pub fn new(near: Arc<dyn Guard>, link: Link) -> Self {
        Self { near, link }
    }

    async fn call<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, GuardError>>,
    ) -> Result<T, GuardError> {
        let lost = |done| match done {
            true => GuardError::Silent { operation, limit: Duration::from_secs(1) },
            false => GuardError::Away { operation },
        };
        self.link.call(work, lost).await
    }
}

#[async_trait]
impl Guard for FarGuard {
    async fn lock(&self, key: &str, token: &str, ttl: Duration) -> Result<Lock, GuardError> {
        self.call("lock", self.near.lock(key, token, ttl)).await
    }

    async fn renew(&self, key: &str, token: &str, ttl: Duration) -> Result<bool, GuardError> {
        self.call("renew", self.near.renew(key, token, ttl)).await
    }

    async fn release(&self, key: &str, token: &str) -> Result<bool, GuardError> {
        self.call("release", self.near.release(key, token)).await
    }

    async fn hint(&self, key: &str, value: String, ttl: Duration) -> Result<(), GuardError> {
        self.call("hint", self.near.hint(key, value, ttl)).await
    }

    async fn hint_of(&self, key: &str) -> Result<Option<String>, GuardError> {
        self.call("hint_of", self.near.hint_of(key)).await
    }

    async fn cool_down(&self, scope: &str, until: Timestamp, reason: &str) -> Result<(), GuardError> {
        self.call("cool_down", self.near.cool_down(scope, until, reason)).await
    }

    async fn permit(&self, scopes: &[ScopeLimit], now: Timestamp) -> Result<Permit, GuardError> {
        self.call("permit", self.near.permit(scopes, now)).await
    }

    async fn ping(&self) -> Result<(), GuardError> {
        self.call("ping", self.near.ping()).await
    }

    async fn wipe(&self) -> Result<(), GuardError> {
        self.call("wipe", self.near.wipe()).await
    }
}
