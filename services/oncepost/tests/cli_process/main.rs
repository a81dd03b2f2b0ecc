//! The program as a user starts it: what it refuses and how it says so, its probes, and a day with `oncepost dev`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests in real time")]

mod alone;
mod away;
mod day;
mod keys;
mod outside;
mod probes;
mod refusals;
mod tokens;
mod unreachable;

use std::time::Duration;

use harness::{
    process::{Ran, run},
    stack::free_port,
};

/// In every password that is given to the program. It must not come out again.
const CANARY: &str = "c4nary";

/// Runs `oncepost` with variables, with a probe port of its own. Fails if it shows a secret, or takes longer than a minute.
async fn oncepost(arguments: &[&str], variables: &[(&'static str, String)]) -> Ran {
    let probes = ("ONCEPOST__HEALTH__LISTEN", format!("127.0.0.1:{}", free_port().unwrap()));
    let variables: Vec<_> = [probes].into_iter().chain(variables.iter().cloned()).collect();
    let ran = run(arguments, &variables, "", Duration::from_secs(60)).await.unwrap();
    assert!(!ran.said().contains(CANARY), "a secret is shown: {}", ran.said());
    ran
}

/// Variables from names and values.
fn variables(pairs: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}
