//! Whether the ledger answers: the one decision for every address of the API, and so for every screen.
//!
//! A ledger that is away takes its time to say so: a connection is waited for, which may come back in a moment. Nobody who looks at a page
//! wants to wait as long as that. What takes long is no reason to give it up, as long as the ledger answers something else.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::future::{Either, select};
use runtime::Runtime;

use crate::{Console, Problem};

/// How long a request may take before the ledger is asked whether it is there.
const SLOW: Duration = Duration::from_secs(1);
/// The same, while the ledger did not answer a moment ago.
const SLOW_WHILE_AWAY: Duration = Duration::from_millis(200);
/// How long the ledger may take to answer that.
const ANSWER: Duration = Duration::from_millis(1_500);
/// How long a ledger that did not answer is taken to be away still.
const MOMENT: Duration = Duration::from_secs(10);

/// It tells by itself what does not answer, within seconds.
const TELLS_ITSELF: &str = "/v1/processes";

/// What is known of the ledger.
#[derive(Default)]
pub(crate) struct Reach {
    /// When it last did not answer, by the runtime's uptime.
    away_at: Mutex<Option<Duration>>,
}

impl Reach {
    /// What `work` comes to, or nothing once the ledger does not answer. `ping`: whether it does.
    pub async fn unless_away<T, P: Future<Output = bool>>(
        &self,
        runtime: &Runtime,
        ping: impl Fn() -> P,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = pin!(work);
        loop {
            let patience = if self.was_away(runtime.uptime()) { SLOW_WHILE_AWAY } else { SLOW };
            if let Some(done) = runtime.within(patience, &mut work).await {
                return Some(done);
            }
            let answers = match select(&mut work, pin!(runtime.within(ANSWER, ping()))).await {
                Either::Left((done, _)) => return Some(done),
                Either::Right((answers, _)) => answers == Some(true),
            };
            self.note(if answers { None } else { Some(runtime.uptime()) });
            if !answers {
                return None;
            }
        }
    }

    fn was_away(&self, now: Duration) -> bool {
        let away_at = *self.away_at.lock().unwrap_or_else(PoisonError::into_inner);
        away_at.is_some_and(|at| now.saturating_sub(at) < MOMENT)
    }

    fn note(&self, away_at: Option<Duration>) {
        *self.away_at.lock().unwrap_or_else(PoisonError::into_inner) = away_at;
    }
}

/// Stands before every address: answers within seconds that the ledger does not.
pub(crate) async fn guard(State(console): State<Console>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    if path == Some(TELLS_ITSELF) {
        return next.run(request).await;
    }
    let ping = || async { console.ledger_answers().await.is_ok() };
    let answered = console.reach().unless_away(&console.runtime, ping, next.run(request)).await;
    answered.unwrap_or_else(|| {
        tracing::warn!("the ledger does not answer: a request was given up");
        Problem::away().into_response()
    })
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn runtime() -> Runtime {
        Runtime::simulated(7, "2026-06-01T12:00:00Z".parse().unwrap())
    }

    /// How long it took, and what came of it.
    async fn asked<P: Future<Output = bool>>(
        reach: &Reach,
        runtime: &Runtime,
        ping: impl Fn() -> P,
        work: impl Future<Output = u8>,
    ) -> (Duration, Option<u8>) {
        let before = runtime.uptime();
        let came = reach.unless_away(runtime, ping, work).await;
        (runtime.uptime() - before, came)
    }

    #[tokio::test(start_paused = true)]
    async fn a_ledger_that_says_nothing_is_given_up_within_seconds_and_sooner_the_next_time() {
        let (reach, runtime) = (Reach::default(), runtime());
        let first = asked(&reach, &runtime, pending, pending()).await;
        assert_eq!(first, (SLOW + ANSWER, None));
        assert!(first.0 <= Duration::from_secs(3), "{first:?}");
        let second = asked(&reach, &runtime, pending, pending()).await;
        assert_eq!(second, (SLOW_WHILE_AWAY + ANSWER, None));
        let refused = asked(&reach, &runtime, || ready(false), pending()).await;
        assert_eq!(refused, (SLOW_WHILE_AWAY, None), "one that refuses is not waited for");
        runtime.sleep(MOMENT).await;
        assert_eq!(asked(&reach, &runtime, || ready(false), pending()).await, (SLOW, None));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_is_waited_for_as_long_as_the_ledger_answers() {
        let (reach, runtime) = (Reach::default(), runtime());
        let long = || async {
            runtime.sleep(Duration::from_secs(30)).await;
            7
        };
        assert_eq!(asked(&reach, &runtime, || ready(true), long()).await, (Duration::from_secs(30), Some(7)));
        assert_eq!(asked(&reach, &runtime, pending, ready(7)).await, (Duration::ZERO, Some(7)), "nobody is asked");
        let slow_answer = || async {
            runtime.sleep(ANSWER / 2).await;
            true
        };
        assert_eq!(asked(&reach, &runtime, slow_answer, long()).await.1, Some(7));
    }
}
