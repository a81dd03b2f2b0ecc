//! Benchmarks: whole runs of the release binary, each figure beside what the part that bounds it takes at most in the same run.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a harness lives in real time and prints")]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use harness::{
    Done,
    bench::{self, Ground, Options, Parts, Platform, Record},
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
    /// Targets that are pending at last in the size run, which is made once; 0 leaves it out.
    #[arg(long, default_value_t = 100_000)]
    pending: usize,
    /// Targets that are an hour late in the backlog run; 0 leaves it out.
    #[arg(long, default_value_t = 50_000)]
    backlog: usize,
    /// Targets of one tenant at one instant in the fairness run; 0 leaves it out.
    #[arg(long, default_value_t = 50_000)]
    fairness: usize,
    /// Targets of each kill in the recovery run; 0 leaves it out.
    #[arg(long, default_value_t = 60_000)]
    recovery: usize,
    /// Leaves out the run with more and more workers.
    #[arg(long)]
    no_scaling: bool,
    /// Leaves out the run with large pictures.
    #[arg(long)]
    no_upload: bool,
    /// A folder for plots of what is measured for several sizes.
    #[arg(long)]
    plots: Option<PathBuf>,
    /// Only on these parts.
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Workers of the real stack.
    #[arg(long, default_value_t = 1)]
    workers: usize,
}

impl Arguments {
    fn options(&self) -> Options {
        Options {
            targets: self.targets,
            slow_targets: self.slow_targets,
            delay: Duration::from_millis(self.slow_millis),
            workers: self.workers,
            schedulers: 2,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    Embedded,
    Real,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut record = Record::default();
    let arguments = Arguments::parse();
    let measured = measure(&arguments, &mut record).await;
    for series in record.all() {
        println!("{}", bench::line(series));
    }
    println!("{}", bench::table(&record));
    let drawn = arguments.plots.as_deref().map_or(Ok(()), |folder| bench::draw(&record, folder));
    match measured.and(drawn) {
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
        if arguments.only != Some(Only::Embedded) {
            stand_alone(arguments, run == 1, record).await?;
        }
    }
    Ok(())
}

/// What has servers of its own each time. Only scaling is quick enough to be played in each run.
async fn stand_alone(arguments: &Arguments, is_first: bool, record: &mut Record) -> Done {
    let options = arguments.options();
    if !arguments.no_scaling {
        eprintln!("scaling …");
        record.add(bench::scaling(&options).await?);
    }
    if !is_first {
        return Ok(());
    }
    if arguments.recovery > 0 {
        eprintln!("recovery …");
        record.add(bench::recovery(&options, arguments.recovery).await?);
    }
    if arguments.fairness > 0 {
        eprintln!("fairness …");
        record.add(bench::fairness(&options, arguments.fairness).await?);
    }
    if arguments.backlog > 0 {
        eprintln!("backlog …");
        record.add(bench::backlog(&options, arguments.backlog).await?);
    }
    if !arguments.no_upload {
        eprintln!("upload …");
        record.add(bench::upload().await?);
    }
    Ok(())
}

/// One run. What is measured until something fails is recorded all the same.
async fn play(parts: Parts, arguments: &Arguments, is_first: bool, record: &mut Record) -> Done {
    let options = arguments.options();
    if parts == Parts::Embedded {
        record.add(bench::cold_start(&options).await?);
    }
    let folder = tempfile::tempdir()?;
    let fast = Platform::start(Duration::ZERO, 'a').await?;
    let slow = Platform::start(options.delay, 'b').await?;
    let mut ground = Ground::start(parts, &options, folder.path(), &[&fast, &slow]).await?;
    let played = scenes(&mut ground, [&fast, &slow], arguments, is_first, record).await;
    played.and(ground.stop().await)
}

async fn scenes(
    ground: &mut Ground,
    [fast, slow]: [&Platform; 2],
    arguments: &Arguments,
    is_first: bool,
    record: &mut Record,
) -> Done {
    let ceilings = ground.ceilings(fast).await?;
    record.add(ceilings.figures(ground.parts));
    record.add(bench::throughput(ground, fast, &ceilings).await?);
    if arguments.slow_targets > 0 {
        record.add(bench::slow_platform(ground, slow).await?);
    }
    record.add(bench::lateness(ground, fast, arguments.instant, 100.0).await?);
    if arguments.crowd > 0 {
        record.add(bench::lateness(ground, fast, arguments.crowd, 10_000.0).await?);
    }
    record.add(bench::intake(ground, fast, &ceilings).await?);
    if is_first && arguments.pending > 0 {
        record.add(bench::pending(ground, fast, arguments.pending, arguments.instant).await?);
    }
    Ok(())
}
