//! One configuration, put before the checker.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{ListReason, Plan, State, invariant, plan};
use serde::Serialize;
use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::{
    fair::{self, Known},
    setup::Setup,
    sights::SIGHTS,
    step::{self, Action},
    story,
    world::{NOW, World},
};

/// The promises, by the names that reports use.
pub const PROMISES: [&str; 7] = [
    "no_duplicate",
    "no_silent_miss",
    "ledger_alone",
    "true_report",
    "legal_move",
    "comes_to_rest",
    "no_needless_person",
];

/// A configuration as the checker sees it.
#[derive(Debug, Clone)]
pub struct Oncepost {
    setup: Arc<Setup>,
    known: Arc<Known>,
}

/// What came of checking one configuration.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The configuration's name.
    pub name: &'static str,
    /// What the channel offers.
    pub repeat: &'static str,
    /// Different states.
    pub unique: usize,
    /// States that were come to, the same one counted each time.
    pub states: usize,
    /// The longest shortest way to a state, in steps.
    pub depth: usize,
    /// The most steps that any state needed to come to rest.
    pub rest_in: u16,
    /// How long it took.
    pub seconds: f64,
    /// Every promise held, and everything of interest was reached.
    pub held: bool,
    /// What is worth telling, for people: broken promises with their stories, and what was never reached.
    #[serde(skip)]
    pub findings: Vec<String>,
}

impl Model for Oncepost {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        World::new(&self.setup).into_iter().collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        step::actions(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        step::next(world, action, &self.setup)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = promises();
        properties.extend(SIGHTS.iter().map(|(name, seen)| Property::sometimes(name, *seen)));
        properties
    }
}

fn promises() -> Vec<Property<Oncepost>> {
    let [duplicate, miss, alone, report, legal, rest, needless] = PROMISES;
    vec![
        Property::always(duplicate, |_, world: &World| {
            world.resent || invariant::no_duplicate(&world.platform.visible()).is_ok()
        }),
        Property::always(miss, |_, world: &World| invariant::no_silent_miss(&world.target).is_ok()),
        Property::always(alone, |model: &Oncepost, world: &World| {
            invariant::ledger_alone(&world.target, NOW, &model.setup.policy).is_ok()
        }),
        Property::always(report, |model: &Oncepost, world: &World| {
            let visible = world.platform.visible();
            // What is out twice is the first promise's business, and what was sent again undecided is known to nobody.
            invariant::no_duplicate(&visible).is_err()
                || world.resent
                || invariant::check_against(&world.target, &visible, NOW, &model.setup.policy).is_ok()
        }),
        Property::always(legal, |_, world: &World| world.broken.is_none()),
        Property::always(rest, |model: &Oncepost, world: &World| {
            fair::comes_to_rest(world, &model.setup, &model.known)
        }),
        Property::always(needless, |model: &Oncepost, world: &World| !is_needless(world, &model.setup)),
    ]
}

/// A person is asked although the machine has means left, or although nothing went wrong that needs one.
fn is_needless(world: &World, setup: &Setup) -> bool {
    let target = &world.target;
    let Some(listed) = &target.listed else { return false };
    match listed.reason {
        ListReason::Undecidable => {
            target.looks < setup.policy.max_looks && plan(target, setup.told(), &setup.policy, NOW) != Plan::Undecidable
        }
        ListReason::TriesUsedUp | ListReason::Poison => target.tries < setup.policy.max_tries,
        ListReason::Permanent => target.state != State::Failed || target.last_failure.is_none(),
        ListReason::StillProcessing => target.state != State::Processing,
    }
}

impl Oncepost {
    /// The configuration `setup`, for the checker.
    pub fn new(setup: Setup) -> Self {
        Self { setup: Arc::new(setup), known: Arc::new(Known::new()) }
    }

    /// The configuration.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Goes through every state of the configuration.
    pub fn check(self, threads: usize) -> Report {
        let started = Instant::now();
        let checker =
            self.clone().checker().threads(threads).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
        let seconds = rounded(started.elapsed());
        let mut findings = Vec::new();
        let mut broken = false;
        let mut discoveries = checker.discoveries();
        for promise in PROMISES {
            if let Some(path) = discoveries.remove(promise) {
                broken = true;
                findings.push(format!("{promise} is broken:\n{}", story::tell(&self.setup, &path.into_actions())));
            }
        }
        if !broken {
            let unseen = SIGHTS.iter().filter(|(name, _)| !discoveries.contains_key(name));
            let missing = unseen.filter(|(name, _)| self.setup.expects(name));
            findings.extend(missing.map(|(name, _)| format!("never reached: {name}")));
        }
        Report {
            name: self.setup.name,
            repeat: self.setup.repeat.name(),
            unique: checker.unique_state_count(),
            states: checker.state_count(),
            depth: checker.max_depth(),
            rest_in: self.known.longest(),
            seconds,
            held: findings.is_empty(),
            findings,
        }
    }

    /// The shortest way to breaking `promise`, if there is one.
    pub fn shortest(self, promise: &'static str) -> Option<Vec<Action>> {
        let mut shortest: Option<Vec<Action>> = None;
        loop {
            let wanted = std::collections::BTreeSet::from([promise]);
            let builder = self.clone().checker().finish_when(HasDiscoveries::AnyOf(wanted));
            // A way of n steps ends at depth n + 1, and the checker stops before the depth it is told.
            let depth = shortest.as_ref().map_or(usize::MAX, |found| found.len() + 1);
            let checker = builder.target_max_depth(depth).spawn_bfs().join();
            match checker.discovery(promise) {
                Some(path) => shortest = Some(path.into_actions()),
                None => return shortest,
            }
        }
    }
}

/// Seconds, to a tenth.
pub fn rounded(span: Duration) -> f64 {
    (span.as_secs_f64() * 10.0).round() / 10.0
}
