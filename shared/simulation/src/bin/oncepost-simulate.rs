//! Runs seeds and says what came of them: progress, a table for people, one line of JSON for machines.

#![allow(clippy::print_stdout, reason = "a command")]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use oncepost_simulation::{Campaign, Defect, run, story};
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
    /// With this mistake put in on purpose: the run must then find promises broken.
    #[arg(long, value_name = "NAME")]
    broken: Option<Defect>,
    /// Tell the story of one target of the first seed in which every promise held.
    #[arg(long)]
    story: bool,
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
    let campaign = Campaign::of(options.first_seed, options.seeds, options.broken, |campaign, outcome| {
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
    if options.story {
        println!("\n{}", passing_story(options)?);
    }
    let mut failed = campaign.failed().to_vec();
    failed.sort_unstable();
    for seed in failed.into_iter().take(STORIES) {
        println!("\n{}", story(&run(seed, options.broken, true)?));
    }
    let mut result = campaign.json(options.first_seed, took);
    if let Some(defect) = options.broken {
        result["broken_on_purpose"] = defect.name().into();
    }
    table(&result);
    if let Some(file) = &options.record {
        let pretty = serde_json::to_string_pretty(&result).map_err(|error| error.to_string())?;
        std::fs::write(file, pretty + "\n")
            .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    }
    match (campaign.seeds(), options.broken, campaign.held()) {
        (0, ..) => println!("No seed was run, so nothing was shown: ask for one at least (SEEDS=1)."),
        (_, Some(defect), true) => println!("{} was not found: ask for more seeds.", defect.name()),
        (_, Some(defect), false) => println!("Broken on purpose ({}), and found.", defect.name()),
        _ => {}
    }
    println!("{result}");
    Ok(result["held"] == true)
}

/// The story of a target of the first of the seeds that has one to tell.
fn passing_story(options: &Options) -> Result<String, String> {
    for seed in options.first_seed..options.first_seed.saturating_add(options.seeds) {
        let outcome = run(seed, options.broken, true)?;
        if outcome.broken.is_none() && outcome.target.is_some() {
            return Ok(story(&outcome));
        }
    }
    Ok("In none of these seeds was a target published whose outcome had been unknown.".into())
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
