//! What is told when all goes well, and when something needs a person.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::server::{message, offline, server, tell};
use crate::cli::{channels::is_used, text};

#[tokio::test]
async fn scheduling_tells_what_goes_out_when_and_a_repeat_says_that_it_is_one() {
    let server = server().await;
    let mut zoned = message("key");
    zoned["targets"][1]["publish_at"] = json!({ "local": "2026-10-25T02:30:00", "zone": "Europe/Berlin" });
    let file = server.file("post.json", &zoned.to_string());
    assert_snapshot!("scheduled", server.says(&["schedule", &file]).await);
    assert_snapshot!("scheduled_again", server.says(&["schedule", &file]).await);
    assert_snapshot!("validated", server.says(&["validate", &file]).await);
    let mut late = message("late");
    late["publish_at"] = json!("2026-06-01T11:00:00Z");
    let file = server.file("late.json", &late.to_string());
    assert_snapshot!("scheduled_late", server.says(&["schedule", &file]).await);
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_told_at_once_with_what_to_do() {
    let server = server().await;
    let mut wrong = message("key");
    wrong["content"]["text"] = json!("x".repeat(101));
    wrong["targets"][1]["account"] = json!("nobody");
    let file = server.file("wrong.json", &wrong.to_string());
    let told = server.tell(&["schedule", &file]).await;
    assert_snapshot!("refused", told.all());
    assert_snapshot!("would_be_refused", server.says(&["validate", &file]).await);
}

#[tokio::test]
async fn everything_that_would_be_refused_is_told_per_target_alike_here_and_by_a_server() {
    let server = server().await;
    let mut wrong = message("a");
    wrong["content"] = json!({
        "text": "x".repeat(101),
        "media": vec![json!({ "url": "https://cdn.example/a.png" }); 5],
        "thread": [{ "text": "more" }],
    });
    wrong["deadline"] = json!("2026-05-01T12:00:00Z");
    wrong["targets"][1]["text"] = json!("short");
    wrong["targets"]
        .as_array_mut()
        .unwrap()
        .extend([json!({ "channel": "fax", "account": "main" }), json!({ "channel": "long", "account": "nobody" })]);
    let mut late = message("late");
    late["publish_at"] = json!("2026-06-01T11:00:00Z");
    let lines = [wrong, message("b"), late, json!({ "version": 1 })].map(|message| message.to_string());
    let many = server.file("many.ndjson", &lines.join("\n"));
    let one = server.file("one.json", &lines[0]);
    let sound = server.file("sound.json", &lines[1]);
    assert_snapshot!("would_be_refused_of_many", server.says(&["validate", &many]).await);
    for (file, code) in [(&many, 1), (&one, 1), (&sound, 0)] {
        for json in [false, true] {
            let here = server.judged_here(file, json).await;
            let told = match json {
                true => server.tell(&["--json", "validate", file]).await,
                false => server.tell(&["validate", file]).await,
            };
            assert_eq!((here.all(), told.code), (told.all(), code), "{file}");
        }
    }
    let json: Value = serde_json::from_str(&server.judged_here(&one, true).await.answer).unwrap();
    let problems = json["problems"].as_array().unwrap();
    let long = problems.iter().find(|problem| problem["code"] == "OP-1006").unwrap();
    assert_eq!(
        (&long["path"], &long["excess"], &long["targets"]),
        (&json!("$.content.text"), &json!({ "actual": 101, "limit": 100 }), &json!([0, 3])),
        "{json}"
    );
    assert!(problems.iter().all(|problem| !problem["remedy"].as_str().unwrap().is_empty()), "{json}");
}

#[tokio::test]
async fn a_file_of_many_is_sent_whole_and_told_by_its_faults() {
    let server = server().await;
    let mut wrong = message("b");
    wrong["tenant"] = json!("two words");
    let lines = format!("{}\n{wrong}\n{}\n", message("a"), message("c"));
    let file = server.file("many.ndjson", &lines);
    assert_snapshot!("many_validated", server.says(&["validate", &file]).await);
    assert_snapshot!("many", server.says(&["schedule", &file]).await);
    let file = server.file("wrong.ndjson", "{}\n{\n");
    let told = server.tell(&["schedule", &file]).await;
    assert_eq!(
        (told.code, told.answer.lines().last()),
        (1, Some("2 messages: 0 accepted, 2 refused.")),
        "{}",
        told.all()
    );
    let array = serde_json::to_string_pretty(&json!([message("a"), message("d")])).unwrap();
    let file = server.file("many.json", &array);
    let told = server.tell(&["schedule", &file]).await;
    assert_eq!((told.code, told.answer.trim()), (0, "2 messages: 2 accepted (1 of them before), 0 refused."));
}

#[tokio::test]
async fn a_post_is_told_target_by_target_with_cause_fault_and_remedy() {
    let server = server().await;
    let (post, targets) = server.scheduled("campaign-7").await;
    assert_snapshot!("status_scheduled", server.says(&["status", "acme/campaign-7"]).await);
    server.publish(&targets[0]).await;
    server.fail(&targets[1]).await;
    assert_snapshot!("status_partial", server.says(&["status", &post]).await);
    assert_eq!(server.tell(&["status", &targets[0]]).await.code, 0);
    assert_snapshot!("status_target", server.says(&["status", &targets[1]]).await);
}

#[tokio::test]
async fn failures_are_told_by_cause_and_one_by_one() {
    let server = server().await;
    let none = server.tell(&["failures"]).await;
    assert!(none.code == 0 && none.answer.ends_with("\n\nNothing needs a person.\n"), "{}", none.all());
    let (_, targets) = server.scheduled("key").await;
    server.fail(&targets[0]).await;
    server.doubt(&targets[1]).await;
    assert_snapshot!("failures", server.says(&["failures"]).await);
    let nobody = server.tell(&["failures", "--tenant", "nobody"]).await;
    assert!(nobody.code == 0 && nobody.answer.contains("\n\nNothing that fits needs a person."), "{}", nobody.all());
}

#[tokio::test]
async fn lists_have_honest_words_when_they_are_empty_and_tables_otherwise() {
    let server = server().await;
    assert_snapshot!(server.says(&["posts"]).await, @"
    There are no posts. `oncepost schedule FILE` makes the first.
    [exit code 0]
    ");
    assert_snapshot!(server.says(&["pauses"]).await, @"
    Nothing is paused.
    [exit code 0]
    ");
    server.scheduled("one").await;
    server.scheduled("a-rather-long-idempotency-key-of-an-upstream-service-that-likes-them-long").await;
    assert_snapshot!("posts", server.says(&["posts"]).await);
    assert!(server.says(&["posts", "--limit", "1"]).await.contains("There are more: --after "));
    assert_eq!(server.tell(&["posts", "--state", "published"]).await.answer, "No post fits.\n");
    assert_snapshot!("channels", server.says(&["channels"]).await);
}

#[tokio::test]
async fn pausing_says_how_to_end_it_and_resuming_what_it_released() {
    let server = server().await;
    let said = |arguments: &'static [&'static str]| server.says(arguments);
    let mut all = vec![said(&["pause", "account:acme/long/main", "--reason", "token is being renewed"]).await];
    all.push(said(&["pause", "account:acme/long/main", "--reason", "again"]).await);
    all.push(said(&["pauses"]).await);
    all.push(said(&["resume", "account:acme/long/main"]).await);
    all.push(said(&["resume", "account:acme/long/main"]).await);
    all.push(said(&["pause", "channel:lang", "--reason", "a slip"]).await);
    assert_snapshot!("pausing", all.join("\n---\n"));
}

#[tokio::test]
async fn retrying_shows_its_plan_first_and_never_sends_a_doubt_again() {
    let server = server().await;
    let (post, targets) = server.scheduled("key").await;
    server.fail(&targets[0]).await;
    server.doubt(&targets[1]).await;
    let mut all = vec![server.says(&["retry", &post, "--dry-run"]).await];
    all.push(server.says(&["retry", &targets[1], "--dry-run"]).await);
    all.push(server.says(&["retry", &post]).await);
    all.push(server.says(&["retry", &post]).await);
    all.push(server.says(&["retry", &targets[1]]).await);
    assert_snapshot!("retrying", all.join("\n---\n"));
}

#[tokio::test]
async fn a_doubt_is_settled_by_a_persons_word() {
    let server = server().await;
    let (_, targets) = server.scheduled("key").await;
    server.doubt(&targets[0]).await;
    server.doubt(&targets[1]).await;
    let address = "https://example.org/@main/9";
    let mut all = vec![server.says(&["look", &targets[0]]).await, server.says(&["look", &targets[1]]).await];
    all.push(server.says(&["resolve", &targets[0], "--published", address, "--note", "seen it"]).await);
    let seen = ["resolve", &targets[0], "--published", address, "--of-account", "--note", "seen it"];
    all.push(server.says(&seen).await);
    all.push(server.says(&seen).await);
    all.push(server.says(&["resolve", &targets[1], "--send-again"]).await);
    all.push(server.says(&["resolve", &targets[1], "--send-again", "--attempt", "1"]).await);
    all.push(server.says(&["resolve", &targets[1], "--send-again", "--attempt", "1"]).await);
    assert_snapshot!("resolving", all.join("\n---\n"));
}

#[tokio::test]
async fn a_post_is_moved_and_cancelled_whole() {
    let server = server().await;
    let (post, targets) = server.scheduled("key").await;
    let mut all = vec![server.says(&["reschedule", &post, "2026-06-02T09:00[Europe/Berlin]"]).await];
    all.push(
        server.says(&["reschedule", "acme/key", "2026-06-02T10:00:00Z", "--deadline", "2026-06-03T00:00:00Z"]).await,
    );
    all.push(server.says(&["cancel", &targets[0]]).await);
    all.push(server.says(&["cancel", &post]).await);
    let (post, targets) = server.scheduled("late").await;
    server.publish(&targets[0]).await;
    all.push(server.says(&["cancel", &post]).await);
    assert_snapshot!("moving", all.join("\n---\n"));
}

#[tokio::test]
async fn json_is_the_apis_own_answer() {
    let server = server().await;
    let (post, targets) = server.scheduled("key").await;
    server.fail(&targets[0]).await;
    let client = reqwest::Client::new();
    let asked = |path: String| {
        let request = client.get(format!("{}/v1/{path}", server.address));
        async { request.send().await.unwrap().text().await.unwrap() }
    };
    let told = server.tell(&["--json", "status", &post]).await;
    assert_eq!(told.answer.trim_end(), asked(format!("posts/{post}?attempts=true")).await);
    for (command, path) in
        [("posts", "posts?limit=50"), ("failures", "failures?limit=50"), ("pauses", "pauses"), ("channels", "channels")]
    {
        let told = server.tell(&["--json", command]).await;
        assert_eq!(
            (told.answer.trim_end(), told.remarks.as_str()),
            (asked(path.into()).await.as_str(), ""),
            "{command}"
        );
    }
    server.publish(&targets[1]).await;
    let refused = server.tell(&["--json", "retry", &targets[1]]).await;
    let problem: Value = serde_json::from_str(&refused.answer).unwrap();
    assert_eq!((refused.code, problem["status"].as_u64(), refused.remarks.as_str()), (1, Some(409), ""), "{problem}");
}

#[tokio::test]
async fn the_channels_of_this_program_are_told_without_any_server() {
    let all = tell(offline(&["channels"])).await;
    assert_eq!((all.code, all.remarks.as_str()), (0, ""));
    assert!(all.answer.lines().all(|line| line.chars().count() <= 100), "{}", all.answer);
    let json: Value = serde_json::from_str(&tell(offline(&["--json", "channels"])).await.answer).unwrap();
    let sheets = json["channels"].as_array().unwrap();
    assert_eq!(sheets.len(), crate::compose::every_channel().unwrap().names().len(), "{json}");
    for sheet in sheets {
        let name = sheet["name"].as_str().unwrap();
        assert!(all.answer.lines().filter(|line| line.starts_with(name)).count() >= 2, "{name} has its rows");
        let told = tell(offline(&["--json", "channels", name])).await;
        assert_eq!(serde_json::from_str::<Value>(&told.answer).unwrap(), *sheet);
    }
    assert_snapshot!("channel", tell(offline(&["channels", "mastodon"])).await.all());
    assert_eq!(tell(offline(&["channels", "X"])).await.answer, tell(offline(&["channels", "x"])).await.answer);
    let whole = tell(offline(&["channels", "youtube"])).await.answer;
    assert!(whole.contains("with a video only") && whole.contains("thumbnail"), "{whole}");
    let nobody = tell(offline(&["channels", "nobody"])).await;
    assert!(nobody.code == 2 && nobody.remarks.contains("There are: bluesky, "), "{}", nobody.all());
}

#[tokio::test]
async fn one_channel_of_a_server_is_told_when_a_server_is_named() {
    let server = server().await;
    let told = server.tell(&["channels", "short"]).await;
    assert!(told.code == 0 && told.answer.contains("short") && !told.answer.contains("long"), "{}", told.all());
    let json: Value = serde_json::from_str(&server.tell(&["--json", "channels", "short"]).await.answer).unwrap();
    assert_eq!((&json["name"], &json["accounts"]), (&json!("short"), &json!(1)));
    assert_eq!(server.tell(&["channels", "SHORT"]).await.code, 0, "however it is written");
    assert_eq!(server.tell(&["channels", "mastodon"]).await.code, 2, "that server has none");
    assert!(told.answer.contains(" open "), "{}", told.all());
    server.tell(&["pause", "account:acme/short/main", "--reason", "a try"]).await;
    let told = server.tell(&["channels", "short"]).await;
    assert!(told.answer.contains("accounts paused"), "{}", told.all());
    let pauses = server.tell(&["pauses"]).await;
    assert!(pauses.answer.contains("account:acme/short/main"), "a scope can be copied: {}", pauses.all());
}

#[tokio::test]
async fn channels_that_nobody_uses_are_counted_and_shown_where_all_are_asked_for() {
    let server = server().await;
    let json = server.tell(&["--json", "channels"]).await.answer;
    let mut found: console::api::Channels = serde_json::from_str(&json).unwrap();
    found.channels[0].accounts = 0;
    let told = text::world::channels(&found, is_used);
    assert!(told.contains("short") && !told.lines().any(|line| line.starts_with("long ")), "{told}");
    assert!(told.contains("1 other channel without an account: `oncepost channels --all`."), "{told}");
    let all = text::world::channels(&found, |_| true);
    assert!(all.lines().any(|line| line.starts_with("long ")) && !all.contains("--all"), "{all}");
    let none = text::world::channels(&found, |_| false);
    assert_eq!(none, "2 channels without an account: `oncepost channels --all`.");
    found.channels[0].paused = true;
    assert!(is_used(&found.channels[0]), "whoever paused it should see it");
    assert_eq!(server.tell(&["channels", "--all"]).await.code, 0);
}

#[tokio::test]
async fn what_was_not_sent_in_time_is_counted_beside_what_needs_a_person() {
    let server = server().await;
    for channel in ["long", "short", "short"] {
        server.late(channel).await;
    }
    let words = async |arguments: &[&str]| {
        let told = server.tell(arguments).await.answer;
        told.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let told = words(&["failures"]).await;
    let line = "Nothing needs a person. 3 targets were not sent in time since yesterday: the deadline passed.";
    assert!(told.contains(line) && told.contains("`oncepost posts --state expired`"), "{told}");
    let act = "`oncepost reschedule --expired --all --from 2026-05-31T00:00:00Z --to TIME --deadline TIME`";
    assert!(told.contains(act), "{told}");
    let of_one = words(&["failures", "--channel", "long", "--causes"]).await;
    assert!(of_one.contains("1 target was not sent in time"), "{of_one}");
    assert!(of_one.contains("`oncepost reschedule --expired --channel long --from"), "{of_one}");
    // The advice does what it says.
    let moved = ["reschedule", "--expired", "--all", "--from", "2026-05-31T00:00:00Z"];
    let to = ["--to", "2099-12-01T09:00:00Z", "--deadline", "2099-12-01T10:00:00Z"];
    let plan = words(&[&moved[..], &to, &["--dry-run"]].concat()).await;
    assert!(plan.starts_with("3 targets selected: 3 are moved"), "{plan}");
    let old = words(&[&moved[..], &to[..2], &["--dry-run"]].concat()).await;
    assert!(old.contains("3 held back: their deadline is not after the new time"), "{old}");
    let of_account = words(&["failures", "--account", "acme/short/main"]).await;
    assert!(!of_account.contains("in time"), "what cannot be counted is not told: {of_account}");
}

#[tokio::test]
async fn why_doubts_are_not_settled_all_at_once_is_told() {
    let server = server().await;
    let (_, targets) = server.scheduled("key").await;
    server.doubt(&targets[0]).await;
    server.fail(&targets[1]).await;
    let shown = server.tell(&["--json", "failures", "--state", "in_doubt"]).await.answer;
    let group = serde_json::from_str::<serde_json::Value>(&shown).unwrap()["targets"][0]["group"].clone();
    let group = group.as_str().unwrap();
    let told = server.tell(&["resolve", "--group", group, "--send-again"]).await;
    assert_eq!(told.code, 2, "{}", told.all());
    let why = format!("Each doubt of {group} takes a look of its own");
    assert!(told.remarks.contains(&why) && told.remarks.contains("oncepost resolve --group"), "{}", told.all());
    // By itself it shows what would have to be done, and does none of it.
    let plan = server.tell(&["resolve", "--group", group]).await;
    assert_eq!(plan.code, 1, "{}", plan.all());
    let words = plan.answer.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.starts_with("Nothing is changed.") && words.contains(&why), "{words}");
    assert!(words.contains(&targets[0]) && !words.contains(&targets[1]), "{words}");
    assert!(words.contains("`oncepost look TARGET`") && words.contains("--send-again --attempt N"), "{words}");
    let none = server.tell(&["resolve", "--group", "OP-4002/channel/-"]).await;
    assert_eq!((none.code, none.answer.contains("there is nothing to settle")), (0, true), "{}", none.all());
}

#[tokio::test]
async fn what_will_fail_is_told_by_cause_with_what_to_do_by_when() {
    let server = server().await;
    server.scheduled("well").await;
    let well = server.tell(&["forecast"]).await;
    assert_eq!(
        (well.code, well.answer.trim()),
        (0, "Nothing is expected to fail until 2026-06-02 12:00:00Z (2 targets).")
    );
    let name: ::vault::AccountName = "acme/long/gone".parse().unwrap();
    let base_url = Some("https://example.org".parse().unwrap());
    let secrets = [("access_token".to_owned(), channels::Secret::new("a token"))].into();
    let connect = ::vault::Connect { base_url, secrets, ..::vault::Connect::default() };
    server.vault.connect(&name, connect, "ann").await.unwrap();
    for key in ["a", "b"] {
        let mut gone = message(key);
        gone["targets"][0]["account"] = json!("gone");
        let file = server.file("gone.json", &gone.to_string());
        assert_eq!(server.tell(&["schedule", &file]).await.code, 0);
    }
    server.tell(&["pause", "channel:short", "--reason", "a \u{1b}[31mfreeze"]).await;
    let held = server.tell(&["forecast", "--account", "acme/short/main"]).await;
    assert_eq!(held.code, 0, "a risk alone is none to fail for: {}", held.all());
    server.vault.remove(&name).await.unwrap();
    assert_snapshot!("forecast", server.says(&["forecast", "--media", "--limit", "3"]).await);
    let json = server.tell(&["--json", "forecast", "--tenant", "acme", "--channel", "long"]).await;
    let answer: Value = serde_json::from_str(&json.answer).unwrap();
    assert_eq!((json.code, &answer["will_fail"], &answer["looked_at"]), (1, &json!(2), &json!(3)));
    assert_eq!(server.tell(&["forecast", "--hours", "0"]).await.code, 1, "refused");
}

#[tokio::test]
async fn what_of_a_channel_is_being_retried_is_told_with_since_when() {
    let server = server().await;
    let (_, targets) = server.scheduled("key").await;
    assert!(!server.tell(&["channels"]).await.answer.contains("being retried"));
    server.put_off(&targets[0]).await;
    let told = server.tell(&["channels"]).await.answer;
    assert!(told.contains("1 on long is being retried, due since 2026-06-01 12:00:00Z."), "{told}");
    server.scheduled("other").await;
    let (_, more) = server.scheduled("more").await;
    server.put_off(&more[0]).await;
    let told = server.tell(&["channels", "long"]).await.answer;
    assert!(told.contains("2 on long are being retried, due since 2026-06-01 12:00:00Z."), "{told}");
    assert!(!server.tell(&["channels", "short"]).await.answer.contains("being retried"), "nothing of it is");
}

#[tokio::test]
async fn a_part_that_is_away_is_the_first_line_of_what_needs_a_person() {
    let server = server().await;
    server.broker.cut(true);
    let told = server.tell(&["failures"]).await.answer;
    assert!(told.starts_with("!!  The broker does not answer: nothing goes out."), "{told}");
    let told = server.tell(&["failures", "--causes"]).await.answer;
    assert!(told.starts_with("!!  The broker does not answer: nothing goes out."), "{told}");
    assert!(server.tell(&["processes"]).await.answer.starts_with("!!  The broker does not answer"));
    let json = server.tell(&["--json", "failures", "--causes"]).await.answer;
    assert!(serde_json::from_str::<Value>(&json).is_ok(), "{json}");
}
