//! What is played and measured.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant as Stopwatch},
};

use broker::{Destination, Outgoing, Rabbit, RabbitSettings, Transport};
use futures::{StreamExt, stream};
use jiff::{Timestamp, ToSpan};
use runtime::Runtime;

use super::{
    ceiling::{ACCEPT, AMQP, Ceilings},
    figure::{Aim, Figure},
    ground::{Ground, IN_FLIGHT, Options, Parts, share, wait_until},
    platform::Platform,
};
use crate::{Done, config, process::Usage, stack::Role};

/// How long a scene may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// How long `oncepost dev` takes from nothing to its first good answer.
///
/// # Errors
/// It does not come up.
pub async fn cold_start(options: &Options) -> Done<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let platform = Platform::start(Duration::ZERO, 'a').await?;
    let watch = Stopwatch::now();
    let ground = Ground::start(Parts::Embedded, options, folder.path(), &[&platform]).await?;
    let seconds = watch.elapsed().as_secs_f64();
    ground.stop().await?;
    Ok(vec![Figure::new("cold_start", Parts::Embedded.name(), "seconds", seconds).aim(Aim::Below(1.0))])
}

/// Everything is due at once, and the platform answers at once: how fast does it go out, and what does that take?
///
/// # Errors
/// Not everything goes out.
pub async fn throughput(ground: &mut Ground, fast: &Platform, ceilings: &Ceilings) -> Done<Vec<Figure>> {
    let count = ground.options.targets;
    let parts = ground.parts.name();
    let out = go_out(ground, fast, count).await?;
    let least = match ground.parts {
        Parts::Real => 4_000.0,
        Parts::Embedded => 10_000.0,
    };
    let rate = |name: &str, bound: Option<(&'static str, f64)>| {
        let figure = Figure::new("throughput", parts, name, out.rate);
        bound.map(|(by, at_most)| figure.bound(by, at_most))
    };
    // The same against each bound: what a message costs at least, the part that takes least, and all of them on one machine.
    let amqp = ceilings.of(AMQP).map(|rate| (AMQP, rate));
    let mut figures: Vec<_> = [
        rate("targets_per_second", ceilings.least()).map(|figure| figure.aim(Aim::AtLeast(least))),
        rate("targets_per_second by messages", amqp),
        rate("targets_per_second by all parts", ceilings.one_after_another().map(|rate| ("one after another", rate))),
    ]
    .into_iter()
    .flatten()
    .collect();
    figures.push(Figure::new("throughput", parts, "calls_repeated", out.repeated));
    for (role, seconds) in out.cpu {
        let name = format!("{}_cpu_seconds_per_1000", role.command());
        let figure = Figure::new("throughput", parts, name, seconds);
        figures.push(if role == Role::Worker { figure.aim(Aim::Below(0.3)) } else { figure });
    }
    for (role, usage) in ground.usage() {
        let name = format!("{}_peak_mib", role.command());
        figures.push(Figure::new("throughput", parts, name, usage.peak_kib as f64 / 1024.0));
    }
    Ok(figures)
}

/// The same against a platform that takes its time: it should be the only one that does.
///
/// # Errors
/// Not everything goes out.
pub async fn slow_platform(ground: &mut Ground, slow: &Platform) -> Done<Vec<Figure>> {
    let out = go_out(ground, slow, ground.options.slow_targets).await?;
    let at_most = by_the_platform(ground.senders(), ground.options.delay);
    let rate = Figure::new("slow_platform", ground.parts.name(), "targets_per_second", out.rate);
    Ok(vec![rate.aim(Aim::AtLeast(0.9 * at_most)).bound("the platform's time", at_most)])
}

/// So many targets in a second a platform that takes `delay` lets `senders` send at most.
fn by_the_platform(senders: usize, delay: Duration) -> f64 {
    (IN_FLIGHT * senders) as f64 / delay.as_secs_f64()
}

/// More and more workers and schedulers against a platform that takes so long that processors do not bound them: one after the other, on
/// servers that are new each time.
///
/// # Errors
/// Not everything goes out.
pub async fn scaling(options: &Options) -> Done<Vec<Figure>> {
    const DELAY: Duration = Duration::from_millis(500);
    const EACH: usize = 4_000;
    let mut figures = Vec::new();
    for workers in [1, 2, 4, 8] {
        let folder = tempfile::tempdir()?;
        let slow = Platform::start(DELAY, 'a').await?;
        let options = Options { workers, schedulers: workers, ..options.clone() };
        let mut ground = Ground::start(Parts::Real, &options, folder.path(), &[&slow]).await?;
        let out = go_out(&mut ground, &slow, EACH * workers).await?;
        ground.stop().await?;
        let at_most = by_the_platform(workers, DELAY);
        let name = format!("targets_per_second with {workers} workers");
        let rate = Figure::new("scaling", Parts::Real.name(), name, out.rate).along(workers);
        figures.push(rate.aim(Aim::AtLeast(0.9 * at_most)).bound("the platform's time", at_most));
    }
    Ok(figures)
}

