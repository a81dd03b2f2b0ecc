//! Counting calls in fixed windows, the way platforms do.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use jiff::Timestamp;

use super::lock;

/// Counts per account. The limit is given with each call, so that it can be a knob.
#[derive(Default)]
pub struct Limiter {
    windows: Mutex<HashMap<String, (Timestamp, u64)>>,
}

/// Where an account stands after a call.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Calls allowed in a window.
    pub limit: u64,
    /// Calls left in this one.
    pub remaining: u64,
    /// When the window ends.
    pub reset: Timestamp,
    /// Was this call one too many?
    pub over: bool,
}

impl Limiter {
    /// Counts a call that costs `cost`.
    pub fn count(&self, who: &str, cost: u64, limit: u64, window: Duration, now: Timestamp) -> Standing {
        let mut windows = lock(&self.windows);
        let (reset, used) = windows.entry(who.to_owned()).or_insert((now + window, 0));
        if *reset <= now {
            (*reset, *used) = (now + window, 0);
        }
        let over = *used + cost > limit;
        if !over {
            *used += cost;
        }
        Standing { limit, remaining: limit - (*used).min(limit), reset: *reset, over }
    }
}
