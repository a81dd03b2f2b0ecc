//! Many seeds, several at once, and what came of all of them.

use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use domain::invariant::Violation;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Broken, Defect, Outcome, run};

/// What came of many seeds.
#[derive(Default)]
pub struct Campaign {
    outcomes: BTreeMap<u64, Brief>,
    failed: Vec<u64>,
    sums: BTreeMap<&'static str, u64>,
    violations: BTreeMap<&'static str, u64>,
    virtual_time: Duration,
}

/// What is kept of a seed's outcome.
struct Brief {
    hash: [u8; 32],
}

impl Campaign {
    /// Runs `seeds` seeds from `first` on, on all cores; `defect`: with this mistake in them; `told` hears of each as it ends.
    ///
    /// # Errors
    /// A seed could not be run at all.
    pub fn of(
        first: u64,
        seeds: u64,
        defect: Option<Defect>,
        mut told: impl FnMut(&Self, &Outcome),
    ) -> Result<Self, String> {
        let next = AtomicU64::new(first);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let (sender, outcomes) = mpsc::channel();
        let mut campaign = Self::default();
        thread::scope(|scope| {
            for _ in 0..cores {
                let (next, sender) = (&next, sender.clone());
                scope.spawn(move || {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first.saturating_add(seeds) || sender.send(run(seed, defect, false)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for outcome in outcomes {
                let outcome = outcome?;
                campaign.add(&outcome);
                told(&campaign, &outcome);
            }
            Ok(campaign)
        })
    }

    fn add(&mut self, outcome: &Outcome) {
        let counts = &outcome.counts;
        for (name, count) in [
            ("posts", counts.posts),
            ("targets", counts.targets),
            ("attempts", counts.attempts),
            ("published", counts.published),
            ("doubts", counts.doubts.arose),
            ("doubts_settled_by_machine", counts.doubts.by_machine),
            ("doubts_sent_again_by_choice", counts.doubts.by_choice),
            ("doubts_left_to_people", counts.doubts.by_people),
            ("people_needed", counts.people),
            ("undecidable_listed", counts.undecidable),
            ("looks_used_up", counts.looks_used_up),
            ("tries_used_up", counts.tries_used_up),
            ("still_processing", counts.still_processing),
            ("second_posts_by_choice", counts.chosen),
            ("workers_killed", outcome.workers_killed),
            ("schedulers_killed", outcome.schedulers_killed),
            ("redis_wipes", outcome.redis_wipes),
            ("broker_wipes", outcome.broker_wipes),
        ] {
            *self.sums.entry(name).or_default() += count;
        }
        if let Some(broken) = &outcome.broken {
            *self.violations.entry(broken.name).or_default() += 1;
            self.failed.push(outcome.seed);
        }
        self.virtual_time += outcome.virtual_time;
        self.outcomes.insert(outcome.seed, Brief { hash: outcome.hash });
    }

    /// How many seeds have ended.
    pub fn seeds(&self) -> u64 {
        self.outcomes.len() as u64
    }

    /// At least one seed was run, and no promise was found broken. A run of nothing shows nothing.
    pub fn held(&self) -> bool {
        self.seeds() > 0 && self.failed.is_empty()
    }

    /// The seeds in which a promise was found broken.
    pub fn failed(&self) -> &[u64] {
        &self.failed
    }

    /// A sum over all seeds.
    pub fn sum(&self, name: &str) -> u64 {
        self.sums.get(name).copied().unwrap_or_default()
    }

    fn broken(&self, name: &str) -> u64 {
        self.violations.get(name).copied().unwrap_or_default()
    }

    /// One hash over the traces of all seeds, in the order of the seeds.
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        for (seed, brief) in &self.outcomes {
            hasher.update(seed.to_le_bytes());
            hasher.update(brief.hash);
        }
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The result, as proof commands print it.
    pub fn json(&self, first: u64, took: Duration) -> Value {
        let names = Violation::ALL.iter().map(|violation| violation.name());
        let violations: BTreeMap<_, _> =
            names.chain(Broken::OTHERS.iter().map(|(name, _)| *name)).map(|name| (name, self.broken(name))).collect();
        let per_10_000 = self.sum("people_needed") as f64 * 10_000.0 / (self.sum("targets").max(1) as f64);
        json!({
            "check": "simulation",
            "held": self.held(),
            "seconds": round(took.as_secs_f64()),
            "first_seed": first,
            "seeds": self.seeds(),
            "seeds_per_minute": (self.seeds() as f64 * 60.0 / took.as_secs_f64().max(f64::MIN_POSITIVE)).round(),
            "posts": self.sum("posts"),
            "targets": self.sum("targets"),
            "attempts": self.sum("attempts"),
            "kills": { "worker": self.sum("workers_killed"), "scheduler": self.sum("schedulers_killed") },
            "wipes": { "redis": self.sum("redis_wipes"), "broker": self.sum("broker_wipes") },
            "published": self.sum("published"),
            "duplicates": self.broken("no_duplicate"),
            "missed": self.broken("no_silent_miss"),
            "disagreements": self.broken("true_report"),
            "violations": violations,
            "second_posts_by_choice": self.sum("second_posts_by_choice"),
            "doubts": self.sum("doubts"),
            "doubts_settled_by_machine": self.sum("doubts_settled_by_machine"),
            "doubts_sent_again_by_choice": self.sum("doubts_sent_again_by_choice"),
            "doubts_left_to_people": self.sum("doubts_left_to_people"),
            "people_needed": self.sum("people_needed"),
            "people_needed_per_10000": round(per_10_000),
            "undecidable_listed": self.sum("undecidable_listed"),
            "looks_used_up": self.sum("looks_used_up"),
            "tries_used_up": self.sum("tries_used_up"),
            "still_processing": self.sum("still_processing"),
            "virtual_hours": round(self.virtual_time.as_secs_f64() / 3600.0),
            "hash": self.hash(),
        })
    }
}

fn round(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
