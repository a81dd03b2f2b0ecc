//! `make model`: every configuration, every state, and what comes of taking a safeguard away.
#![allow(clippy::print_stdout, reason = "its output is for people and scripts")]

use std::{path::PathBuf, process::ExitCode, time::Instant};

use clap::Parser;
use oncepost_model::{
    check::{Oncepost, Report, rounded},
    configurations::{Bounds, configurations, safeguards},
    story,
};
use serde::Serialize;

/// Goes through every state of the delivery protocol, within bounds.
#[derive(Debug, Parser)]
struct Options {
    /// Only the configurations and safeguards whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Bigger bounds: days, and much memory.
    #[arg(long)]
    long: bool,
    /// The smallest bounds: what `cargo test` runs.
    #[arg(long, conflicts_with = "long")]
    short: bool,
    /// Writes the result to this file as well.
    #[arg(long)]
    record: Option<PathBuf>,
    /// How many threads check one configuration.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

#[derive(Debug, Serialize)]
struct Result {
    check: &'static str,
    held: bool,
    seconds: f64,
    states: usize,
    unique: usize,
    configurations: Vec<Report>,
    safeguards: Vec<Safeguard>,
}

/// A safeguard that was taken away, and whether the duplicate was found.
#[derive(Debug, Serialize)]
struct Safeguard {
    name: &'static str,
    found: bool,
    steps: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let started = Instant::now();
    let bounds = match (options.long, options.short) {
        (true, _) => Bounds::Long,
        (_, true) => Bounds::Short,
        _ => Bounds::Full,
    };
    let mut reports = Vec::new();
    for setup in configurations(bounds).into_iter().filter(|setup| setup.name.contains(&options.only)) {
        let report = Oncepost::new(setup).check(options.threads);
        println!(
            "{:<55} {:>9} unique {:>10} states  depth {:>3}  rest in {:>3}  {:>6.1} s  {}",
            report.name,
            report.unique,
            report.states,
            report.depth,
            report.rest_in,
            report.seconds,
            if report.held { "held" } else { "BROKEN" }
        );
        report.findings.iter().for_each(|finding| println!("    {finding}"));
        reports.push(report);
    }
    println!();
    let mut found = Vec::new();
    for (name, setup) in safeguards().into_iter().filter(|(name, _)| name.contains(&options.only)) {
        let way = Oncepost::new(setup.clone()).shortest("no_duplicate");
        match &way {
            Some(way) => println!("with {name}: a duplicate in {} steps\n{}\n", way.len(), story::tell(&setup, way)),
            None => println!("with {name}: NO duplicate was found\n"),
        }
        found.push(Safeguard { name, found: way.is_some(), steps: way.map_or(0, |way| way.len()) });
    }
    let empty = reports.is_empty() && found.is_empty();
    if empty {
        println!(
            "No configuration and no safeguard has {:?} in its name, so nothing was shown. The names are in \
             shared/model/src/configurations.rs, and docs/proof/model.json has those of the last long run.\n",
            options.only
        );
    }
    let result = Result {
        check: "model",
        held: !empty && reports.iter().all(|report| report.held) && found.iter().all(|safeguard| safeguard.found),
        seconds: rounded(started.elapsed()),
        states: reports.iter().map(|report| report.states).sum(),
        unique: reports.iter().map(|report| report.unique).sum(),
        configurations: reports,
        safeguards: found,
    };
    match tell(&result, options.record.as_deref()) {
        Ok(()) if result.held => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            println!("the result could not be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tell(result: &Result, record: Option<&std::path::Path>) -> std::io::Result<()> {
    if let Some(record) = record {
        std::fs::write(record, format!("{}\n", serde_json::to_string_pretty(result)?))?;
    }
    println!("{}", serde_json::to_string(result)?);
    Ok(())
}
