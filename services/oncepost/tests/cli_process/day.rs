//! A day with `oncepost dev` and its commands, as docs/cli.md tells it.

use std::{path::PathBuf, time::Duration};

use harness::{
    config::{Account, Pace, TOKEN},
    process::{Ran, run},
    stack::Stack,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Cue, Fake, Webhook};

struct Day {
    stack: Stack,
    platform: Fake<Webhook>,
    folder: TempDir,
}

impl Day {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let platform = Fake::<Webhook>::start().await;
        let account = Account {
            tenant: "acme",
            channel: "webhook",
            id: "main".into(),
            base_url: format!("{}/main", platform.url()),
            secrets: vec![("signing_secret", Webhook::SECRET.into())],
            settings: vec![],
            rate: None,
        };
        let stack = Stack::embedded(folder.path(), &[account], Pace::Brisk).await.unwrap();
        Self { stack, platform, folder }
    }

    async fn with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let address = self.stack.api.address().to_owned();
        let variables = [("ONCEPOST_API", address), ("ONCEPOST_TOKEN", TOKEN.to_owned())];
        let ran = run(arguments, &variables, input, Duration::from_secs(60)).await.unwrap();
        assert!(!ran.said().contains(TOKEN), "the token is shown: {}", ran.said());
        ran
    }

    /// Runs a command that must end with `code`, and returns what it said.
    async fn does(&self, code: i32, arguments: &[&str]) -> String {
        self.does_with(code, arguments, "").await
    }

    async fn does_with(&self, code: i32, arguments: &[&str], input: &str) -> String {
        let ran = self.with_input(arguments, input).await;
        assert_eq!(ran.code, Some(code), "oncepost {}: {}", arguments.join(" "), ran.said());
        ran.said()
    }

    /// The same with `--json`: one JSON document on standard output, and nothing else.
    async fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let ran = self.with_input(&[arguments, &["--json"]].concat(), "").await;
        assert_eq!(ran.code, Some(code), "oncepost {}: {}", arguments.join(" "), ran.said());
        assert_eq!(ran.err, "", "remarks are for people");
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", ran.out))
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }
}

