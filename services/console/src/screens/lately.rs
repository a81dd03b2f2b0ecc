//! Answers that take long: asked for once for all pages, kept for a minute, and never waited for to the end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use runtime::Runtime;

use crate::Problem;

/// How long an answer is good.
const FRESH: Duration = Duration::from_secs(60);
/// How many answers are kept. If there are more, all of them are forgotten and asked for anew.
const MOST: usize = 200;

type Answer = Result<Bytes, Problem>;

/// How old an answer is, and what it was.
type Aged = Result<(Duration, Bytes), Problem>;

/// When an answer came, by the runtime's uptime, and what it was.
type Came = (Duration, Answer);

#[derive(Default, Clone)]
struct Slot {
    last: Option<(Duration, Bytes)>,
    running: Option<Shared<BoxFuture<'static, Came>>>,
}

/// Answers, by who asked for what.
#[derive(Default, Clone)]
pub(super) struct Lately(Arc<Mutex<HashMap<String, Slot>>>);

impl Lately {
    /// The answer to `key`: a fresh one, or the one that `ask` gives within `patience`, or the last there was. What takes longer goes on, and is
    /// there for the next page.
    ///
    /// # Errors
    /// What `ask` answers; or it takes long, and there was none before.
    pub async fn get(
        &self,
        runtime: &Runtime,
        key: &str,
        patience: Duration,
        ask: impl Future<Output = Answer> + Send + 'static,
    ) -> Aged {
        let now = runtime.uptime();
        let Slot { last, running } = self.slot(key);
        let aged = |(at, answer): (Duration, Bytes)| (runtime.uptime().saturating_sub(at), answer);
        if let Some(last) = last.clone().filter(|(at, _)| now.saturating_sub(*at) < FRESH) {
            return Ok(aged(last));
        }
        let running = running.unwrap_or_else(|| self.begin(runtime, key, ask));
        match runtime.within(patience, running).await {
            Some((at, answer)) => {
                let last = answer.as_ref().ok().map(|answer| (at, answer.clone())).or(last);
                self.keep(key, Slot { last, running: None });
                answer.map(|answer| aged((at, answer)))
            }
            None => last.map(aged).ok_or_else(|| {
                let detail = "It is still being worked out: there is much to look at.";
                let remedy = "Load the page again in a minute.";
                Problem::plain(axum::http::StatusCode::SERVICE_UNAVAILABLE, detail, remedy)
            }),
        }
    }

    fn begin(
        &self,
        runtime: &Runtime,
        key: &str,
        ask: impl Future<Output = Answer> + Send + 'static,
    ) -> Shared<BoxFuture<'static, Came>> {
        let clock = runtime.clone();
        let task = runtime.spawn(async move {
            let answer = ask.await;
            (clock.uptime(), answer)
        });
        let lost =
            || Problem::plain(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "It broke off.", "Look into the log.");
        let running = task.map(move |ended| ended.unwrap_or_else(|_| (Duration::ZERO, Err(lost())))).boxed().shared();
        let last = self.slot(key).last;
        self.keep(key, Slot { last, running: Some(running.clone()) });
        running
    }

    fn slot(&self, key: &str) -> Slot {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned().unwrap_or_default()
    }

    fn keep(&self, key: &str, slot: Slot) {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= MOST && !slots.contains_key(key) {
            slots.clear();
        }
        slots.insert(key.to_owned(), slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_secs(2);

    fn runtime() -> Runtime {
        Runtime::simulated(7, "2026-06-01T12:00:00Z".parse().unwrap())
    }

    /// An answer that takes so many seconds.
    async fn slow(runtime: Runtime, seconds: u64, text: &'static str) -> Answer {
        runtime.sleep(Duration::from_secs(seconds)).await;
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_asked_for_once_a_minute() {
        let (lately, runtime) = (Lately::default(), runtime());
        let get = |key: &'static str, text| {
            let (lately, runtime) = (lately.clone(), runtime.clone());
            async move { lately.get(&runtime, key, QUICK, slow(runtime.clone(), 1, text)).await.unwrap().1 }
        };
        assert_eq!(get("a", "one").await, "one");
        assert_eq!(get("a", "two").await, "one");
        assert_eq!(get("b", "two").await, "two", "what another asked for is another answer");
        runtime.sleep(FRESH).await;
        assert_eq!(get("a", "three").await, "three");
    }

    #[tokio::test(start_paused = true)]
    async fn no_page_waits_to_the_end_and_what_comes_late_is_there_for_the_next() {
        let (lately, runtime) = (Lately::default(), runtime());
        let get = |seconds, text| {
            let (lately, runtime) = (lately.clone(), runtime.clone());
            async move { lately.get(&runtime, "a", QUICK, slow(runtime.clone(), seconds, text)).await }
        };
        assert_eq!(get(10, "one").await.unwrap_err().status, 503);
        runtime.sleep(Duration::from_secs(9)).await;
        let (age, text) = get(10, "two").await.unwrap();
        assert_eq!((age.as_secs(), &text[..]), (1, &b"one"[..]), "it was not asked for again, and says how old it is");
        runtime.sleep(FRESH).await;
        let (age, text) = get(10, "three").await.unwrap();
        assert_eq!((age.as_secs(), &text[..]), (63, &b"one"[..]), "better the last one than none");
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_is_asked_for_again() {
        let (lately, runtime) = (Lately::default(), runtime());
        let fails = async { Err(Problem::not_found("such thing")) };
        assert_eq!(lately.get(&runtime, "a", QUICK, fails).await.unwrap_err().status, 404);
        assert_eq!(lately.get(&runtime, "a", QUICK, slow(runtime.clone(), 1, "one")).await.unwrap().1, "one");
    }
}
