//! Benchmarks: whole runs of the release binary, each figure beside what the part that bounds it takes at most in the same run.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a harness lives in real time and prints")]

use std::{process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use harness::{
    Done,
    bench::{self, Ground, Options, Parts, Record},
};
use oncepost_harness as harness;
use serde_json::json;

/// Measures speed, lateness and size, several times over.
#[derive(Parser)]
struct Arguments {
    /// How often everything is measured, on servers that are new each time.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Targets of the throughput and intake runs.
    #[arg(long, default_value_t = 20_000)]
    targets: usize,
    /// Targets of the runs against a platform that takes its time; 0 leaves them out.
    #[arg(long, default_value_t = 20_000)]
    slow_targets: usize,
    /// How long that platform takes, in milliseconds.
    #[arg(long, default_value_t = 50)]
    slow_millis: u64,
    /// Targets due at the same instant in the small lateness run.
    #[arg(long, default_value_t = 2_000)]
    instant: usize,
    /// The same in the large one; 0 leaves it out.
    #[arg(long, default_value_t = 20_000)]
    crowd: usize,
    /// Targets that are pending in the size run, which is made once; 0 leaves it out.
    #[arg(long, default_value_t = 100_000)]
    pending: usize,
    /// Only on these parts.
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Workers of the real stack.
    #[arg(long, default_value_t = 1)]
    workers: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    Embedded,
    Real,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut record = Record::default();
    let measured = measure(&Arguments::parse(), &mut record).await;
    for series in record.all() {
        println!("{}", bench::line(series));
    }
    println!("{}", bench::table(&record));
    match measured {
        Ok(()) => {
            println!("{} figures, {} not what they should be", record.all().len(), record.missed());
            ExitCode::SUCCESS
        }
        Err(trouble) => {
            println!("{}", json!({ "error": trouble.to_string() }));
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments, record: &mut Record) -> Done {
    for run in 1..=arguments.runs {
        for (parts, only) in [(Parts::Embedded, Only::Embedded), (Parts::Real, Only::Real)] {
            if arguments.only.is_none_or(|wanted| wanted == only) {
                eprintln!("run {run} of {}, {} …", arguments.runs, parts.name());
                play(parts, arguments, run == 1, record).await?;
            }
        }
    }
    Ok(())
}

/// One run. What is measured until something fails is recorded all the same.
async fn play(parts: Parts, arguments: &Arguments, is_first: bool, record: &mut Record) -> Done {
    let options = Options {
        targets: arguments.targets,
        slow_targets: arguments.slow_targets,
        delay: Duration::from_millis(arguments.slow_millis),
        workers: arguments.workers,
    };
    if parts == Parts::Embedded {
        record.add(bench::cold_start(&options).await?);
    }
    let folder = tempfile::tempdir()?;
    let mut ground = Ground::start(parts, &options, folder.path()).await?;
    let played = scenes(&mut ground, arguments, is_first, record).await;
    played.and(ground.stop().await)
}

async fn scenes(ground: &mut Ground, arguments: &Arguments, is_first: bool, record: &mut Record) -> Done {
    let ceilings = ground.ceilings().await?;
    record.add(ceilings.figures(ground.parts));
    record.add(bench::throughput(ground, &ceilings).await?);
    if arguments.slow_targets > 0 {
        record.add(bench::slow_platform(ground).await?);
    }
    record.add(bench::lateness(ground, arguments.instant, 100.0).await?);
    if arguments.crowd > 0 {
        record.add(bench::lateness(ground, arguments.crowd, 10_000.0).await?);
    }
    record.add(bench::intake(ground, &ceilings).await?);
    if is_first && arguments.pending > 0 {
        record.add(bench::pending(ground, arguments.pending, arguments.instant).await?);
    }
    Ok(())
}
