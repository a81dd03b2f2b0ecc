//! Whoever waits for a job outlasts a restart of the API.

use std::cell::Cell;

use jiff::Timestamp;
use runtime::Runtime;

use super::server::Paper;
use crate::cli::{out::Out, outlast::outlasting, text, trouble::Trouble};

fn stranger(status: u16) -> Trouble {
    Trouble::Stranger { address: "http://here/".into(), status }
}

/// How it ends when nobody answers `silent` times, and what was remarked.
async fn asked(silent: u32, status: u16) -> (Result<u32, Trouble>, String) {
    let runtime = Runtime::simulated(1, Timestamp::UNIX_EPOCH);
    let (paper, times) = (Paper::default(), Cell::new(0));
    let mut out = Out::to(false, Paper::default(), paper.clone());
    let ended = outlasting(&runtime, &mut out, "The job goes on.", async || {
        times.set(times.get() + 1);
        if times.get() <= silent { Err(stranger(status)) } else { Ok(times.get()) }
    });
    (ended.await, paper.text())
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_outlasted_and_told_once() {
    let (ended, told) = asked(20, 502).await;
    assert_eq!(ended.unwrap(), 21);
    assert_eq!(told.matches("Nobody answers").count(), 1, "{told}");
}

#[tokio::test(start_paused = true)]
async fn after_a_minute_it_is_said_that_all_goes_on() {
    let (ended, _) = asked(u32::MAX, 503).await;
    let trouble = ended.unwrap_err();
    assert_eq!(trouble.exit_code(), 3);
    assert!(text::trouble::told(&trouble).ends_with("→ The job goes on."), "{}", text::trouble::told(&trouble));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_told_at_once() {
    let (ended, told) = asked(u32::MAX, 200).await;
    assert!(matches!(ended, Err(Trouble::Stranger { .. })) && told.is_empty(), "{told}");
}
