//! Waiting at the start: a store that is away is waited for, and that is said. One that answers and refuses us ends the process, for only
//! a person can mend that.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use runtime::Runtime;
use telemetry::Health;

use crate::failure::Failure;

/// The wait before the next try doubles from here…
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// …to here; jitter adds up to as much again.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// What a process that starts waits with.
pub struct Patience<'a> {
    runtime: &'a Runtime,
    health: &'a Health,
}

impl<'a> Patience<'a> {
    /// Waits by the clock of `runtime`, and says in `health` for what.
    pub fn new(runtime: &'a Runtime, health: &'a Health) -> Self {
        Self { runtime, health }
    }

    /// Takes `step` until it is done, however long `part` is away.
    ///
    /// # Errors
    /// What waiting cannot mend.
    pub async fn until<T>(
        &self,
        part: &'static str,
        mut step: impl AsyncFnMut() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let began = self.runtime.uptime();
        let mut delays = self.delays();
        let mut told: Option<String> = None;
        self.health.waits_for(part, "it has not answered yet");
        loop {
            let failure = match step().await {
                Ok(done) => {
                    if told.is_some() {
                        let waited = self.runtime.uptime().saturating_sub(began).as_secs();
                        tracing::info!(part, waited_s = waited, "the {part} is there: starting goes on");
                    }
                    return Ok(done);
                }
                Err(failure) if failure.may_pass() => failure,
                Err(failure) => return Err(failure),
            };
            let why = failure.in_a_line();
            self.health.waits_for(part, &why);
            if told.as_ref() != Some(&why) {
                tracing::warn!(part, why, "waiting for the {part}: it is tried until it is there");
                told = Some(why);
            }
            self.runtime.sleep(delays.next().unwrap_or(LONGEST_WAIT)).await;
        }
    }

    fn delays(&self) -> impl Iterator<Item = Duration> + use<> {
        ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .without_max_times()
            .with_jitter()
            .with_jitter_seed(self.runtime.id().as_u64_pair().1)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> Runtime {
        Runtime::simulated(3, "2026-06-01T12:00:00Z".parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_away_is_tried_until_it_is_there() {
        let (runtime, health) = (runtime(), Health::new("worker"));
        let began = runtime.uptime();
        let patience = Patience::new(&runtime, &health);
        let mut tries = 0;
        let done = patience.until("ledger", async || {
            tries += 1;
            let away = Failure::new("open the ledger", "the connection was refused").passing();
            if tries < 50 { Err(away) } else { Ok("there") }
        });
        assert_eq!(done.await.unwrap(), "there");
        let waited = runtime.uptime() - began;
        assert!(waited > LONGEST_WAIT * 40 && waited < LONGEST_WAIT * 2 * 50, "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_refuses_us_is_not_waited_for() {
        let (runtime, health) = (runtime(), Health::new("worker"));
        let patience = Patience::new(&runtime, &health);
        let mut tries = 0;
        let refused = patience.until("broker", async || {
            tries += 1;
            let why = if tries == 1 { "it is away" } else { "the password is wrong" };
            let failure = Failure::new("hand messages over", why);
            Err::<(), _>(if tries == 1 { failure.passing() } else { failure })
        });
        assert!(refused.await.unwrap_err().to_string().contains("the password is wrong"));
        assert_eq!(tries, 2);
    }
}
