//! What goes wrong when: drawn from a seed before anything starts, so that the same seed throws the same faults at the same times.

use std::time::Duration;

use rand::{
    RngExt, SeedableRng,
    rngs::StdRng,
    seq::{IndexedRandom, SliceRandom},
};
use runtime::Step;

use super::web::Strand;
use crate::stack::Role;

/// What can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A process of oncepost.
    Process(Role),
    /// The broker.
    RabbitMq,
    /// The guard; it loses its data.
    Redis,
    /// The ledger.
    PostgreSql,
}

impl Thing {
    /// Everything, and how often it is drawn among a hundred.
    const WEIGHTS: [(Thing, u32); 6] = [
        (Thing::Process(Role::Worker), 44),
        (Thing::Process(Role::Scheduler), 18),
        (Thing::Process(Role::Api), 8),
        (Thing::RabbitMq, 7),
        (Thing::Redis, 12),
        (Thing::PostgreSql, 11),
    ];

    /// Its name in the results.
    pub fn name(self) -> &'static str {
        match self {
            Thing::Process(role) => role.command(),
            Thing::RabbitMq => "rabbitmq",
            Thing::Redis => "redis",
            Thing::PostgreSql => "postgresql",
        }
    }
}

/// What is done to the connections of one process to one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Those of this moment are cut.
    Cut,
    /// Cut, and refused for a while.
    Refuse,
    /// Every piece of data is held back this long, for a while.
    Delay(Duration),
    /// Nothing reaches the server for a while; it comes later.
    StallUp,
    /// Nothing comes back for a while; it comes later.
    StallDown,
}

impl Trouble {
    /// Its name in the results.
    pub fn name(self) -> &'static str {
        match self {
            Trouble::Cut => "cut",
            Trouble::Refuse => "refused",
            Trouble::Delay(_) => "delayed",
            Trouble::StallUp | Trouble::StallDown => "stalled",
        }
    }
}

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// SIGKILL, and started again after `down`. A worker may come back with a step at which it aborts itself.
    Kill {
        /// What.
        thing: Thing,
        /// Which of them, counted from 0 over all.
        which: usize,
        /// How long it stays dead.
        down: Duration,
        /// Where its successor aborts itself; workers only.
        abort_at: Option<Step>,
    },
    /// Trouble between one process and one server or platform.
    Network {
        /// Which of the processes that are connected to it, counted from 0 over all.
        which: usize,
        /// Between it and what.
        strand: Strand,
        /// What kind.
        trouble: Trouble,
        /// For how long.
        span: Duration,
    },
    /// Every queue is emptied.
    Purge,
}

/// An event and when it begins, counted from the start of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed {
    /// When.
    pub at: Duration,
    /// What.
    pub event: Event,
}

/// How much goes wrong.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// The seed.
    pub seed: u64,
    /// Over how long.
    pub span: Duration,
    /// How many kills by SIGKILL.
    pub kills: usize,
}

/// The longest time that bytes are kept from a platform. A call that is kept longer than its channel waits before it settles a doubt
/// would arrive after the doubt was settled, which no publisher can survive on a platform that knows neither keys nor handles.
pub const LONGEST_STALL: Duration = Duration::from_secs(4);

/// Draws everything that goes wrong, in order of time.
pub fn draw(scale: &Scale) -> Vec<Timed> {
    let mut rng = StdRng::seed_from_u64(scale.seed);
    let mut events = kills(scale, &mut rng);
    events.extend(network(scale, &mut rng));
    events.extend(purges(scale, &mut rng));
    events.sort_by_key(|timed| timed.at);
    events
}

/// Evenly spread, with jitter. Every kind of thing comes before any is drawn by weight.
fn kills(scale: &Scale, rng: &mut StdRng) -> Vec<Timed> {
    let mut things: Vec<_> = Thing::WEIGHTS.iter().map(|(thing, _)| *thing).collect();
    things.shuffle(rng);
    let slot = scale.span.div_f64(scale.kills.max(1) as f64);
    let kill = |n: usize| {
        let first = things.get(n).copied();
        let weighted = Thing::WEIGHTS.choose_weighted(rng, |(_, weight)| *weight);
        let thing = first.or(weighted.ok().map(|(thing, _)| *thing)).unwrap_or(Thing::Redis);
        let abort = thing == Thing::Process(Role::Worker) && rng.random_bool(0.5);
        let abort_at = if abort { Step::ALL.choose(rng).copied() } else { None };
        let down = millis(rng, 50, 1500);
        let event = Event::Kill { thing, which: rng.random_range(0..1000), down, abort_at };
        Timed { at: slot.mul_f64(n as f64 + rng.random::<f64>()), event }
    };
    (0..scale.kills).map(kill).collect()
}

/// About one each second.
fn network(scale: &Scale, rng: &mut StdRng) -> Vec<Timed> {
    let count = scale.span.as_secs();
    let one = |_| {
        let trouble = match rng.random_range(0..10) {
            0..=2 => Trouble::Cut,
            3 | 4 => Trouble::Refuse,
            5..=7 => Trouble::Delay(millis(rng, 30, 400)),
            8 => Trouble::StallUp,
            _ => Trouble::StallDown,
        };
        let strand = Strand::ALL.choose(rng).copied().unwrap_or(Strand::PostgreSql);
        let span = millis(rng, 1000, LONGEST_STALL.as_millis() as u64);
        let event = Event::Network { which: rng.random_range(0..1000), strand, trouble, span };
        Timed { at: scale.span.mul_f64(rng.random()), event }
    };
    (0..count).map(one).collect()
}

/// Now and then, and in any run once. Not near the end: what they take with them is to come back while other things go wrong.
fn purges(scale: &Scale, rng: &mut StdRng) -> Vec<Timed> {
    let count = scale.span.as_secs() / 75 + 1;
    (0..count).map(|_| Timed { at: scale.span.mul_f64(rng.random_range(0.2..0.6)), event: Event::Purge }).collect()
}

fn millis(rng: &mut StdRng, least: u64, most: u64) -> Duration {
    Duration::from_millis(rng.random_range(least..=most))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn scale(seed: u64, kills: usize) -> Scale {
        Scale { seed, span: Duration::from_secs(100), kills }
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_something_else() {
        assert_eq!(draw(&scale(7, 20)), draw(&scale(7, 20)));
        assert_ne!(draw(&scale(7, 20)), draw(&scale(8, 20)));
    }

    #[test]
    fn a_short_run_has_every_kind_of_kill_and_trouble() {
        for seed in 0..50 {
            let events = draw(&scale(seed, 8));
            assert!(events.is_sorted_by_key(|timed| timed.at));
            assert!(events.iter().all(|timed| timed.at < Duration::from_secs(100)));
            let mut killed = Vec::new();
            let mut troubles = BTreeSet::new();
            for timed in &events {
                match &timed.event {
                    Event::Kill { thing, abort_at, .. } => {
                        killed.push(*thing);
                        assert!(abort_at.is_none() || *thing == Thing::Process(Role::Worker));
                    }
                    Event::Network { trouble, span, .. } => {
                        troubles.insert(trouble.name());
                        assert!(*span <= LONGEST_STALL);
                    }
                    Event::Purge => {}
                }
            }
            assert_eq!(killed.len(), 8);
            assert_eq!(killed.into_iter().collect::<BTreeSet<_>>().len(), Thing::WEIGHTS.len(), "seed {seed}");
            assert_eq!(troubles.len(), 4, "seed {seed}");
            assert!(events.iter().any(|timed| timed.event == Event::Purge));
        }
    }
}
