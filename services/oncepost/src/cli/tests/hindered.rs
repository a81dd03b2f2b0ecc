//! What is told when oncepost cannot be asked, or the question makes no sense.

use clap::{CommandFactory, Parser};
use console::Token;
use insta::assert_snapshot;
use settings::Role;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::server::{Line, line, server, server_with, tell};

#[tokio::test]
async fn nobody_there_is_told_with_what_to_look_at() {
    // Bound and dropped: a port of this machine that nobody listens to.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let told = tell(line(&format!("http://127.0.0.1:{port}"), &["posts"])).await;
    assert_snapshot!(told.all().replace(&port.to_string(), "PORT"), @"
    oncepost cannot be reached at http://127.0.0.1:PORT/.
      because Connection refused (os error 111)
    → Is it running (`oncepost api`, `oncepost dev`)? Is --api (ONCEPOST_API) right?
    [exit code 3]
    ");
}

#[tokio::test]
async fn a_stranger_is_not_taken_for_oncepost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        let hello = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
        stream.write_all(hello.as_bytes()).await.unwrap();
    };
    let (told, ()) = futures::join!(tell(line(&address, &["posts"])), answer);
    assert_eq!(told.code, 3);
    assert!(told.remarks.contains("is not oncepost's API (HTTP 200)"), "{}", told.remarks);
}

#[tokio::test]
async fn a_missing_token_is_told_and_a_given_one_is_used_and_never_shown() {
    let server = server_with(vec![Token::new("ops", Role::Admin, None, "hush-hush")]).await;
    assert_snapshot!(server.says(&["posts"]).await, @"
    Unauthorized
      The request has no token, or one that is not known.
    → Send the header Authorization: Bearer <token>, with a token from api.tokens of the server's
      settings.
    [exit code 1]
    ");
    assert_eq!(server.tell(&["--token", "hush-hush", "posts"]).await.code, 0);
    assert!(!format!("{:?}", line(&server.address, &["--token", "hush-hush", "posts"]).options).contains("hush"));
}

#[tokio::test]
async fn wrong_usage_is_told_with_the_right_one() {
    let server = server().await;
    let mut all = Vec::new();
    for arguments in [
        &["status", "campaign-7"][..],
        &["status", "acme/campaign-7"],
        &["status", "018f4a2e-7c5b-7abc-8def-0123456789ab"],
        &["schedule", "/no/such/file.json"],
        &["reschedule", "acme/x", "tomorrow"],
        &["resolve", "acme/x", "--send-again"],
        &["look", "acme/x"],
        &["posts", "--state", "gone"],
    ] {
        all.push(server.says(arguments).await);
    }
    all.push(tell(line("localhost:8380", &["posts"])).await.all());
    assert_snapshot!("usage", all.join("\n---\n"));
}

#[test]
fn the_command_line_is_sound_and_refuses_what_contradicts_itself() {
    Line::command().debug_assert();
    let parsed = |arguments: &[&str]| Line::try_parse_from(["oncepost"].iter().chain(arguments)).is_ok();
    assert!(parsed(&["resolve", "x", "--published", "https://a.example", "--id", "1"]));
    assert!(parsed(&["resolve", "x", "--id", "1"]));
    assert!(!parsed(&["resolve", "x"]));
    assert!(parsed(&["resolve", "--group", "OP-4001/channel/-"]));
    assert!(!parsed(&["resolve"]) && !parsed(&["resolve", "x", "--group", "OP-4001/channel/-"]));
    assert!(!parsed(&["resolve", "x", "--published", "https://a.example", "--send-again"]));
    assert!(!parsed(&["pause", "all"]), "a pause has a reason");
}

#[test]
fn every_command_and_its_options_are_in_the_manual() {
    let manual = include_str!("../../../../../docs/cli.md");
    for command in Line::command().get_subcommands() {
        let name = command.get_name();
        assert!(manual.contains(&format!("## {name}\n")), "docs/cli.md has a section on {name}");
        for option in command.get_arguments().filter_map(clap::Arg::get_long).filter(|long| *long != "help") {
            assert!(manual.contains(&format!("--{option}")), "docs/cli.md speaks of {name} --{option}");
        }
    }
}
