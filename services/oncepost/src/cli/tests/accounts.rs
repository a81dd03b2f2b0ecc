//! What is told of accounts and apps.

use domain::{Code, Failure, Fix, Landed, Outcome, PlatformWords, Scope, Worth};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::server::{Server, message, serve, server};

const NAME: &str = "acme/long/second";

async fn connected(server: &Server, token: &str) -> String {
    let file = server.file("account.json", &ask(token).to_string());
    server.says(&["accounts", "connect", NAME, "--from", &file]).await
}

fn ask(token: &str) -> Value {
    json!({ "base_url": "https://example.org", "secrets": { "access_token": token } })
}

#[tokio::test]
async fn accounts_are_connected_listed_and_told_in_full() {
    let server = server().await;
    let token = server.file("token", "poor\n");
    let source = format!("access_token=@{token}");
    let mut all = vec![server.says(&["accounts"]).await];
    let url = ["--base-url", "https://example.org"];
    all.push(server.says(&["accounts", "connect", NAME, url[0], url[1], "--secret", &source]).await);
    all.push(server.says(&["accounts"]).await);
    all.push(connected(&server, "good").await);
    all.push(server.says(&["accounts", NAME]).await);
    all.push(connected(&server, "locked").await);
    all.push(server.says(&["accounts", "--state", "restricted"]).await);
    all.push(server.says(&["accounts", "--tenant", "nobody"]).await);
    assert_snapshot!("accounts", all.join("\n---\n"));
}

#[tokio::test]
async fn one_account_ends_as_the_list_of_all_does() {
    let server = server().await;
    for (token, code) in [("good", 0), ("mistyped", 1), ("good", 0), ("poor", 1)] {
        connected(&server, token).await;
        for arguments in [&["accounts"][..], &["accounts", NAME]] {
            let told = server.tell(arguments).await;
            assert_eq!(told.code, code, "{token}: {}", told.all());
        }
    }
}

