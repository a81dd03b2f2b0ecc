//! Comparing a platform with the ledger, as docs/audit.md tells it: what is there twice and what is not any more is found, once.

use std::{collections::BTreeMap, time::Duration};

use harness::{
    config::{Account, Pace, TOKEN},
    process::{Ran, run},
    stack::Stack,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Cue, Fake, Mastodon, Telegram};

struct Outside {
    stack: Stack,
    platform: Fake<Mastodon>,
    _silent: Fake<Telegram>,
    _folder: TempDir,
}

impl Outside {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (platform, silent) = (Fake::<Mastodon>::start().await, Fake::<Telegram>::start().await);
        let account = Account {
            tenant: "acme",
            channel: "mastodon",
            id: "main".into(),
            base_url: platform.url(),
            secrets: vec![("access_token", Mastodon::token("main"))],
            // What is missing is missed a second after it went out.
            settings: vec![("settles_after", "1s".into()), ("sure_after", "1s".into())],
            rate: None,
        };
        let mute = Account {
            channel: "telegram",
            base_url: silent.url(),
            secrets: vec![("bot_token", Telegram::token("main"))],
            settings: vec![("chat_id", "@main".into())],
            ..account.clone()
        };
        let stack = Stack::embedded(folder.path(), &[account, mute], Pace::Brisk).await.unwrap();
        Self { stack, platform, _silent: silent, _folder: folder }
    }

    async fn ran(&self, arguments: &[&str], input: &str) -> Ran {
        let variables = [("ONCEPOST_API", self.stack.api.address().to_owned()), ("ONCEPOST_TOKEN", TOKEN.to_owned())];
        run(arguments, &variables, input, Duration::from_secs(60)).await.unwrap()
    }

    async fn says(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.ran(arguments, "").await;
        assert_eq!(ran.code, Some(code), "oncepost {}: {}", arguments.join(" "), ran.said());
        ran.said()
    }

    async fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let ran = self.ran(&[arguments, &["--json"]].concat(), "").await;
        assert_eq!(ran.code, Some(code), "oncepost {}: {}", arguments.join(" "), ran.said());
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.out))
    }

    /// Looks until a look finds so much: what is young is not missed yet.
    async fn until_found(&self, many: usize) -> Value {
        loop {
            let ran = self.ran(&["audit", "--account", "acme/mastodon/main", "--json"], "").await;
            let audit: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.said()));
            let found = audit["reports"][0]["found"].as_array().unwrap().len();
            assert!(found <= many, "{audit}");
            assert_eq!(ran.code, Some(i32::from(found > 0)), "{audit}");
            if found == many {
                return audit;
            }
        }
    }
}

/// What a look has found, by its kind.
fn found(audit: &Value) -> BTreeMap<String, Value> {
    let found = audit["reports"][0]["found"].as_array().unwrap().iter();
    found.map(|found| (found["kind"].as_str().unwrap().to_owned(), found.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_twice_and_what_is_gone_is_found_and_found_once() {
    let outside = Outside::new().await;
    let messages: Vec<String> = (0..20)
        .map(|n| {
            let message = json!({
                "version": 1, "idempotency_key": format!("post-{n}"), "tenant": "acme",
                "content": { "text": format!("post number {n}") }, "publish_at": jiff::Timestamp::now().to_string(),
                "targets": [{ "channel": "mastodon", "account": "main" }],
            });
            message.to_string()
        })
        .collect();
    let scheduled = outside.ran(&["schedule", "-", "--wait"], &messages.join("\n")).await;
    assert_eq!(scheduled.code, Some(0), "{}", scheduled.said());
    assert_eq!(outside.platform.posts().len(), 20);
    outside.until_found(0).await;

    let id = |text: &str| outside.platform.posts().into_iter().find(|post| post.text == text).unwrap().id;
    let (copied, gone) = (id("post number 3"), id("post number 7"));
    let copy = outside.platform.copy(&copied).unwrap().id;
    outside.platform.delete(&gone).unwrap();

    let audit = outside.until_found(2).await;
    let first = found(&audit);
    assert_eq!(first.keys().collect::<Vec<_>>(), ["duplicate", "vanished"], "{audit}");
    assert!(first.values().all(|found| found["standing"] == "new" || found["standing"] == "open"), "{audit}");
    let what = |kind: &str| first[kind]["what"].as_str().unwrap();
    assert!(what("duplicate").contains(&copy) && what("duplicate").contains(&copied), "{audit}");
    assert!(what("vanished").contains(&gone), "{audit}");
    let target = |key: &str| {
        let outside = &outside;
        let key = key.to_owned();
        async move { outside.json(0, &["status", &key]).await["targets"][0]["id"].clone() }
    };
    assert_eq!(first["duplicate"]["target"], target("acme/post-3").await);
    assert_eq!(first["vanished"]["target"], target("acme/post-7").await);

    // Found again, nothing is new.
    let again = found(&outside.until_found(2).await);
    for (kind, again) in &again {
        assert_eq!((&again["incident"], &again["standing"]), (&first[kind]["incident"], &json!("open")));
    }
    let incidents = outside.json(1, &["incidents"]).await;
    assert_eq!(incidents["incidents"].as_array().unwrap().len(), 2, "{incidents}");

    // Seen to, it is no matter any more, though it is found still.
    for found in first.values() {
        let id = found["incident"].as_str().unwrap();
        let told = outside.says(0, &["incidents", "close", id, "--note", "as we wanted it"]).await;
        assert!(told.contains("closed") && told.contains("as we wanted it") && told.contains("by harness"), "{told}");
    }
    let told = outside.says(0, &["audit", "--channel", "mastodon"]).await;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("19 posts of ours there, 1 duplicate, 1 vanished. 0 new, 2 closed before."), "{told}");
    assert!(outside.says(0, &["incidents"]).await.contains("No incident is open"));
    assert_eq!(outside.json(0, &["incidents", "--all"]).await["incidents"].as_array().unwrap().len(), 2);
    outside.stack.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_told_is_said_and_is_no_all_clear() {
    let outside = Outside::new().await;
    let told = outside.says(0, &["audit"]).await;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("Looked at 1 of 2 accounts") && told.contains("no all-clear"), "{told}");
    assert!(told.contains("acme/telegram/main: Nothing can be told of this account"), "{told}");
    let revoked = json!({ "error": "The access token was revoked" });
    outside.platform.cue(Cue::refuse(401, &revoked).on("GET", "statuses").always());
    let told = outside.says(1, &["audit", "--account", "acme/mastodon/main"]).await;
    assert!(told.contains("acme/mastodon/main could not be looked at: OP-2102"), "{told}");
    assert!(outside.says(1, &["audit", "--account", "acme/mastodon/man"]).await.contains("there is no account"));
    assert!(outside.says(1, &["audit", "--since", "soon"]).await.contains("how long ago"));
    outside.says(2, &["audit", "--channel", "NOT A NAME"]).await;
    outside.stack.stop().await.unwrap();
}
