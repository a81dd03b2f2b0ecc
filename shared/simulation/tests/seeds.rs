//! The simulation checks oncepost; these check the simulation: that it holds, that it is deterministic, and that it finds what
//! is broken on purpose.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use oncepost_simulation::{Campaign, Defect, Outcome, run, story};

#[test]
fn every_promise_holds_in_the_first_seeds() {
    let campaign = Campaign::of(1, 60, |_, _| {}).unwrap();
    let stories: Vec<_> = campaign.failed().iter().map(|seed| story(&run(*seed, None, true).unwrap())).collect();
    assert!(stories.is_empty(), "{}", stories.join("\n"));
    assert!(campaign.sum("published") > 500 && campaign.sum("workers_killed") > 100 && campaign.sum("doubts") > 50);
}

#[test]
fn the_same_seed_tells_the_same_story_and_another_seed_another() {
    let mut hashes = BTreeSet::new();
    for seed in 101..=110 {
        let (first, second) = (run(seed, None, false).unwrap(), run(seed, None, true).unwrap());
        assert_eq!((first.hash, first.trace.len()), (second.hash, second.trace.len()), "seed {seed}");
        assert!(first.trace.len() > 50);
        hashes.insert(first.hash);
    }
    assert_eq!(hashes.len(), 10);
}

/// However many run at once, and in whatever order they end.
#[test]
fn many_seeds_have_one_hash() {
    let hash = |_| Campaign::of(201, 8, |_, _| {}).unwrap().hash();
    assert_eq!(hash(1), hash(2));
}

/// With its clock ahead of the ledger's, a scheduler asked every 2 ms and a worker every 50 ms until the ledger agreed.
#[test]
fn nobody_spins_whatever_its_clock_shows() {
    for seed in 1..=30 {
        let counts = run(seed, None, false).unwrap().counts;
        let most = 3_000 + 500 * counts.targets;
        assert!(counts.asks < most, "seed {seed} asks the ledger {} times for {} targets", counts.asks, counts.targets);
    }
}

/// The first seed in which a world with this mistake is found out, as a story.
fn found(defect: Defect) -> (Outcome, String) {
    let broken = (1..=100).map(|seed| run(seed, Some(defect), true).unwrap()).find(|outcome| outcome.broken.is_some());
    let outcome = broken.unwrap_or_else(|| panic!("{defect:?} is not found in 100 seeds"));
    let told = story(&outcome);
    (outcome, told)
}

fn tells_of_a_duplicate(defect: Defect) {
    let (outcome, told) = found(defect);
    let broken = outcome.broken.unwrap();
    assert!(["no_duplicate", "true_report", "one_proof_each"].contains(&broken.name), "{defect:?}: {told}");
    let seed = format!("make simulate FIRST_SEED={} SEEDS=1", outcome.seed);
    for essential in [broken.name, broken.promise, &seed, "the platform shows", "the ledger says", "begin", "starts"] {
        assert!(told.contains(essential), "{defect:?}: the story lacks {essential:?}:\n{told}");
    }
}

#[test]
fn d01_a_timeout_that_passes_for_not_sent_is_found() {
    tells_of_a_duplicate(Defect::UnknownIsNotSent);
}

#[test]
fn an_absence_that_is_believed_at_the_first_look_is_found() {
    tells_of_a_duplicate(Defect::AbsentAtOnce);
}

#[test]
fn a_platform_that_forgets_its_keys_too_soon_is_found() {
    tells_of_a_duplicate(Defect::ForgottenKey);
}