/// What came of it when everything was due at once.
struct Out {
    rate: f64,
    repeated: f64,
    cpu: Vec<(Role, f64)>,
}

async fn go_out(ground: &mut Ground, platform: &Platform, count: usize) -> Done<Out> {
    let due = ground.soon(count)?;
    ground.schedule(count, due, platform).await?;
    wait_until(due).await;
    let before = ground.usage();
    let watch = Stopwatch::now();
    platform.wait_for(count, PATIENCE).await?;
    let seconds = watch.elapsed().as_secs_f64();
    let repeated = platform.instant.arrivals().iter().filter(|arrival| arrival.calls > 1).count();
    platform.instant.clear();
    let after = ground.usage();
    let spent = |((role, before), (_, after)): (&(Role, Usage), &(Role, Usage))| {
        (*role, (after.cpu_seconds - before.cpu_seconds) / count as f64 * 1_000.0)
    };
    let cpu = before.iter().zip(&after).map(spent).collect();
    Ok(Out { rate: count as f64 / seconds, repeated: repeated as f64, cpu })
}

/// So many targets at one instant: how late does each arrive at the platform?
///
/// # Errors
/// Not everything goes out.
pub async fn lateness(ground: &mut Ground, fast: &Platform, count: usize, below_ms: f64) -> Done<Vec<Figure>> {
    let due = ground.soon(count)?;
    ground.schedule(count, due, fast).await?;
    let before = handed_over(ground).await?;
    fast.wait_for(count, PATIENCE).await?;
    let late = fast.lateness(due);
    fast.instant.clear();
    let handed_over = share_within(&before, &handed_over(ground).await?, "0.1");
    let handed_over = handed_over.ok_or("the schedulers counted nothing that they handed over")?;
    let figure =
        |name: &str, value| Figure::new("lateness", ground.parts.name(), format!("{name} of {count} at once"), value);
    Ok(vec![
        figure("p50_ms", share(&late, 0.5)?),
        figure("p99_ms", share(&late, 0.99)?).aim(Aim::Below(below_ms)),
        figure("max_ms", share(&late, 1.0)?),
        figure("handed_over_within_100_ms", handed_over),
    ])
}

/// How many were handed to the broker how late, as the schedulers count it: by the bound in seconds.
async fn handed_over(ground: &Ground) -> Done<BTreeMap<String, f64>> {
    ground.stack.metric("oncepost_emit_lateness_seconds_bucket", "le").await
}

/// Which share of what came between `before` and `after` was within this bound; `None`: nothing came.
fn share_within(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>, bound: &str) -> Option<f64> {
    let new = |bound: &str| after.get(bound).unwrap_or(&0.0) - before.get(bound).unwrap_or(&0.0);
    let all = new("+Inf");
    (all > 0.0).then(|| new(bound) / all)
}

/// How many posts in a second are accepted, which is: on the disk. By HTTP in batches, and as messages if there is a RabbitMQ.
///
/// # Errors
/// A post is refused.
pub async fn intake(ground: &mut Ground, fast: &Platform, ceilings: &Ceilings) -> Done<Vec<Figure>> {
    let count = ground.options.targets;
    let far = Timestamp::now().checked_add(240.hours())?;
    let parts = ground.parts.name();
    let held = |figure: Figure| {
        let figure = figure.aim(Aim::AtLeast(5_000.0));
        match ceilings.of(ACCEPT) {
            Some(rate) => figure.bound(ACCEPT, rate),
            None => figure,
        }
    };
    let seconds = ground.schedule(count, far, fast).await?;
    let mut figures = vec![held(Figure::new("intake", parts, "posts_per_second by HTTP", count as f64 / seconds))];
    if let Some(servers) = &ground.stack.servers {
        let settings = RabbitSettings {
            prefix: config::PREFIX.into(),
            ..RabbitSettings::new(servers.rabbit.url().parse()?, "upstream", Vec::new())
        };
        let upstream = Rabbit::connect(&Runtime::system(), settings).await?;
        let seconds = by_message(ground, fast, &upstream, count, far).await?;
        upstream.close().await;
        figures.push(held(Figure::new("intake", parts, "posts_per_second by AMQP", count as f64 / seconds)));
    }
    Ok(figures)
}

