//! What a broker can do to those who rely on it, for tests.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Faults that are switched on.
#[derive(Default)]
pub(super) struct Faults {
    cut: AtomicBool,
    silent: AtomicBool,
    lost_confirms: AtomicUsize,
    repeats: AtomicUsize,
}

impl Faults {
    pub(super) fn cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    pub(super) fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent.load(Ordering::SeqCst)
    }

    pub(super) fn reachable(&self) -> bool {
        !self.cut.load(Ordering::SeqCst)
    }

    pub(super) fn lose_confirms(&self, count: usize) {
        self.lost_confirms.store(count, Ordering::SeqCst);
    }

    /// Whether the next confirm is to be lost; counts it.
    pub(super) fn loses_confirm(&self) -> bool {
        spend(&self.lost_confirms)
    }

    pub(super) fn repeat(&self, count: usize) {
        self.repeats.store(count, Ordering::SeqCst);
    }

    /// Whether the next delivery is to come twice; counts it.
    pub(super) fn repeats(&self) -> bool {
        spend(&self.repeats)
    }
}

fn spend(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}
