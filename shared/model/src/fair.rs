//! Where a world comes to when nothing more goes wrong: everybody does what they have to, and time passes.

use std::{collections::HashMap, sync::Mutex};

use domain::State;

use crate::{
    platform::Ruling,
    setup::Setup,
    step::{Action, Handing, is_due, next},
    worker::Move,
    world::{Doing, World, fingerprint},
};

/// In how many steps every world must have come to rest.
pub const PATIENCE: u16 = 400;

/// The worlds that are known to come to rest, and in how many steps.
#[derive(Debug, Default)]
pub struct Known(Vec<Mutex<HashMap<u64, u16>>>);

impl Known {
    /// Nothing is known yet.
    pub fn new() -> Self {
        Self((0..64).map(|_| Mutex::default()).collect())
    }

    fn with<T>(&self, world: u64, act: impl FnOnce(&mut HashMap<u64, u16>) -> T) -> Option<T> {
        let shard = self.0.get((world % 64) as usize)?;
        shard.lock().ok().map(|mut known| act(&mut known))
    }

    /// The most steps that any world needed.
    pub fn longest(&self) -> u16 {
        let longest = |shard: &Mutex<HashMap<u64, u16>>| shard.lock().ok()?.values().copied().max();
        self.0.iter().filter_map(longest).max().unwrap_or_default()
    }
}

/// Nothing more has to happen by itself: the target is at an end, with a person, or held by a pause that is in force.
pub fn is_at_rest(world: &World) -> bool {
    let target = &world.target;
    let held = world.paused && matches!(target.state, State::Held | State::InDoubt) && target.wake_at.is_some();
    target.state.is_terminal() || target.listed.is_some() || held
}

/// Whether `world` comes to rest if nothing more goes wrong.
pub fn comes_to_rest(world: &World, setup: &Setup, known: &Known) -> bool {
    let mut passed = Vec::new();
    let mut here = world.clone();
    let rest_in = loop {
        if is_at_rest(&here) {
            break 0;
        }
        let mark = fingerprint(&here);
        if let Some(Some(steps)) = known.with(mark, |known| known.get(&mark).copied()) {
            break steps;
        }
        passed.push(mark);
        if passed.len() > usize::from(PATIENCE) {
            return false;
        }
        match expected(&here, setup) {
            Some(next) => here = next,
            None => return false,
        }
    };
    let mut steps = rest_in;
    for mark in passed.into_iter().rev() {
        steps = steps.saturating_add(1);
        known.with(mark, |known| known.insert(mark, steps));
    }
    steps <= PATIENCE
}

/// What happens next when all goes well.
pub fn expected(world: &World, setup: &Setup) -> Option<World> {
    let mut order = Vec::new();
    for (place, worker) in world.workers.iter().enumerate() {
        match &worker.doing {
            Doing::Idle => {}
            Doing::Waiting(_, _, None) => order.push(Action::Worker(place, Move::Cut)),
            _ => order.push(Action::Worker(place, Move::Go)),
        }
    }
    order.extend((0..world.platform.orphans.len()).map(Action::OrphanLands));
    if world.giving_back {
        order.push(Action::GiveBack);
    }
    if world.platform.parts.iter().any(|part| part.pending) {
        order.push(Action::Verdict(Ruling::Out));
    }
    let idle = world.workers.iter().position(|worker| worker.doing == Doing::Idle);
    if let Some(place) = idle.filter(|_| world.messages.first() == Some(&0)) {
        order.push(Action::Worker(place, Move::Take));
    }
    if is_due(world) {
        order.push(Action::Wake(Handing::Done));
    }
    order.push(Action::Tick);
    order.into_iter().find_map(|action| next(world, action, setup))
}