/// A schedule message. Due at once, as a rule.
fn message(key: &str, at: &str) -> Value {
    json!({
        "version": 1, "idempotency_key": key, "tenant": "acme",
        "content": { "text": format!("hello from {key}") }, "publish_at": at,
        "targets": [{ "channel": "webhook", "account": "main" }],
    })
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

fn far_off() -> String {
    (jiff::Timestamp::now() + Duration::from_secs(30 * 24 * 3600)).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduling() {
    let day = Day::new().await;
    let file = day.file("post.json", &message("one", &now()).to_string());
    assert!(day.does(0, &["validate", &file]).await.contains("It would be accepted"));
    assert!(day.does(1, &["status", "acme/one"]).await.contains("OP-1019"), "validating stores nothing");
    assert!(day.does(0, &["schedule", &file]).await.contains("Accepted: post "));
    let again = day.does_with(0, &["schedule", "-"], &std::fs::read_to_string(&file).unwrap()).await;
    assert!(again.contains("Accepted before, and not again"), "{again}");

    let waited = day.does_with(0, &["schedule", "-", "--wait"], &message("two", &now()).to_string()).await;
    assert!(waited.contains("published"), "{waited}");
    assert_eq!(day.platform.count_of("hello from two"), 1, "it says published when it is");
    assert!(day.does(0, &["status", "acme/two"]).await.contains("published"));

    let (good, bad) = (message("three", &now()), json!({ "version": 1, "tenant": "acme" }));
    let some = day.file("some.ndjson", &format!("{good}\n{bad}\n{}\n", message("four", &now())));
    let told = day.does(1, &["schedule", &some]).await;
    assert!(told.contains("Message 2:") && told.contains("3 messages: 2 accepted, 1 refused."), "{told}");
    let refused = day.file("bad.json", &bad.to_string());
    for command in ["schedule", "validate"] {
        let told = day.does(1, &[command, &refused]).await;
        for path in ["$.idempotency_key", "$.content", "$.publish_at", "$.targets"] {
            assert!(told.contains(path), "{command} tells everything that is wrong: {told}");
        }
    }
    let conflict = message("one", &far_off()).to_string();
    assert!(day.does_with(1, &["schedule", "-"], &conflict).await.contains("OP-1011"));

    assert!(day.does(2, &["schedule", "/nowhere/post.json"]).await.contains("/nowhere/post.json cannot be read"));
    day.does(2, &["schedule"]).await;
    day.does(2, &["publish", &file]).await;
    day.does(2, &["posts", "--limit", "many"]).await;
    let posts = day.json(0, &["posts"]).await;
    assert_eq!(posts["posts"].as_array().unwrap().len(), 4, "{posts}");
    day.stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_and_its_mending() {
    let day = Day::new().await;
    day.platform.cue(Cue::refuse(422, &json!({ "error": "no such words here" })).saying("hello from bad").always());
    assert!(day.does(0, &["failures"]).await.contains("othing"), "there is nothing yet");
    let bad = message("bad", &now()).to_string();
    let told = day.does_with(1, &["schedule", "-", "--wait"], &bad).await;
    assert!(told.contains("failed"), "{told}");
    let status = day.does(1, &["status", "acme/bad"]).await;
    for part in ["OP-2001", "no such words here", "whose fault", "what to do", "went out?    no"] {
        assert!(status.contains(part), "{part} is missing: {status}");
    }
    let failures = day.json(1, &["failures"]).await;
    assert_eq!(failures["groups"][0]["code"], "OP-2001", "{failures}");
    assert!(day.does(1, &["failures"]).await.contains("OP-2001"));

    day.platform.clear_cues();
    let plan = day.json(0, &["retry", "acme/bad", "--dry-run"]).await;
    assert_eq!((&plan["going"], &plan["dry_run"]), (&json!(1), &json!(true)), "{plan}");
    assert_eq!(day.platform.posts().len(), 0, "a dry run sends nothing");
    day.does(0, &["retry", "acme/bad"]).await;
    // The same again changes nothing, and waits for how it ends.
    day.does_with(0, &["schedule", "-", "--wait"], &bad).await;
    assert_eq!(day.platform.count_of("hello from bad"), 1);
    day.does(0, &["failures"]).await;
    assert!(day.does(1, &["retry", "acme/bad"]).await.contains("OP-1018"), "what is out is not tried again");
    assert_eq!(day.platform.posts().len(), 1);
    day.stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_ones_mind() {
    let day = Day::new().await;
    day.does_with(0, &["schedule", "-"], &message("later", &far_off()).to_string()).await;
    day.does(0, &["reschedule", "acme/later", "now"]).await;
    day.platform.until(|stage| stage.count_of("hello from later") == 1).await;

    day.does_with(0, &["schedule", "-"], &message("never", &far_off()).to_string()).await;
    day.does(0, &["cancel", "acme/never"]).await;
    assert!(day.does(0, &["status", "acme/never"]).await.contains("cancelled"));
    day.does(0, &["cancel", "acme/never"]).await;

    day.does(0, &["pause", "channel:webhook", "--reason", "the office is closed"]).await;
    day.does_with(0, &["schedule", "-"], &message("held", &now()).to_string()).await;
    let pauses = day.json(0, &["pauses"]).await;
    assert_eq!(pauses["pauses"][0]["reason"], "the office is closed", "{pauses}");
    loop {
        let post = day.json(0, &["status", "acme/held"]).await;
        match post["targets"][0]["state"].as_str() {
            Some("held") => break,
            Some("scheduled" | "queued") => {}
            _ => panic!("{post}"),
        }
    }
    assert!(day.does(0, &["channels"]).await.contains("paused"));
    day.does(0, &["resume", "channel:webhook"]).await;
    day.platform.until(|stage| stage.count_of("hello from held") == 1).await;
    let told = day.does(1, &["resume", "channel:webhook"]).await;
    assert!(told.contains("There is no pause of channel:webhook"), "{told}");
    assert!(day.does(1, &["pause", "channel:pigeon", "--reason", "none"]).await.contains("pigeon"));
    day.does(2, &["pause", "channel:webhook"]).await;

    assert!(day.does(1, &["cancel", "acme/later"]).await.contains("OP-1018"), "it is out");
    assert_eq!(day.platform.posts().len(), 2);
    day.stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_around() {
    let day = Day::new().await;
    let config = day.stack.config.to_string_lossy().into_owned();
    let doctor = day.json(0, &["doctor", "--config", &config]).await;
    assert_eq!(doctor["ok"], true, "{doctor}");
    let channels = day.json(0, &["channels"]).await;
    let names: Vec<_> =
        channels["channels"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"webhook"), "{channels}");
    assert!(day.does(0, &["channels"]).await.contains("webhook"));
    assert!(day.does(0, &["help"]).await.contains("scheduler"));
    assert!(day.does(0, &["--version"]).await.starts_with("oncepost "));
    let stranger = day.with_input(&["posts", "--token", "somebody-elses-token-1234"], "").await;
    assert_eq!(stranger.code, Some(1), "{}", stranger.said());
    assert!(!stranger.said().contains("somebody-elses"), "{}", stranger.said());
    let missing = day.json(1, &["status", "acme/nothing"]).await;
    assert_eq!((&missing["status"], &missing["code"]), (&json!(404), &json!("OP-1019")), "{missing}");
    day.stack.stop().await.unwrap();
}
