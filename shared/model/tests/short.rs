//! The small bounds of the model check.

use oncepost_model::{
    check::{Oncepost, PROMISES},
    configurations::{Bounds, configurations},
    fair::{Known, comes_to_rest},
    setup::{KEY, Setup},
    world::World,
};

#[test]
fn every_promise_holds_in_every_state_within_small_bounds() {
    for setup in configurations(Bounds::Short) {
        let report = Oncepost::new(setup).check(2);
        assert!(report.held, "{}:\n{}", report.name, report.findings.join("\n"));
        assert!(report.unique > 1_000, "{}: {} states", report.name, report.unique);
    }
}

#[test]
fn promises_have_the_names_that_production_counts_them_by() {
    for name in ["no_duplicate", "no_silent_miss", "ledger_alone", "true_report", "legal_move"] {
        assert!(PROMISES.contains(&name));
        assert!(domain::invariant::Violation::ALL.iter().any(|violation| violation.name() == name), "{name}");
    }
}

#[test]
fn a_target_that_nobody_wakes_does_not_come_to_rest() {
    let setup = Setup::of("key", KEY);
    let mut world = World::new(&setup).expect("a world");
    assert!(comes_to_rest(&world, &setup, &Known::new()));
    world.target.wake_at = None;
    assert!(!comes_to_rest(&world, &setup, &Known::new()));
}
