//! What each part takes at most on this machine: measured by the raw clients in the rooms' examples, each a process of its own beside
//! servers that do nothing else meanwhile.

use std::{collections::BTreeMap, process::Stdio};

use serde_json::Value;
use tokio::process::Command;

use super::{figure::Figure, ground::Parts};
use crate::{Done, process, stack::Servers};

/// Accepting a post in PostgreSQL, which publishing has behind it.
pub(super) const ACCEPT: &str = "postgres_accept";
/// RabbitMQ: one message published and consumed.
pub(super) const AMQP: &str = "amqp";

/// Targets in a second that each part takes by itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ceilings(BTreeMap<&'static str, f64>);

impl Ceilings {
    /// Measures the servers, if there are any, and the platform that answers at once.
    ///
    /// # Errors
    /// A raw client is not built, or fails.
    pub async fn measure(servers: Option<&Servers>, platform: &str) -> Done<Self> {
        let mut rates = BTreeMap::new();
        let said = raw("raw_http", &[&format!("{platform}/raw")], None).await?;
        rates.insert("http", rate(&said, "http")?);
        if let Some(servers) = servers {
            let said = raw("raw_amqp", &[], Some(("ONCEPOST_TEST_AMQP", servers.rabbit.url()))).await?;
            rates.insert(AMQP, rate(&said, "amqp")?);
            let said = raw("raw_postgres", &[], Some(("ONCEPOST_TEST_POSTGRES", servers.postgres.url()))).await?;
            rates.insert("postgres", rate(&said, "postgres")?);
            rates.insert(ACCEPT, rate(&said, "postgres_accept")?);
            let said = raw("raw_redis", &[], Some(("ONCEPOST_TEST_REDIS", servers.redis.url()))).await?;
            rates.insert("redis", rate(&said, "redis")?);
        }
        Ok(Self(rates))
    }

    /// What this part takes.
    pub(super) fn of(&self, part: &str) -> Option<f64> {
        self.0.get(part).copied()
    }

    fn publishing(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.0.iter().filter(|(part, _)| **part != ACCEPT).map(|(part, rate)| (*part, *rate))
    }

    /// What bounds publishing: the part that takes least, and how much.
    pub(super) fn least(&self) -> Option<(&'static str, f64)> {
        self.publishing().min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// What bounds publishing if several parts share one machine and none works while another does: their times added up.
    pub(super) fn one_after_another(&self) -> Option<f64> {
        let times: Vec<_> = self.publishing().map(|(_, rate)| 1.0 / rate).collect();
        (times.len() > 1).then(|| 1.0 / times.iter().sum::<f64>())
    }

    /// They are figures, too.
    pub fn figures(&self, parts: Parts) -> impl Iterator<Item = Figure> {
        let figure = move |(part, rate): (&&str, &f64)| {
            Figure::new("ceiling", parts.name(), format!("targets_per_second of {part}"), *rate)
        };
        self.0.iter().map(figure)
    }
}

/// What a raw client says.
async fn raw(name: &str, arguments: &[&str], server: Option<(&str, &str)>) -> Done<String> {
    let missing = || format!("there is no {name} beside the harness; `make bench` builds it");
    let binary = process::binary()?.parent().map(|folder| folder.join("examples").join(name)).ok_or_else(missing)?;
    if !binary.is_file() {
        return Err(missing().into());
    }
    let mut command = Command::new(binary);
    command.args(arguments).envs(server).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{name} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()).into())
}

/// The rate of this part in the lines that a raw client has printed.
fn rate(lines: &str, part: &str) -> Done<f64> {
    let said = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let rate = said.filter(|line| line["raw"] == part).find_map(|line| line["per_second"].as_f64());
    rate.filter(|rate| *rate > 0.0).ok_or_else(|| format!("no rate of {part} in: {lines}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_that_takes_least_bounds_publishing() {
        let ceilings = Ceilings(BTreeMap::from([
            (AMQP, 6_000.0),
            ("postgres", 12_000.0),
            (ACCEPT, 1.0),
            ("redis", 4_000.0),
            ("http", 12_000.0),
        ]));
        assert_eq!((ceilings.least(), ceilings.of(ACCEPT)), (Some(("redis", 4_000.0)), Some(1.0)));
        assert_eq!(ceilings.one_after_another().map(f64::round), Some(1_714.0));
        let platform = Ceilings(BTreeMap::from([("http", 12_000.0)]));
        assert_eq!((platform.least(), platform.one_after_another()), (Some(("http", 12_000.0)), None));
    }

    #[test]
    fn a_rate_is_read_of_its_own_part_only() {
        let lines = "{\"raw\":\"postgres_accept\",\"per_second\":7.5}\n{\"raw\":\"postgres\",\"per_second\":3}\n";
        assert_eq!(rate(lines, "postgres").unwrap(), 3.0);
        assert_eq!(rate(lines, "postgres_accept").unwrap(), 7.5);
        assert!(rate(lines, "redis").is_err() && rate("{\"raw\":\"redis\",\"per_second\":0}", "redis").is_err());
    }
}
