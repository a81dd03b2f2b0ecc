//! With a safeguard taken away, the checker must find the duplicate; else it would find none where there is one.
#![allow(clippy::print_stdout, reason = "`--nocapture` shows the way to each duplicate")]

use oncepost_model::{
    check::Oncepost,
    configurations::safeguards,
    setup::{Setup, Without},
    story,
};

fn finds_the_duplicate(without: Without) {
    let (name, setup) = safeguards().into_iter().find(|(_, setup)| setup.without == without).expect("a configuration");
    let way =
        Oncepost::new(setup.clone()).shortest("no_duplicate").unwrap_or_else(|| panic!("no duplicate with {name}"));
    let told = story::tell(&setup, &way);
    println!("with {name}:\n{told}");
    assert!(told.contains("the platform shows part 0 2 times"), "{told}");
    assert!(way.len() < 30, "the shortest way is short: {told}");
}

#[test]
fn without_a_durable_intent_there_is_a_duplicate() {
    finds_the_duplicate(Without::Intent);
}

#[test]
fn without_the_lease_check_there_is_a_duplicate() {
    finds_the_duplicate(Without::LeaseCheck);
}

#[test]
fn with_a_look_before_the_old_attempt_is_over_there_is_a_duplicate() {
    finds_the_duplicate(Without::Settling);
}

#[test]
fn with_a_look_believed_too_early_there_is_a_duplicate() {
    finds_the_duplicate(Without::SureAfter);
}

#[test]
fn with_no_answer_taken_for_not_sent_there_is_a_duplicate() {
    finds_the_duplicate(Without::Doubt);
}

#[test]
fn with_a_dead_lease_taken_for_not_sent_there_is_a_duplicate() {
    finds_the_duplicate(Without::TakeOver);
}

#[test]
fn with_a_key_used_after_its_window_there_is_a_duplicate() {
    finds_the_duplicate(Without::KeyWindow);
}

#[test]
fn with_nobody_to_say_that_the_ledger_was_put_back_there_is_a_duplicate() {
    finds_the_duplicate(Without::Gap);
}

#[test]
fn without_the_dedupe_lock_there_is_none() {
    let mut setup = Setup::of("nothing, without locks", domain::RepeatSafety::Nothing);
    setup.budget.doubles = 1;
    assert!(!setup.redis, "neither locks nor hints");
    let report = Oncepost::new(setup).check(2);
    assert!(report.held, "{}", report.findings.join("\n"));
}

/// Of each step that prepares, the story says what was done, and its head on what kind of platform all happens.
#[test]
fn a_story_says_the_platform_and_what_was_prepared() {
    let told = |without| {
        let (_, setup) = safeguards().into_iter().find(|(_, setup)| setup.without == without).expect("a configuration");
        let way = Oncepost::new(setup.clone()).shortest("no_duplicate").expect("a duplicate");
        story::tell(&setup, &way)
    };
    let (intent, settling) = (told(Without::Intent), told(Without::Settling));
    assert!(intent.starts_with("      on a platform that lists what is out 2 s later"), "{intent}");
    assert!(intent.contains("the ledger has no intent of this attempt to send it"), "{intent}");
    assert!(settling.starts_with("      on a platform that answers for a handle"), "{settling}");
    assert!(settling.contains("stores a handle") && settling.contains("arms part 0"), "{settling}");
}
