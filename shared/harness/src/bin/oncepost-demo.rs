//! The demo: a campaign over several channels with faults thrown in and processes killed, counted by the platforms.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a harness lives in real time and prints")]

use std::{
    collections::BTreeMap,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;
use harness::{
    Done,
    api::text,
    campaign::{self, Planned},
    config::Pace,
    faults::Platforms,
    rest,
    show::{self, Progress},
    stack::{Role, Servers, Stack},
    tally::Tally,
};
use jiff::{Timestamp, ToSpan};
use oncepost_harness as harness;
use serde_json::json;

/// Publishes a campaign through every kind of failure and lets the platforms count.
#[derive(Parser)]
struct Arguments {
    /// Use RabbitMQ, Redis and PostgreSQL with several processes, instead of one process on embedded parts.
    #[arg(long)]
    real: bool,
    /// How many posts.
    #[arg(long, default_value_t = 90)]
    posts: usize,
    /// Over how many seconds they are due.
    #[arg(long, default_value_t = 20)]
    spread: usize,
    /// How long the run may take at most, in seconds.
    #[arg(long, default_value_t = 600)]
    limit: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match demo(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            println!("the demo could not be run: {trouble}");
            ExitCode::from(2)
        }
    }
}

struct Demo {
    stack: Stack,
    platforms: Platforms,
    plan: Vec<Planned>,
    progress: Progress,
    began: Instant,
    kills: BTreeMap<&'static str, usize>,
    limit: Duration,
}

async fn demo(arguments: Arguments) -> Done<bool> {
    let folder = tempfile::tempdir()?;
    let platforms = Platforms::start().await;
    let picture = harness::instant::picture().await?;
    let accounts = platforms.accounts();
    println!(
        "Starting oncepost on {}.",
        if arguments.real { "RabbitMQ, Redis and PostgreSQL" } else { "embedded parts" }
    );
    let stack = if arguments.real {
        Stack::real(folder.path(), Servers::start().await?, &accounts, Pace::Brisk, 3).await?
    } else {
        Stack::embedded(folder.path(), &accounts, Pace::Brisk).await?
    };
    let start = Timestamp::now().checked_add(4.seconds())?;
    let plan = campaign::plan(arguments.posts, start, arguments.spread, &picture);
    let limit = Duration::from_secs(arguments.limit);
    let began = Instant::now();
    let mut demo = Demo { stack, platforms, plan, progress: Progress::default(), began, kills: BTreeMap::new(), limit };
    let result = demo.run(arguments.real).await;
    demo.progress.end();
    let Demo { stack, kills, .. } = demo;
    stack.stop().await?;
    let tally = Tally { kills, seconds: began.elapsed().as_secs_f64(), ..result? };
    println!("\n{}", show::table(&tally));
    println!("{}", if tally.held_promises { "The promises held." } else { "A PROMISE WAS BROKEN." });
    println!("{}", serde_json::to_string(&tally)?);
    Ok(tally.held_promises)
}

impl Demo {
    async fn run(&mut self, real: bool) -> Done<Tally> {
        self.refusal().await?;
        self.schedule().await?;
        self.platforms.misbehave();
        println!("Lost answers, errors after publishing, outages, limits and a revoked token are on.\n");
        self.trouble(real).await?;
        self.until_quiet().await?;
        self.mend().await?;
        self.until_quiet().await?;
        Tally::take(&self.stack.api, &self.plan, &self.platforms).await
    }

    /// A broken message is refused with all its reasons at once.
    async fn refusal(&self) -> Done {
        let (status, answer) = self.stack.api.post("/v1/posts", &campaign::broken()).await?;
        println!("\nA broken message is refused at once ({status}), with every reason:");
        for problem in answer["problems"].as_array().into_iter().flatten() {
            println!("  {} {}: {}", text(&problem["code"]), text(&problem["path"]), text(&problem["message"]));
        }
        Ok(())
    }

    /// Schedules everything, and some of it twice: the same key gives the same answer.
    async fn schedule(&mut self) -> Done {
        let mut repeated = 0;
        for planned in &self.plan {
            let (status, answer) = self.stack.api.post("/v1/posts", &planned.message).await?;
            if !status.is_success() {
                return Err(format!("post {} was refused: {answer}", planned.number).into());
            }
            let post = text(&answer["post"]);
            if planned.number % 10 == 0 {
                let (_, again) = self.stack.api.post("/v1/posts", &planned.message).await?;
                if text(&again["post"]) != post {
                    return Err("the same request was accepted as two posts".into());
                }
                repeated += 1;
            }
        }
        let targets: usize = self.plan.iter().map(|planned| planned.targets.len()).sum();
        println!(
            "\nScheduled {} posts with {targets} targets; {repeated} were sent twice and count once.",
            self.plan.len()
        );
        Ok(())
    }

