//! The simulation checks oncepost; these check the simulation: that it holds, that it is deterministic, and that it finds what
//! is broken on purpose.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, time::Duration};

use oncepost_simulation::{Campaign, Defect, Outcome, run, story};

#[test]
fn every_promise_holds_in_the_first_seeds() {
    let campaign = Campaign::of(1, 60, None, |_, _| {}).unwrap();
    let stories: Vec<_> = campaign.failed().iter().map(|seed| story(&run(*seed, None, true).unwrap())).collect();
    assert!(stories.is_empty(), "{}", stories.join("\n"));
    assert!(campaign.sum("published") > 500 && campaign.sum("workers_killed") > 100 && campaign.sum("doubts") > 50);
}

#[test]
fn every_doubt_and_every_person_that_was_needed_is_accounted_for() {
    let campaign = Campaign::of(61, 60, None, |_, _| {}).unwrap();
    assert!(campaign.failed().is_empty(), "seeds {:?}", campaign.failed());
    let sum = |names: &[&str]| names.iter().map(|name| campaign.sum(name)).sum::<u64>();
    let ends = ["doubts_settled_by_machine", "doubts_sent_again_by_choice", "doubts_left_to_people"];
    let reasons = ["undecidable_listed", "looks_used_up", "tries_used_up", "still_processing"];
    assert_eq!(sum(&ends), sum(&["doubts"]), "{}", campaign.json(61, Duration::ZERO));
    assert_eq!(sum(&reasons), sum(&["people_needed"]), "{}", campaign.json(61, Duration::ZERO));
    assert!(ends.iter().all(|end| campaign.sum(end) > 0), "{}", campaign.json(61, Duration::ZERO));
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

#[test]
fn a_run_of_no_seeds_shows_nothing() {
    let campaign = Campaign::of(1, 0, None, |_, _| {}).unwrap();
    assert!(!campaign.held());
    assert_eq!(campaign.json(1, Duration::ZERO)["held"], false);
}

#[test]
fn a_seed_in_which_all_held_has_a_story_too() {
    let outcome = (1..=20).map(|seed| run(seed, None, true).unwrap()).find(|outcome| outcome.target.is_some()).unwrap();
    let told = story(&outcome);
    for essential in ["every promise held", "accept for", "armed by attempt", "the ledger says: published"] {
        assert!(told.contains(essential), "the story lacks {essential:?}:\n{told}");
    }
}

#[test]
fn a_world_that_is_broken_on_purpose_has_a_name() {
    use clap::ValueEnum;
    for defect in Defect::value_variants() {
        assert_eq!(Defect::from_str(defect.name(), false), Ok(*defect));
    }
}

/// However many run at once, and in whatever order they end.
#[test]
fn many_seeds_have_one_hash() {
    let hash = |_| Campaign::of(201, 8, None, |_, _| {}).unwrap().hash();
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
    let seed = format!("make simulate FIRST_SEED={} SEEDS=1 ARGS=\"--broken {}\"", outcome.seed, defect.name());
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
