//! The fakes as a process of their own.

mod http;

use std::process::Stdio;

use http::{get, send};
use oncepost_testkit::{Discord, Reddit, Slack, Telegram};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = lines.next_line().await.expect("stdout").expect("a line");
    serde_json::from_str(&line).expect("JSON")
}

/// The process and what it prints.
fn start(args: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oncepost-fakes"));
    let mut process = command.args(args).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("the binary");
    let lines = BufReader::new(process.stdout.take().expect("stdout")).lines();
    (process, lines)
}

#[tokio::test]
async fn only_those_that_are_asked_for_are_served() {
    let (_process, mut lines) = start(&["--slack", "0", "--board", "0"]);
    let (board, slack) = (next(&mut lines).await, next(&mut lines).await);
    assert_eq!((&board["fake"], &slack["fake"]), (&json!("board"), &json!("slack")));
    let url = board["url"].as_str().expect("a URL");
    send(&format!("{url}/posts"), &json!({"text": "one", "account": "alice"}), 200).await;
    let call = next(&mut lines).await;
    assert_eq!((&call["event"], &call["fake"]), (&json!("call"), &json!("board")), "no other one listens");
}

#[tokio::test]
async fn settings_are_written_for_what_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("oncepost.toml");
    let (_process, mut lines) = start(&["--reddit", "0", "--board", "0", "--settings", file.to_str().expect("a path")]);
    let (reddit, _board) = (next(&mut lines).await, next(&mut lines).await);
    assert_eq!(next(&mut lines).await, json!({"event": "settings", "file": file}));
    let settings = std::fs::read_to_string(&file).expect("settings");
    let url = reddit["url"].as_str().expect("a URL");
    let (id, secret) = Reddit::CLIENT;
    let lines = [
        r#"channel = "reddit""#.to_owned(),
        format!("base_url = \"{url}\""),
        r#"app = "reddit""#.to_owned(),
        format!("secrets.refresh_token = {{ value = \"{}\" }}", Reddit::refresh_token("main")),
        format!(
            "[apps.reddit]\nsecrets.client_id = {{ value = \"{id}\" }}\nsecrets.client_secret = {{ value = \"{secret}\" }}\n"
        ),
    ];
    for line in lines {
        assert!(settings.contains(&line), "{line}\nis not in\n{settings}");
    }
    assert_eq!(settings.matches("client_secret").count(), 1, "the app's secrets are the app's");
    assert!(settings.contains("[media]\nallow_private = true\n"), "files on this machine can be tried: {settings}");
    assert_eq!(settings.matches("[[accounts]]").count(), 1, "the board is no channel's");
    let (mut second, _) = start(&["--board", "0", "--settings", file.to_str().expect("a path")]);
    assert!(!second.wait().await.expect("it ends").success(), "settings that are there may be somebody's");
    assert_eq!(std::fs::read_to_string(&file).expect("settings"), settings);
}

#[tokio::test]
async fn it_says_where_it_listens_and_what_it_was_asked() {
    let (_process, mut lines) = start(&[]);
    let mut urls = Vec::new();
    let fakes = [
        "mastodon",
        "bluesky",
        "instagram",
        "threads",
        "webhook",
        "wordpress",
        "ghost",
        "reddit",
        "linkedin",
        "x",
        "board",
        "telegram",
        "tiktok",
        "slack",
        "discord",
        "facebook",
        "pinterest",
        "google-business",
        "youtube",
        "matrix",
        "nostr",
        "openid",
    ];
    for fake in fakes {
        let line = next(&mut lines).await;
        assert_eq!((&line["event"], &line["fake"]), (&json!("listening"), &json!(fake)));
        urls.push(line["url"].as_str().expect("a URL").to_owned());
    }
    let url = |name: &str| &urls[fakes.iter().position(|fake| *fake == name).expect("a fake")];
    let board = url("board");
    send(&format!("{board}/_control/cues"), &json!({"end": {"say": {"status": 502}}}), 200).await;
    send(&format!("{board}/posts"), &json!({"text": "one", "account": "alice"}), 502).await;
    let call = next(&mut lines).await;
    assert_eq!((&call["event"], &call["fake"], &call["did"]), (&json!("call"), &json!("board"), &json!("say")));
    let posts = get(&format!("{board}/_control/posts"), 200).await;
    assert_eq!(posts[0]["id"], call["made"]);

    // What stands in a path and is a credential is neither printed nor told.
    let secrets = [
        ("telegram", format!("/bot{}/getMe", Telegram::token("alice")), "/bot***/getMe"),
        ("slack", Slack::hook("alice"), "/services/T0001/B-alice/***"),
        ("discord", Discord::hook("alice"), "/***"),
    ];
    for (at, path, shown) in secrets {
        let sent = reqwest::Client::new().post(format!("{}{path}", url(at))).body("{}").send().await;
        drop(sent.expect("an answer"));
        let line = next(&mut lines).await;
        let told = get(&format!("{}/_control/calls", url(at)), 200).await;
        for path in [&line["path"], &told[0]["path"]] {
            assert!(path.as_str().expect("a path").ends_with(shown), "{path}");
        }
    }
}