/// Sends `count` schedule messages; returns the seconds until the schedulers have accepted all of them.
async fn by_message(
    ground: &mut Ground,
    fast: &Platform,
    upstream: &Rabbit,
    count: usize,
    due: Timestamp,
) -> Done<f64> {
    const ACCEPTED: &str = "oncepost_schedule_accepted_total";
    let messages = ground.messages(count, due, fast);
    let before = ground.stack.total(ACCEPTED).await?;
    let watch = Stopwatch::now();
    let mut sent = stream::iter(messages.iter().enumerate())
        .map(|(n, message)| upstream.publish(Outgoing::json(Destination::Schedule, n.to_string(), message.to_string())))
        .buffer_unordered(1_000);
    while let Some(sent) = sent.next().await {
        sent?;
    }
    while ground.stack.total(ACCEPTED).await? < before + count as f64 {
        if watch.elapsed() > PATIENCE {
            return Err(format!("not all of {count} messages were accepted within {PATIENCE:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(watch.elapsed().as_secs_f64())
}

/// Ever more that is not due: memory stays as it is, a row costs little, and what is due goes out as before. It is looked at every time
/// that ten times as much is pending, up to `most`.
///
/// # Errors
/// A post is refused, or not everything goes out that is due.
pub async fn pending(ground: &mut Ground, fast: &Platform, most: usize, instant: usize) -> Done<Vec<Figure>> {
    let far = Timestamp::now().checked_add(240.hours())?;
    let parts = ground.parts.name();
    let before = held_mib(ground);
    let (mut figures, mut pending) = (Vec::new(), 0);
    for count in steps(most) {
        let seconds = ground.schedule(count - pending, far, fast).await?;
        let figure = |name: &str, value| {
            Figure::new("pending", parts, format!("{name} with {count} pending"), value).along(count)
        };
        figures.push(figure("posts_per_second", (count - pending) as f64 / seconds));
        pending = count;
        figures.push(figure("memory_more_mib", held_mib(ground) - before).aim(Aim::Below(64.0)));
        if count == most
            && let Some(bytes) = ledger_bytes(ground).await?
        {
            figures.push(figure("ledger_bytes_each", bytes / ground.made() as f64).aim(Aim::Below(1_024.0)));
        }
        let late = lateness(ground, fast, instant, 100.0).await?;
        let named = |figure: Figure| {
            Figure { bench: "pending", name: format!("{} with {count} pending", figure.name), ..figure }.along(count)
        };
        figures.extend(late.into_iter().map(named));
    }
    Ok(figures)
}

/// A thousand, ten thousand and so on, and at last `most`.
fn steps(most: usize) -> Vec<usize> {
    let tens = std::iter::successors(Some(1_000_usize), |count| count.checked_mul(10));
    tens.take_while(|count| *count < most).chain([most]).collect()
}

/// Memory of all processes.
fn held_mib(ground: &Ground) -> f64 {
    ground.usage().iter().map(|(_, usage)| usage.resident_kib as f64 / 1024.0).sum()
}

/// How large the ledger is, of a database that can be asked.
async fn ledger_bytes(ground: &Ground) -> Done<Option<f64>> {
    let Some(servers) = &ground.stack.servers else { return Ok(None) };
    let query = "select sum(pg_total_relation_size(c.oid)) from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname = 'public' and c.relkind = 'r'";
    let output = tokio::process::Command::new("psql").args([servers.postgres.url(), "-Atc", query]).output().await?;
    let bytes = String::from_utf8_lossy(&output.stdout).trim().parse::<f64>();
    bytes.map(Some).map_err(|_| {
        format!("PostgreSQL did not say how large it is: {}", String::from_utf8_lossy(&output.stderr)).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pending_grows_tenfold_up_to_the_most() {
        assert_eq!(steps(500), [500]);
        assert_eq!(steps(1_000), [1_000]);
        assert_eq!(steps(250_000), [1_000, 10_000, 100_000, 250_000]);
    }

    #[test]
    fn only_what_came_meanwhile_is_shared_out() {
        let counted = |within: f64, all: f64| BTreeMap::from([("0.1".to_owned(), within), ("+Inf".to_owned(), all)]);
        assert_eq!(share_within(&counted(10.0, 100.0), &counted(40.0, 150.0), "0.1"), Some(0.6));
        assert_eq!(share_within(&BTreeMap::new(), &counted(3.0, 4.0), "0.1"), Some(0.75));
        assert_eq!(share_within(&counted(3.0, 4.0), &counted(3.0, 4.0), "0.1"), None, "nothing came");
    }
}
