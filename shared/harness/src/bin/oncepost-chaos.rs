//! Chaos on the real thing: everything is killed and cut while thousands of targets go out; then the platforms count.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a harness lives in real time and prints")]

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use harness::{Done, chaos};
use oncepost_harness as harness;

/// Kills workers, schedulers, the API, RabbitMQ, Redis and PostgreSQL, and cuts, refuses, delays and stalls every connection
/// between them and the platforms, while posts go out; then lets the platforms count.
#[derive(Parser)]
struct Arguments {
    /// How many posts, of two targets each.
    #[arg(long, default_value_t = 1500)]
    posts: usize,
    /// How many kills by SIGKILL; workers that abort themselves at a step come on top.
    #[arg(long, default_value_t = 60)]
    kills: usize,
    /// Over how many seconds posts are due and things go wrong.
    #[arg(long, default_value_t = 300)]
    seconds: u64,
    /// What decides what goes wrong when; by default another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// How many seconds all may take to come to rest afterwards.
    #[arg(long, default_value_t = 600)]
    rest: u64,
    /// How many schedulers.
    #[arg(long, default_value_t = 2)]
    schedulers: usize,
    /// How many workers.
    #[arg(long, default_value_t = 3)]
    workers: usize,
    /// Let the webhook receivers forget the ids that they say they keep. The run must then find duplicates, and fail.
    #[arg(long)]
    forgetful: bool,
    /// Write the result to this file as well.
    #[arg(long)]
    record: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            println!(
                "{}",
                serde_json::json!({ "check": "chaos", "held": false, "seconds": 0, "error": trouble.to_string() })
            );
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Done<bool> {
    let Arguments { posts, kills, seconds, rest, schedulers, workers, forgetful, .. } = arguments;
    let seed = arguments.seed.unwrap_or_else(|| jiff::Timestamp::now().as_microsecond().unsigned_abs() % 1_000_000);
    let options = chaos::Options { posts, kills, seconds, seed, rest, schedulers, workers, forgetful };
    let mut folder = tempfile::Builder::new().prefix("oncepost-chaos.").tempdir()?;
    println!(
        "{posts} posts and {kills} kills within {seconds} s, by seed {seed}; logs are in {}",
        folder.path().display()
    );
    let report = chaos::run(&options, folder.path()).await;
    if !report.as_ref().is_ok_and(|report| report.held) {
        // For whoever looks into it.
        folder.disable_cleanup(true);
    }
    let report = report?;
    println!("\n{}", report.table());
    if report.held {
        println!("The promises held.");
    } else {
        println!("A PROMISE WAS BROKEN. The logs are kept in {}", folder.path().display());
        println!("Again: make chaos ARGS=\"{}\"", report.arguments);
    }
    if let Some(path) = arguments.record {
        std::fs::write(path, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    println!("{}", serde_json::to_string(&report)?);
    Ok(report.held)
}
