//! Lists of a large ledger: how long each takes to answer, through the API and the console.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a harness lives in real time and prints")]

use std::process::ExitCode;

use clap::Parser;
use harness::{
    Done, config,
    lists::{
        asks, ground,
        reader::Reader,
        report::{self, Limits, Taken},
    },
};
use oncepost_harness as harness;

/// Fills a ledger, asks for every list and screen many times, and tells what the answers took.
#[derive(Parser)]
struct Arguments {
    /// Targets in the ledger.
    #[arg(long, default_value_t = 1_000_000)]
    targets: u64,
    /// How often each list is asked for.
    #[arg(long, default_value_t = 15)]
    times: usize,
    /// The longest median, in milliseconds.
    #[arg(long, default_value_t = 200.0)]
    limit: f64,
    /// The same for scorecards and the census, which count rows and are no lists.
    #[arg(long, default_value_t = 10_000.0)]
    report_limit: f64,
    /// Only addresses that hold this text.
    #[arg(long)]
    only: Option<String>,
    /// Ask a console that runs already, whose ledger was filled by `lists.sql`: its address.
    #[arg(long, requires = "token")]
    at: Option<String>,
    /// The token for it.
    #[arg(long)]
    token: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            println!("the lists could not be measured: {trouble}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Done<bool> {
    if let (Some(at), Some(token)) = (&arguments.at, &arguments.token) {
        return measure(arguments, at, token).await;
    }
    let folder = tempfile::tempdir()?;
    let stack = ground::fill(folder.path(), arguments.targets).await?;
    let measured = measure(arguments, stack.api.address(), config::TOKEN).await;
    stack.stop().await?;
    measured
}

async fn measure(arguments: &Arguments, address: &str, token: &str) -> Done<bool> {
    let reader = Reader::new(address, token).await?;
    let names = asks::names(&reader).await?;
    let (mut asks, left_out) = asks::all(&reader, &names).await?;
    asks.retain(|path| arguments.only.as_ref().is_none_or(|only| path.contains(only.as_str())));
    let mut all: Vec<Taken> = Vec::new();
    // A list that has more pages is asked for a page deep in it, too.
    for path in asks {
        let answer = reader.ask(&path).await?;
        let next = serde_json::from_str::<serde_json::Value>(&answer.body).ok();
        let next = next.and_then(|answer| answer["next"].as_str().map(str::to_owned));
        let deep = next
            .filter(|_| !path.contains("after="))
            .map(|next| format!("{path}{}after={next}", if path.contains('?') { '&' } else { '?' }));
        all.extend([Some(path), deep].into_iter().flatten().map(|path| {
            let is_report = asks::is_report(&path);
            Taken { path, is_report, ..Taken::default() }
        }));
    }
    // In turn, so that no list has the caches to itself.
    for _ in 0..arguments.times {
        for taken in &mut all {
            let answer = reader.ask(&taken.path).await?;
            taken.millis.push(answer.took.as_secs_f64() * 1000.0);
            taken.bytes = taken.bytes.max(answer.body.len());
            if !answer.status.is_success() {
                taken.wrong = Some(answer.status.to_string());
            }
        }
    }
    let limits = Limits { list: arguments.limit, report: arguments.report_limit };
    println!("{}", report::table(&all, limits));
    for path in left_out {
        println!("not asked for: {path}");
    }
    for taken in &all {
        println!("{}", taken.line(arguments.targets));
    }
    let slow = all.iter().filter(|taken| !taken.is_well(limits)).count();
    println!("{} of {} answer in time: lists within {} ms at the median", all.len() - slow, all.len(), arguments.limit);
    Ok(slow == 0)
}
