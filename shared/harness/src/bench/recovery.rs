//! How long after a kill everything goes out at full speed again.

use std::time::{Duration, Instant as Stopwatch};

use super::{
    figure::Figure,
    ground::{Ground, Options, Parts, wait_until},
    platform::Platform,
    scenes::PATIENCE,
};
use crate::{
    Done,
    stack::{Role, Servers},
};

/// How often is looked at what is out.
const LOOK: Duration = Duration::from_millis(20);
/// The time over which speed is counted, in seconds.
const WINDOW: f64 = 0.5;
/// The share of all targets that is out when something is killed.
const KILLED_AT: f64 = 0.25;
/// The share that ends it: what was in the hands of what was killed comes when its lease is over, which is another matter.
const END: f64 = 0.95;

/// What is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Worker,
    RabbitMq,
    Redis,
    Postgres,
}

impl Victim {
    fn name(self) -> &'static str {
        match self {
            Victim::Worker => "one of two workers",
            Victim::RabbitMq => "RabbitMQ",
            Victim::Redis => "Redis",
            Victim::Postgres => "PostgreSQL",
        }
    }

    /// Kills it and starts it, or another in its place, again. Returns how many seconds it was away.
    async fn strike(self, ground: &mut Ground) -> Done<f64> {
        let watch = Stopwatch::now();
        let number = match self {
            Victim::Worker => {
                ground.stack.kill_and_replace(Role::Worker).await?;
                return Ok(watch.elapsed().as_secs_f64());
            }
            Victim::RabbitMq => 0,
            Victim::Redis => 1,
            Victim::Postgres => 2,
        };
        let servers = ground.stack.servers.as_ref().map(Servers::all).ok_or("there are no servers")?;
        let server = servers[number];
        server.kill().await?;
        server.start_again().await?;
        Ok(watch.elapsed().as_secs_f64())
    }
}

/// Kills a worker, RabbitMQ, Redis and PostgreSQL while `count` targets go out, each on servers that are new.
///
/// # Errors
/// Not everything goes out.
pub async fn recovery(options: &Options, count: usize) -> Done<Vec<Figure>> {
    let mut figures = Vec::new();
    for victim in [Victim::Worker, Victim::RabbitMq, Victim::Redis, Victim::Postgres] {
        eprintln!("recovery from a kill of {} …", victim.name());
        let folder = tempfile::tempdir()?;
        let fast = Platform::start(Duration::ZERO, 'a').await?;
        let options = Options { workers: 2, ..options.clone() };
        let mut ground = Ground::start(Parts::Real, &options, folder.path(), &[&fast]).await?;
        let due = ground.soon(count)?;
        ground.schedule(count, due, &fast).await?;
        wait_until(due).await;
        let watch = Stopwatch::now();
        let watched = watched(&fast, watch, (count as f64 * END) as usize);
        let struck = async {
            fast.wait_for((count as f64 * KILLED_AT) as usize, PATIENCE).await?;
            let killed = watch.elapsed().as_secs_f64();
            Done::Ok((killed, victim.strike(&mut ground).await?))
        };
        let (looks, (killed, away)) = tokio::try_join!(watched, struck)?;
        ground.stop().await?;
        let slow = slow_seconds(&looks, killed).ok_or("too little went out before the kill to know the speed")?;
        let figure = |name: String, value| Figure::new("recovery", Parts::Real.name(), name, value);
        figures.push(figure(format!("seconds to full speed after {} was killed", victim.name()), slow));
        figures.push(figure(format!("seconds without {}", victim.name()), away));
    }
    Ok(figures)
}

/// How many were out when: seconds and posts, until there are `end`.
async fn watched(platform: &Platform, watch: Stopwatch, end: usize) -> Done<Vec<(f64, usize)>> {
    let mut looks = Vec::new();
    loop {
        let (at, posts) = (watch.elapsed(), platform.instant.posts());
        looks.push((at.as_secs_f64(), posts));
        if posts >= end {
            return Ok(looks);
        }
        if at > PATIENCE {
            return Err(format!("only {posts} were out {PATIENCE:?} after they were due").into());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// How long after the kill there is a last window in which less than half as much went out as before it. `None`: nothing did before it.
fn slow_seconds(looks: &[(f64, usize)], killed: f64) -> Option<f64> {
    let at = |time: f64| looks.iter().take_while(|(seen, _)| *seen <= time).last().map_or(0, |(_, posts)| *posts);
    let first = looks.iter().find(|(_, posts)| *posts > 0)?.0.min(killed);
    let before = at(killed) as f64 / (killed - first);
    let (end, _) = *looks.last()?;
    let is_slow = |from: f64| ((at(from + WINDOW) - at(from)) as f64) < before * WINDOW / 2.0;
    let starts = looks.iter().map(|(seen, _)| *seen).filter(|seen| *seen >= killed && seen + WINDOW <= end);
    (before > 0.0 && before.is_finite()).then(|| {
        let last = starts.rev().find(|from| is_slow(*from));
        last.map_or(0.0, |from| from + WINDOW - killed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is out every tenth of a second, by how many go out in each.
    fn looks(speeds: &[usize]) -> Vec<(f64, usize)> {
        let mut out = 0;
        let seen = speeds.iter().enumerate().map(|(n, speed)| {
            out += speed;
            (n as f64 / 10.0, out)
        });
        seen.collect()
    }

    #[test]
    fn full_speed_is_back_after_the_last_slow_window() {
        let speeds: Vec<_> = [vec![100; 20], vec![0; 10], vec![100; 5], vec![10; 10], vec![100; 20]].concat();
        let slow = slow_seconds(&looks(&speeds), 2.0).unwrap();
        assert!((2.0..3.0).contains(&slow), "it was slow until 2.5 s after the kill: {slow}");
        assert_eq!(slow_seconds(&looks(&[100; 60]), 2.0), Some(0.0), "nobody noticed");
        assert_eq!(slow_seconds(&looks(&[0; 60]), 2.0), None);
    }
}
