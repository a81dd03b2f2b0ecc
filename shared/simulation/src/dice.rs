//! Chance, from the seed alone.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// A source of chance of its own for each part of a run, so that one part's draws do not shift another's.
pub struct Dice(Mutex<StdRng>);

impl Dice {
    /// The dice of `part` in the run of `seed`.
    pub fn new(seed: u64, part: &str) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(mix(seed, part))))
    }

    /// True with this probability.
    pub fn chance(&self, probability: f64) -> bool {
        self.with(|rng| rng.random::<f64>()) < probability
    }

    /// A number in `low..=high`.
    pub fn number(&self, low: u64, high: u64) -> u64 {
        self.with(|rng| rng.random_range(low..=high))
    }

    /// A span between two numbers of milliseconds.
    pub fn millis(&self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.number(low, high))
    }

    /// A span between two numbers of seconds.
    pub fn seconds(&self, low: u64, high: u64) -> Duration {
        self.millis(low * 1000, high * 1000)
    }

    /// One of `items`, which must not be empty.
    pub fn pick<'a, T>(&self, items: &'a [T]) -> &'a T {
        &items[self.number(0, items.len() as u64 - 1) as usize]
    }

    fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// FNV-1a over the seed and the name: the same everywhere and for ever, unlike the standard library's hashers.
pub(crate) fn mix(seed: u64, name: &str) -> u64 {
    let bytes = seed.to_le_bytes().into_iter().chain(name.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
