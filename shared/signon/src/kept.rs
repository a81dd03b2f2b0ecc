//! What was learnt of a provider, kept for a while.

use std::{sync::Arc, time::Duration};

use runtime::Runtime;
use tokio::sync::Mutex;

use crate::SignOnError;

/// How long what was learnt is good.
pub(crate) const LEARNT: Duration = Duration::from_secs(3600);
/// How long a provider that does not answer is not asked again, so that those who log in do not wait for each other.
const SILENT: Duration = Duration::from_secs(5);

/// What a provider answered.
type Learnt<T> = Result<Arc<T>, SignOnError>;

/// One thing to know of a provider, and at what uptime it was asked after.
pub(crate) struct Kept<T>(Mutex<Option<(Duration, Learnt<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    /// What is known, if it is not older than `most`; else what the provider answers now. Whoever comes meanwhile waits for that answer.
    pub async fn get(
        &self,
        runtime: &Runtime,
        most: Duration,
        ask: impl Future<Output = Result<T, SignOnError>>,
    ) -> Learnt<T> {
        let mut kept = self.0.lock().await;
        if let Some((at, known)) = &*kept {
            let age = runtime.uptime().saturating_sub(*at);
            if age < if known.is_ok() { most } else { SILENT } {
                return known.clone();
            }
        }
        let learnt = ask.await.map(Arc::new);
        *kept = Some((runtime.uptime(), learnt.clone()));
        learnt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent() -> SignOnError {
        SignOnError::Silent { what: "keys", why: "no answer".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_learnt_is_kept_and_silence_not_for_long() {
        let runtime = Runtime::simulated(1, "2026-06-01T12:00:00Z".parse().unwrap());
        let kept = Kept::default();
        let get = |most, answer: Result<u8, SignOnError>| kept.get(&runtime, most, async { answer });
        assert_eq!(get(LEARNT, Err(silent())).await, Err(silent()));
        assert_eq!(get(LEARNT, Ok(1)).await, Err(silent()), "asked a moment ago");
        runtime.sleep(SILENT).await;
        assert_eq!(get(LEARNT, Ok(2)).await.as_deref(), Ok(&2));
        assert_eq!(get(LEARNT, Ok(3)).await.as_deref(), Ok(&2));
        assert_eq!(get(Duration::ZERO, Ok(4)).await.as_deref(), Ok(&4), "wanted anew");
        runtime.sleep(LEARNT).await;
        assert_eq!(get(LEARNT, Ok(5)).await.as_deref(), Ok(&5));
    }
}
