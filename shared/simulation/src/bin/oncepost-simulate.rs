//! Runs seeds and says what came of them: progress, a table for people, one line of JSON for machines.

#![allow(clippy::print_stdout, reason = "a command")]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use oncepost_simulation::{Campaign, run, story};
use serde_json::Value;

/// How many failing seeds have their story told.
const STORIES: usize = 3;

/// Simulates whole runs of oncepost, each decided by its seed, and holds every promise against every step.
#[derive(Parser)]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Write the result to this file as well.
    #[arg(long)]
    record: Option<PathBuf>,
}

fn main() -> ExitCode {
    match simulate(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("the simulation could not be run: {error}");
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "measures itself")]
fn simulate(options: &Options) -> Result<bool, String> {
    let start = std::time::Instant::now();
    let mut said = Duration::ZERO;
    let campaign = Campaign::of(options.first_seed, options.seeds, |campaign, outcome| {
        if let Some(broken) = &outcome.broken {
            println!("seed {}: {}", outcome.seed, broken.name);
        }
        if start.elapsed() - said >= Duration::from_secs(5) {
            said = start.elapsed();
            let (done, failed) = (campaign.seeds(), campaign.failed().len());
            println!("{done} of {} seeds, {failed} failed, {} s", options.seeds, said.as_secs());
        }
    })?;
    let took = start.elapsed();
    let mut failed = campaign.failed().to_vec();
    failed.sort_unstable();
    for seed in failed.into_iter().take(STORIES) {
        println!("\n{}", story(&run(seed, None, true)?));
    }
    let result = campaign.json(options.first_seed, took);
    table(&result);
    if let Some(file) = &options.record {
        let pretty = serde_json::to_string_pretty(&result).map_err(|error| error.to_string())?;
        std::fs::write(file, pretty + "\n")
            .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    }
    println!("{result}");
    Ok(result["held"] == true)
}

fn table(result: &Value) {
    println!();
    let rows = result.as_object().into_iter().flatten();
    for (name, value) in rows.filter(|(name, _)| !["check", "hash", "held"].contains(&name.as_str())) {
        match value.as_object() {
            Some(inner) => {
                for (inner, value) in inner {
                    println!("  {:<34}{value:>14}", format!("{} {}", name, inner).replace('_', " "));
                }
            }
            None => println!("  {:<34}{value:>14}", name.replace('_', " ")),
        }
    }
    println!();
}
