//! Drills on real processes: asked to end, replaced, added, and started without their stores while posts go out.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a harness lives in real time and prints")]

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use harness::{
    Done,
    drill::{self, Act},
};
use oncepost_harness as harness;

/// Asks workers to end in mid-publish, replaces every process, has one worker, eight and one, and starts everything while RabbitMQ and
/// PostgreSQL are away; each while posts go out. The platforms count, and every attempt is looked at. A line of JSON for each drill.
#[derive(Parser)]
struct Arguments {
    /// Only this one; may be given several times. Without it: all.
    #[arg(long, value_enum)]
    only: Vec<Act>,
    /// How many posts, of two targets each.
    #[arg(long, default_value_t = 300)]
    posts: usize,
    /// Over how many seconds posts are due.
    #[arg(long, default_value_t = 40)]
    seconds: u64,
    /// How many seconds all may take to come to rest afterwards.
    #[arg(long, default_value_t = 180)]
    rest: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            println!("{}", serde_json::json!({ "check": "drill", "held": false, "error": trouble.to_string() }));
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Done<bool> {
    let Arguments { only, posts, seconds, rest } = arguments;
    let acts = if only.is_empty() { Act::value_variants().to_vec() } else { only };
    let mut held = true;
    for act in acts {
        let mut folder = tempfile::Builder::new().prefix("oncepost-drill.").tempdir()?;
        let report = drill::run(&drill::Options { act, posts, seconds, rest }, folder.path()).await;
        if !report.as_ref().is_ok_and(|report| report.held) {
            // For whoever looks into it.
            folder.disable_cleanup(true);
            println!("THE DRILL {} FAILED. The logs are kept in {}", act.name(), folder.path().display());
        }
        let report = report?;
        println!("{}", serde_json::to_string(&report)?);
        held &= report.held;
    }
    Ok(held)
}
