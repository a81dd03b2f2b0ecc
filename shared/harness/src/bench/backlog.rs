//! What is due since an hour goes out as fast as its accounts may, and what falls due meanwhile does not stand behind it.

use std::time::{Duration, Instant as Stopwatch};

use jiff::{Timestamp, ToSpan};

use super::{
    beats::beats,
    figure::{Aim, Figure},
    ground::{Ground, Options, Parts, share},
    platform::Platform,
    scenes::PATIENCE,
};
use crate::{Done, stack::Role};

/// How many accounts the backlog is of. What is late goes out one after the other on each.
const ACCOUNTS: usize = 1_000;
/// The time between two late posts of one account, as the harness sets it.
const GAP: Duration = Duration::from_millis(200);

/// Targets a second below which nobody waits for the end.
const AT_LEAST: u64 = 500;

/// `count` targets that were due an hour ago, when schedulers come back.
///
/// # Errors
/// Not everything goes out.
pub async fn backlog(options: &Options, count: usize) -> Done<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let late = Platform::start(Duration::ZERO, 'a').await?.with_accounts(ACCOUNTS);
    let fresh = Platform::start(Duration::ZERO, 'b').await?.of("fresh");
    let nobody = Options { schedulers: 0, ..options.clone() };
    let mut ground = Ground::start(Parts::Real, &nobody, folder.path(), &[&late, &fresh]).await?;

    ground.schedule(count, Timestamp::now().checked_sub(1.hours())?, &late).await?;
    for _ in 0..options.schedulers {
        ground.stack.start(Role::Scheduler)?;
    }
    let watch = Stopwatch::now();
    let drained = async {
        late.wait_for(count, PATIENCE.max(Duration::from_secs(count as u64 / AT_LEAST))).await?;
        Done::Ok(watch.elapsed().as_secs_f64())
    };
    let meanwhile = beats(&mut ground, &fresh, || late.instant.posts() < count);
    let (seconds, meanwhile) = tokio::try_join!(drained, meanwhile)?;
    ground.stop().await?;

    let figure = |name: &str, value| Figure::new("backlog", Parts::Real.name(), format!("{name} of {count}"), value);
    let fresh = |name: &str, value| Figure::new("backlog", Parts::Real.name(), format!("{name} of fresh posts"), value);
    Ok(vec![
        figure("targets_per_second", count as f64 / seconds)
            .bound("its accounts' pace", ACCOUNTS as f64 / GAP.as_secs_f64()),
        fresh("p50_ms", share(&meanwhile, 0.5)?),
        fresh("p99_ms", share(&meanwhile, 0.99)?).aim(Aim::Below(1_000.0)),
    ])
}