#[tokio::test]
async fn connecting_again_tells_what_was_released() {
    let server = server().await;
    connected(&server, "good").await;
    let mut targets = Vec::new();
    for key in ["one", "two"] {
        let mut post = message(key);
        post["targets"] = json!([{ "channel": "long", "account": "second" }]);
        let file = server.file("post.json", &post.to_string());
        let answer = server.tell(&["--json", "schedule", &file]).await.answer;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        targets.push(answer["targets"][0]["target"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned());
    }
    let failure = Failure {
        code: Code::TOKEN_REVOKED,
        landed: Landed::No,
        worth: Worth::AfterFix { fix: Fix::Reconnect },
        scope: Scope::Account,
        step: "create status".into(),
        said: PlatformWords::text("the access token was revoked"),
    };
    let attempt = server.arm(&targets[0]).await;
    server.finish(&targets[0], attempt, Outcome::Failed(failure)).await;
    server.apply(&targets[1], domain::Command::Wake).await;
    assert_snapshot!("reconnected", connected(&server, "good").await);
}

#[tokio::test]
async fn accounts_are_looked_after_switched_off_and_disconnected() {
    let server = server().await;
    connected(&server, "good").await;
    let mut all = Vec::new();
    for arguments in [
        &["check", NAME][..],
        &["refresh", NAME],
        &["disable", NAME, "--reason", "moving house"],
        &["enable", NAME],
        &["disconnect", "acme/long/main"],
        &["disconnect", NAME],
        &["check", NAME],
        &["check", "acme/long"],
    ] {
        all.push(server.says(&[&["accounts"][..], arguments].concat()).await);
    }
    assert_snapshot!("looked_after", all.join("\n---\n"));
}

#[tokio::test]
async fn apps_are_put_in_listed_and_removed() {
    let server = server().await;
    let file = server.file("app.json", r#"{"secrets":{"client_id":"a","client_secret":"b"}}"#);
    let mut all = vec![server.says(&["apps"]).await];
    all.push(server.says(&["apps", "put", "our-app", "--from", &file]).await);
    all.push(server.says(&["apps", "put", "our-app", "--secret", &format!("client_id=@{file}")]).await);
    all.push(server.says(&["apps"]).await);
    all.push(server.says(&["apps", "remove", "our-app"]).await);
    all.push(server.says(&["apps", "remove", "our-app"]).await);
    assert_snapshot!("apps", all.join("\n---\n"));
}

#[tokio::test]
async fn json_is_the_apis_own_answer_and_slips_are_told_without_secrets() {
    let server = server().await;
    let mut wrong = ask("canary");
    wrong["settings"] = json!({ "visibility": "none" });
    wrong["secrets"]["acces_token"] = json!("canary");
    let file = server.file("wrong.json", &wrong.to_string());
    let told = server.tell(&["accounts", "connect", NAME, "--from", &file]).await;
    assert_snapshot!("connect_refused", told.all());
    assert!(!told.all().contains("canary"));
    let told = server.tell(&["--json", "accounts"]).await;
    let json: Value = serde_json::from_str(&told.answer).unwrap();
    assert_eq!(json["accounts"].as_array().unwrap().len(), 2, "nothing was stored: {json}");
    let told = server.tell(&["accounts", "--json", "check", "acme/long/main"]).await;
    assert_eq!(serde_json::from_str::<Value>(&told.answer).unwrap()["account"]["id"], "main", "{}", told.all());
    let argument = server.tell(&["accounts", "connect", NAME, "--secret", "access_token=canary"]).await;
    assert!(argument.code == 2 && !argument.all().contains("canary"), "{}", argument.all());
}

fn public(life: u64) -> console::ConsoleOptions {
    console::ConsoleOptions {
        public_url: "https://posts.example".parse().ok(),
        link_life: std::time::Duration::from_secs(life),
        ..console::ConsoleOptions::default()
    }
}

const LINK: [&str; 7] = ["accounts", "link", NAME, "--app", "our-app", "--base-url", "https://example.org"];

#[tokio::test]
async fn a_link_is_printed_and_what_it_lacks_told() {
    let hidden = server().await;
    assert_snapshot!("link_hidden", hidden.says(&LINK).await);
    let server = serve(public(900)).await;
    assert_snapshot!("link_without_app", server.says(&LINK).await);
    let file = server.file("app.json", r#"{"secrets":{"client_id":"a"}}"#);
    server.says(&["apps", "put", "our-app", "--from", &file]).await;
    let told = server.tell(&LINK).await;
    let (link, rest) = told.answer.split_once('\n').unwrap();
    assert!(link.starts_with("https://example.org/oauth/authorize?response_type=code&client_id=a&"), "{link}");
    assert!(link.contains("redirect_uri=https%3A%2F%2Fposts.example%2Fv1%2Foauth%2Fcallback&scope=write&state="));
    assert_snapshot!("link", rest);
    assert_eq!(told.code, 0);
}

#[tokio::test]
async fn whoever_waits_for_a_link_is_told_when_the_account_is_connected_or_nobody_came() {
    let server = serve(public(900)).await;
    let file = server.file("app.json", r#"{"secrets":{"client_id":"a"}}"#);
    server.says(&["apps", "put", "our-app", "--from", &file]).await;
    let mut line = super::server::line(&server.address, &[&LINK[..], &["--wait"]].concat());
    line.options.json = true;
    let paper = super::server::Paper::default();
    let mut out = crate::cli::out::Out::to(true, paper.clone(), std::io::sink());
    let waits = crate::cli::carry_out(line.command, &line.options, None, &mut out);
    let person = async {
        let link = loop {
            if let Ok(link) = serde_json::from_str::<console::api::Link>(&paper.text()) {
                break link;
            }
            tokio::task::yield_now().await;
        };
        let (_, state) = link.url.query_pairs().find(|(name, _)| name == "state").unwrap();
        let back = format!("{}/v1/oauth/callback?code=good&state={state}", server.address);
        let page = reqwest::get(back).await.unwrap().text().await.unwrap();
        assert!(page.contains("acme/long/second is connected as @main"), "{page}");
    };
    let (code, ()) = futures::join!(waits, person);
    let text = paper.text();
    let account: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!((code, &account["health"]["who"]), (0, &json!("@main")), "{text}");

    let server = serve(public(0)).await;
    server.says(&["apps", "put", "our-app", "--from", &file]).await;
    let told = server.tell(&[&LINK[..], &["--wait"]].concat()).await;
    assert_eq!(told.code, 1, "{}", told.all());
    assert_snapshot!("link_over", told.remarks);
}