    /// Kills things while it runs.
    async fn trouble(&mut self, real: bool) -> Done {
        self.watch(Duration::from_secs(8)).await?;
        if real {
            self.kill("worker", Role::Worker).await?;
            self.watch(Duration::from_secs(3)).await?;
            self.kill("scheduler", Role::Scheduler).await?;
            self.watch(Duration::from_secs(3)).await?;
            self.wipe_redis().await?;
            self.watch(Duration::from_secs(3)).await?;
            self.restart_rabbit().await?;
        } else {
            self.kill("process", Role::Dev).await?;
            self.watch(Duration::from_secs(5)).await?;
            self.kill("process", Role::Dev).await?;
        }
        self.watch(Duration::from_secs(2)).await?;
        self.progress.say("  -- Bluesky cannot be reached for 8 seconds");
        self.platforms.bluesky.go_dark().await;
        self.watch(Duration::from_secs(8)).await?;
        Ok(self.platforms.bluesky.come_back()?)
    }

    async fn kill(&mut self, what: &'static str, role: Role) -> Done {
        self.progress.say(&format!("  -- kill -9: {what}"));
        *self.kills.entry(what).or_default() += 1;
        self.stack.kill_and_replace(role).await?;
        if role == Role::Dev {
            self.stack.api.wait_ready(Duration::from_secs(30)).await?;
        }
        Ok(())
    }

    async fn wipe_redis(&mut self) -> Done {
        let Some(servers) = &self.stack.servers else { return Ok(()) };
        self.progress.say("  -- Redis is killed and loses everything");
        *self.kills.entry("redis").or_default() += 1;
        servers.redis.kill().await?;
        servers.redis.wipe().await?;
        Ok(servers.redis.start_again().await?)
    }

    async fn restart_rabbit(&mut self) -> Done {
        let Some(servers) = &self.stack.servers else { return Ok(()) };
        self.progress.say("  -- kill -9: RabbitMQ; started again");
        *self.kills.entry("rabbitmq").or_default() += 1;
        servers.rabbit.kill().await?;
        Ok(servers.rabbit.start_again().await?)
    }

    /// A person connects the dead account again and retries what failed there.
    async fn mend(&mut self) -> Done {
        self.platforms.behave();
        self.platforms.mastodon.platform().restore(campaign::REVOKED);
        let pauses = self.stack.api.get("/v1/pauses").await?;
        for pause in pauses["pauses"].as_array().into_iter().flatten() {
            let scope = text(&pause["scope"]);
            let resumed = self.stack.api.delete(&format!("/v1/pauses?scope={scope}")).await?;
            self.progress.say(&format!("  -- an operator mends {scope}: {} held targets go on", resumed["released"]));
        }
        let failures = self.stack.api.get("/v1/failures?limit=200").await?;
        for target in failures["targets"].as_array().into_iter().flatten() {
            if target["account"] == campaign::REVOKED {
                let path = format!("/v1/targets/{}/retry", text(&target["id"]));
                // Pressed twice: the second press changes nothing.
                for _ in 0..2 {
                    self.stack.api.post(&path, &json!({})).await?;
                }
            }
        }
        Ok(())
    }

    async fn watch(&mut self, span: Duration) -> Done {
        let until = Instant::now() + span;
        while Instant::now() < until {
            if let Ok(counts) = self.stack.api.counts().await {
                self.progress.show(&counts, self.began.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    }

    /// How many targets wait in doubt on the dead account: they are settled once a person has mended it.
    async fn doubts_of_the_dead(&self) -> Done<u64> {
        let api = &self.stack.api;
        let pauses = api.get("/v1/pauses").await?;
        if pauses["pauses"].as_array().is_none_or(Vec::is_empty) {
            return Ok(0);
        }
        let mut waiting = 0;
        let posts = api.get("/v1/posts?state=in_doubt&channel=mastodon&limit=500").await?;
        for post in posts["posts"].as_array().into_iter().flatten() {
            let post = api.get(&format!("/v1/posts/{}", text(&post["id"]))).await?;
            let targets = post["targets"].as_array().into_iter().flatten();
            let of_the_dead = targets.filter(|target| target["account"] == campaign::REVOKED);
            waiting += of_the_dead.filter(|target| target["state"] == "in_doubt").count() as u64;
        }
        Ok(waiting)
    }

    /// Waits until nothing more happens by itself.
    async fn until_quiet(&mut self) -> Done {
        loop {
            let census = self.stack.api.get("/v1/census").await?;
            let counts = self.stack.api.counts().await?;
            self.progress.show(&counts, self.began.elapsed());
            let moving = rest::moving(&counts, &census);
            if moving == 0 || moving == self.doubts_of_the_dead().await? {
                return Ok(());
            }
            if self.began.elapsed() > self.limit {
                self.progress.say("  -- the time for this run is over; what still moves counts as missed");
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}
