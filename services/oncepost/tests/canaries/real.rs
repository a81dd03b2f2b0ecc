//! As in production: several processes on PostgreSQL, RabbitMQ and Redis.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::Policy;
use harness::{
    config::{Pace, TOKEN},
    process, shared,
    stack::{Role, Stack},
};
use ledger::{Postgres, PostgresOptions, TimeSource};
use runtime::Runtime;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    planted::{OPEN, Planted},
    queues::Queues,
    search::{Places, decoded},
};

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_any_table_message_line_span_metric_answer_or_command() {
    let folder = TempDir::new().unwrap();
    let stores = shared::stores().await.unwrap();
    let mut planted = Planted::new().await;
    let mut stack = Stack::over(folder.path(), &stores, &planted.listed(), Pace::Brisk).await.unwrap();
    planted.complete(&stack);
    stack.extra = Planted::variables();
    let options = PostgresOptions::new(&stores.ledger, Policy::default(), TimeSource::Server);
    let store = Arc::new(Postgres::connect(options, &Runtime::system()).await.unwrap());
    let vault = planted.vault(store);

    stack.staff(1, 0).await.unwrap();
    let queues = Queues::listen(&stores.broker, &stores.prefix).await;
    let mut places = Places::default();
    planted.connect(&stack, &mut places).await;
    stack.start(Role::Keeper).unwrap();
    let posts = Planted::posts();
    let (status, answer) = stack.api.post("/v1/posts:batch", &json!(posts)).await.unwrap();
    assert_eq!(status, 202, "{answer}");
    places.add("answers of the API", answer.to_string());
    queues.schedule(format!(r#"{{"version": 1, "tenant": "acme", "account": "{OPEN}"}}"#).as_bytes()).await;
    places.add("work queues", queues.work(Planted::channels(), posts.len()).await);
    stack.start(Role::Worker).unwrap();
    rest(&stack, posts.len() as u64).await;
    planted.given(&vault).await;

    let target = target(&stack).await;
    answers(&stack, &mut places).await;
    metrics(&stack, &mut places).await;
    commands(&stack, &mut places).await;
    let (letters, dead) = queues.dead(Planted::channels()).await;
    assert!(letters >= 3, "{letters} dead letters");
    places.add("dead letters", dead);
    places.add("events", queues.events().await);
    places.add("retry queues", queues.retries().await);
    places.add("refused requests", queues.rejected().await);
    let dump = dump(&stores.ledger).await;
    places.add("tables", &dump);
    places.add("tables", decoded(&dump));
    // What they say as they end, and the last spans.
    stack.stop().await.unwrap();
    logs(folder.path(), &mut places);
    places.add("spans", planted.spans());
    judge(&planted, &places, &target, 11);
}

/// No canary is anywhere, and what was planted openly is everywhere: the account's name, in spans the id of its target, which is all
/// that they name, and in the metrics their own names, which are all that they have.
pub fn judge(planted: &Planted, places: &Places, target: &str, count: usize) {
    assert_eq!(places.names().len(), count, "{:?}", places.names());
    for place in places.names() {
        let open = match place {
            "spans" => target,
            "metrics" => "oncepost_outcomes_total",
            _ => OPEN,
        };
        assert!(places.holding(open).contains_key(place), "{open} is planted openly and was not found in the {place}");
    }
    let found: Vec<_> = planted
        .canaries
        .iter()
        .flat_map(|(name, secret)| {
            places.holding(secret).into_iter().map(move |(place, around)| format!("{name} is in the {place}: {around}"))
        })
        .collect();
    assert!(found.is_empty(), "{} secrets are shown:\n{}", found.len(), found.join("\n\n"));
}

/// Waits until nothing is under way any more.
pub async fn rest(stack: &Stack, all: u64) {
    let began = Instant::now();
    loop {
        let counts = stack.api.counts().await.unwrap();
        let states = counts.values().flatten();
        let resting = states.filter(|(state, _)| ["published", "failed", "held", "in_doubt"].contains(&state.as_str()));
        let (sum, doubts) = resting.fold((0, 0), |(sum, doubts), (state, count)| {
            (sum + count, doubts + if state == "in_doubt" { *count } else { 0 })
        });
        if sum == all && doubts > 0 {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{counts:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The id of the first target of the account that is named openly.
pub async fn target(stack: &Stack) -> String {
    let post = stack.api.get("/v1/posts/by-key/acme/post-1").await.unwrap();
    assert_eq!(post["targets"][0]["account"], OPEN);
    post["targets"][0]["id"].as_str().unwrap().to_owned()
}

/// Everything that the API shows, to callers with and without a good token.
pub async fn answers(stack: &Stack, places: &mut Places) {
    let http = reqwest::Client::new();
    let mut paths: Vec<String> = [
        "posts",
        "failures",
        "pauses",
        "channels",
        "accounts",
        "census",
        "errors/OP-2101",
        "errors/OP-2106",
        "apps",
        "nothing",
        "openapi.json",
        "accounts/acme/x/k9openly",
        "accounts/acme/x/k9dead",
        "accounts/acme/x/k9linked",
        "forecast",
        "posts/by-key/acme/nothing",
    ]
    .map(|path| format!("/v1/{path}"))
    .into();
    let posts = stack.api.get("/v1/posts").await.unwrap();
    let ids = posts["posts"].as_array().or(posts["items"].as_array()).expect("posts").clone();
    assert!(!ids.is_empty());
    for post in ids {
        paths.push(format!("/v1/posts/{}?attempts=true", post["id"].as_str().unwrap()));
    }
    paths.extend(["/openapi.json", "/v1/openapi.yaml", "/"].map(Into::into));
    for path in paths {
        for token in [TOKEN, "a-token-of-nobody-0123456789"] {
            let answer = http.get(format!("{}{path}", stack.api.address())).bearer_auth(token).send().await.unwrap();
            let headers = format!("{} {:?}", answer.status(), answer.headers());
            places.add("answers of the API", format!("{path} {headers}\n{}", answer.text().await.unwrap()));
        }
    }
    // Problems, which say what was wrong with what.
    let wrong: Value = json!({"version": 1, "tenant": "acme", "targets": [{"channel": "x", "account": OPEN}]});
    let (_, problem) = stack.api.post("/v1/posts", &wrong).await.unwrap();
    places.add("answers of the API", problem.to_string());
}

pub async fn metrics(stack: &Stack, places: &mut Places) {
    for running in stack.processes() {
        for path in ["metrics", "healthz", "readyz"] {
            let answer = reqwest::get(format!("{}/{path}", running.health)).await.unwrap();
            places.add("metrics", answer.text().await.unwrap());
        }
    }
}

/// What commands say, right ones and wrong ones, also of settings that cannot be used.
pub async fn commands(stack: &Stack, places: &mut Places) {
    let config = stack.config.to_string_lossy().into_owned();
    let broken = stack.config.with_file_name("broken.json");
    let text = std::fs::read_to_string(&stack.config).unwrap();
    std::fs::write(&broken, text.replace("\"signing_secret\"", "\"\"").replace("\"vault\"", "\"vualt\"")).unwrap();
    let broken = broken.to_string_lossy().into_owned();
    let api = [("ONCEPOST_API", stack.api.address().to_owned()), ("ONCEPOST_TOKEN", TOKEN.to_owned())];
    let variables: Vec<_> = Planted::variables().into_iter().chain(api).collect();
    let commands: &[&[&str]] = &[
        &["doctor", "--config", &config],
        &["doctor", "--json", "--config", &config],
        &["doctor", "--config", &broken],
        &["worker", "--config", &broken],
        &["vault", "rotate", "--config", &config],
        &["failures"],
        &["failures", "--json"],
        &["posts"],
        &["pauses"],
        &["channels"],
        &["status", "acme/post-2"],
        &["status", "acme/post-4", "--json"],
        &["help"],
    ];
    for arguments in commands {
        let ran = process::run(arguments, &variables, "", Duration::from_secs(60)).await.unwrap();
        places.add("commands", format!("{arguments:?} {:?}\n{}", ran.code, ran.said()));
    }
}

/// All that processes said on standard output and standard error.
pub fn logs(folder: &Path, places: &mut Places) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            places.add("logs", std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Every row of every table.
async fn dump(database: &str) -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin/pg_dump")).find(|path| path.is_file());
    let mut command = tokio::process::Command::new(found.unwrap_or_else(|| PathBuf::from("pg_dump")));
    let dumped = command.args(["--dbname", database, "--data-only", "--inserts"]).output().await.unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    let text = String::from_utf8(dumped.stdout).unwrap();
    assert!(text.contains("INSERT INTO"));
    text
}
