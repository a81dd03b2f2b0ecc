//! Single targets: what is told of them, and how a doubt is settled.

use std::time::Duration;

use domain::{Command, Landed, Outcome, Receipt, Worth};
use ledger::{CredentialPut, CredentialStore, RecordKind};
use serde_json::{Value, json};
use vault::record::{AccountRecord, Health};

use crate::{
    processes::{beat, beats},
    world::{ACME, OPERATOR, World, failure, foreign, memory, message, world, world_on},
};

async fn target(world: &World, id: &str) -> Value {
    world.get(&format!("/v1/targets/{id}")).await.ok(200)
}

/// The platform calls acme's account so.
async fn known_as(records: &dyn CredentialStore, who: &str) {
    let health = Health { who: who.into(), ..Health::default() };
    let open = serde_json::to_value(AccountRecord { listed: true, health, ..AccountRecord::default() }).unwrap();
    let name = "acme/long/main".to_owned();
    records.put(CredentialPut { kind: RecordKind::Account, name, expected: None, open, sealed: None }).await.unwrap();
}

/// M02: there is a way to look at one target, and it says what is going on.
#[tokio::test(start_paused = true)]
async fn m02_one_target_can_be_looked_at_in_every_state() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    let waiting = target(&world, &targets[0]).await;
    let nobody = "It goes out at 2026-06-01 13:00:00Z, if this is mended by then: no scheduler is known to run.";
    assert_eq!(waiting["next_step"], nobody);
    assert_eq!((&waiting["went_out"], &waiting["attempts"]), (&json!("no"), &json!([])));
    world.at_due_time().await;
    let attempt = world.arm(&targets[0]).await;
    let sending = target(&world, &targets[0]).await;
    assert_eq!((&sending["went_out"], &sending["lease"]["worker"]), (&json!("unknown"), &json!("worker-1")));
    assert!(sending["next_step"].as_str().unwrap().starts_with("Worker worker-1 is sending it"));
    let receipt = domain::Receipt { id: "1".into(), url: None };
    world.finish(&targets[0], attempt, domain::Outcome::Published(vec![(0, receipt)])).await;
    let out = target(&world, &targets[0]).await;
    assert_eq!((&out["went_out"], &out["out"][0]["receipt"]["id"]), (&json!("yes"), &json!("1")));
    assert_eq!(out.get("diagnosis"), None);
    assert_eq!(world.get("/v1/targets/018f4a2e-7c5b-7abc-8def-0123456789ab").await.problem(404)["code"], "OP-1019");
}

#[tokio::test(start_paused = true)]
async fn e07_a_failure_says_what_whose_fault_what_to_do_and_the_platforms_words() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.fail(&targets[0]).await;
    insta::assert_json_snapshot!("failed_target", target(&world, &targets[0]).await);
    world.doubt(&targets[1]).await;
    insta::assert_json_snapshot!("doubtful_target", target(&world, &targets[1]).await);
}

/// Handles may hold addresses that carry their own permission: they are the channels' own, whatever becomes of the target.
#[tokio::test(start_paused = true)]
async fn what_a_channel_keeps_to_go_on_with_is_shown_nowhere() {
    let world = world();
    let (post, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    let kept = |attempt| Command::Keep {
        attempt,
        handles: [("upload".to_owned(), "https://up.example/?upload_token=hush-hush".to_owned())].into(),
    };
    let looked_at = async |when: &str| {
        let mut paths: Vec<String> =
            ["posts", "failures", "pauses", "channels", "accounts", "census"].map(|list| format!("/v1/{list}")).into();
        paths.push(format!("/v1/posts/{post}"));
        paths.push("/v1/posts/by-key/acme/key".to_owned());
        paths.extend(targets.iter().map(|target| format!("/v1/targets/{target}")));
        for path in paths {
            let reply = world.get(&path).await;
            assert_eq!(reply.status, 200, "{path}");
            assert!(
                !reply.text.contains("hush") && !reply.text.contains("up.example"),
                "{when}, {path}: {}",
                reply.text
            );
        }
    };
    let attempt = world.arm(&targets[0]).await;
    world.apply(&targets[0], kept(attempt)).await;
    let held = world.ledger.target(targets[0].parse().unwrap()).await.unwrap().unwrap().target;
    assert!(held.handles["upload"].contains("hush"));
    looked_at("being published").await;
    world.finish(&targets[0], attempt, Outcome::Processing).await;
    looked_at("processing").await;
    let attempt = world.begin(&targets[1]).await;
    world.apply(&targets[1], kept(attempt)).await;
    world.finish(&targets[1], attempt, Outcome::Failed(failure(Landed::No, Worth::Never))).await;
    looked_at("failed").await;
}

#[tokio::test(start_paused = true)]
async fn o04_a_doubt_is_closed_with_the_posts_address() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    let path = format!("/v1/targets/{}/resolve", targets[0]);
    let word =
        json!({ "published": { "url": "https://example.org/9", "id": "9" }, "of_account": true, "note": "seen it" });
    let settled = world.post(&path, &word).await.ok(200);
    assert_eq!((&settled["state"], &settled["went_out"]), (&json!("published"), &json!("yes")));
    assert_eq!(settled["out"][0]["receipt"], json!({ "id": "9", "url": "https://example.org/9" }));
    assert_eq!(world.post(&path, &word).await.problem(409)["code"], "OP-1018");
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_can_be_asked_is_asked_once_more_and_whatever_it_tells_nothing_is_sent_by_asking() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    for target in &targets {
        world.doubt(target).await;
    }
    let look = |target: &str| format!("/v1/targets/{target}/look");
    let problem = world.post(&look(&targets[1]), &json!({})).await.problem(409);
    assert!(problem.to_string().contains("Short cannot be asked"), "{problem}");
    let asked = world.post(&look(&targets[0]), &json!({})).await.ok(200);
    let what = asked["what"].as_str().unwrap();
    assert!(what.contains("Long is asked at") && what.contains("recorded as published"), "{what}");
    assert_eq!((&asked["target"]["state"], asked["target"].get("needs_person")), (&json!("in_doubt"), None));
    let problem = world.post(&look(&targets[0]), &json!({})).await.problem(409);
    assert!(problem.to_string().contains("asked by itself"), "{problem}");
    let again =
        world.post(&format!("/v1/targets/{}/resolve", targets[0]), &json!({ "send_again": true, "attempt": 1 })).await;
    assert_eq!(again.problem(409)["code"], "OP-1018", "not while it is looked for");
    world.runtime.sleep(std::time::Duration::from_secs(10)).await;
    let attempt = world.begin(&targets[0]).await;
    let finding = domain::Finding::CannotTell("two posts look alike".into());
    world.finish(&targets[0], attempt, Outcome::Looked { part: 0, finding, last: true }).await;
    let back = target(&world, &targets[0]).await;
    assert!(back["needs_person"].is_object(), "{back}");
    let entries = world.get("/v1/audit-log").await.ok(200);
    let looks: Vec<_> =
        entries["entries"].as_array().unwrap().iter().filter(|entry| entry["action"] == "look again").collect();
    assert_eq!(looks.len(), 3, "two refused, one done: {entries}");
}

/// What the ledger and the next part know the post by is the platform's id, not where a person saw it.
#[tokio::test(start_paused = true)]
async fn an_address_is_taken_for_the_id_that_it_holds() {
    let world = world();
    let mut thread = message("key");
    thread["content"]["thread"] = json!([{ "text": "and more" }]);
    thread["targets"] = json!([{ "channel": "long", "account": "main" }]);
    let (_, targets) = world.accepted(&thread).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    let path = format!("/v1/targets/{}/resolve", targets[0]);
    let elsewhere = json!({ "published": { "url": "https://elsewhere.example/9" } });
    let problem = world.post(&path, &elsewhere).await.problem(422);
    assert_eq!((&problem["code"], &problem["problems"][0]["path"]), (&json!("OP-1003"), &json!("$.published.id")));
    assert!(problem.to_string().contains("needs the platform's id"), "{problem}");
    let address = json!({ "published": { "url": "https://posts.example/9" } });
    let settled = world.post(&path, &address).await.ok(200);
    assert_eq!(settled["out"][0]["receipt"], json!({ "id": "9", "url": "https://posts.example/9" }));
    assert_eq!(settled["state"], "scheduled", "the second part follows");
}

/// Part 3 of 3 is in doubt: a person is told which, and the proof of another part, or of something else, is not taken for its.
#[tokio::test(start_paused = true)]
async fn a_doubt_names_its_part_and_takes_no_other_parts_proof() {
    let world = world();
    let mut thread = message("key");
    thread["content"]["thread"] = json!([{ "text": "and more" }, { "text": "the very last\n\nwords" }]);
    thread["targets"] = json!([{ "channel": "long", "account": "main" }]);
    let (post, targets) = world.accepted(&thread).await;
    world.at_due_time().await;
    let attempt = world.arm(&targets[0]).await;
    for part in [0, 1] {
        let receipt = Receipt { id: format!("{part}"), url: Some(format!("https://posts.example/{part}")) };
        world.apply(&targets[0], Command::Out { attempt, part, receipt }).await;
        world.apply(&targets[0], Command::Arm { attempt, step: "create".into(), part: part + 1 }).await;
    }
    world.finish(&targets[0], attempt, Outcome::Failed(failure(Landed::Unknown, Worth::Never))).await;
    let shown = world.get(&format!("/v1/targets/{}", targets[0])).await.ok(200);
    assert_eq!(shown["in_doubt"], json!({ "part": 3, "parts": 3, "begins": "the very last words" }));
    let remedy = shown["diagnosis"]["remedy"].as_str().unwrap();
    assert!(remedy.contains("If part 3 of 3 (\"the very last words\") is there"), "{remedy}");
    let whole = world.get(&format!("/v1/posts/{post}")).await.ok(200);
    assert_eq!(whole["targets"][0]["in_doubt"], shown["in_doubt"]);

    let path = format!("/v1/targets/{}/resolve", targets[0]);
    for (proof, why) in [
        (json!({ "url": "https://posts.example/0" }), "is part 1, which is on record as out; in doubt is part 3"),
        (json!({ "url": "https://posts.example/1/", "id": "7" }), "is part 2"),
        (json!({ "id": "1" }), "is part 2"),
        (json!({ "url": "https://foreign.example/9" }), "no address of a post on Long"),
    ] {
        let problem = world.post(&path, &json!({ "published": proof })).await.problem(422);
        assert_eq!(problem["code"], "OP-1003");
        assert!(problem.to_string().contains(why), "{why}: {problem}");
    }
    let settled = world.post(&path, &json!({ "published": { "url": "https://posts.example/2" } })).await.ok(200);
    assert_eq!((&settled["state"], &settled["in_doubt"]), (&json!("published"), &json!(null)));
}

/// Two doubts of an account, and a person who gives one address for both.
#[tokio::test(start_paused = true)]
async fn o04_a_post_of_the_platform_is_the_proof_of_one_target() {
    let world = world();
    let mut resolves = Vec::new();
    for key in ["one", "two"] {
        let (_, targets) = world.accepted(&message(key)).await;
        resolves.push((targets[0].clone(), format!("/v1/targets/{}/resolve", targets[0])));
    }
    world.at_due_time().await;
    for (target, _) in &resolves {
        world.doubt(target).await;
    }
    let [(first, at_first), (second, at_second)] = &resolves[..] else { panic!("{resolves:?}") };
    let elsewhere = json!({ "published": { "url": "https://posts.example/elsewhere/9" } });
    let problem = world.post(at_first, &elsewhere).await.problem(422);
    assert!(problem.to_string().contains("is not where acme/long/main publishes to"), "{problem}");
    let mut word = json!({ "published": { "url": "https://posts.example/9" } });
    world.post(at_first, &word).await.ok(200);
    let problem = world.post(at_second, &word).await.problem(409);
    let refused = &problem["refused"][0];
    let told = format!("what was named is on record as another target's post ({first})");
    assert_eq!((&refused["refusal"], &refused["reason"]), (&json!("taken"), &json!(told)));
    let remedy = problem["remedy"].as_str().unwrap();
    assert!(remedy.contains(&format!("oncepost resolve {second} … --shared")), "{remedy}");
    assert_eq!(target(&world, second).await["state"], "in_doubt");
    word["shared"] = json!(true);
    assert_eq!(world.post(at_second, &word).await.ok(200)["state"], "published");
}

/// A person opens the platform under another account, and copies the address of a post there.
#[tokio::test(start_paused = true)]
async fn o04_a_post_of_another_account_is_no_proof() {
    let (runtime, ledger) = memory();
    let world = world_on(runtime, ledger.clone());
    known_as(&*ledger, "Acme").await;
    let (_, targets) = world.accepted(&message("key")).await;
    let (_, others) = world.accepted(&foreign("key")).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    let attempt = world.arm(&others[0]).await;
    let theirs = Receipt { id: "9".into(), url: None };
    world.finish(&others[0], attempt, Outcome::Published(vec![(0, theirs)])).await;

    let path = format!("/v1/targets/{}/resolve", targets[0]);
    let named = json!({ "published": { "url": "https://posts.example/of/beta/7" } });
    let problem = world.post(&path, &named).await.problem(422);
    let told = problem["problems"][0]["message"].as_str().unwrap();
    assert!(told.contains("is a post of beta, and acme/long/main is Acme on Long"), "{told}");
    assert!(told.contains("`oncepost accounts check acme/long/main`"), "{told}");

    let mut word = json!({ "published": { "url": "https://posts.example/9" } });
    let problem = world.post(&path, &word).await.problem(409);
    let told = format!("what was named is on record as a post of account other/long/main, by target {}", others[0]);
    assert_eq!((&problem["code"], &problem["refused"][0]["reason"]), (&json!("OP-1018"), &json!(told)));
    assert!(problem["remedy"].as_str().unwrap().contains("--shared"), "{problem}");
    let to_tenant = world.send(Some(ACME), "POST", &path, word.to_string()).await.problem(409);
    let told = json!("what was named is on record as a post of another account");
    assert_eq!(to_tenant["refused"][0]["reason"], told);
    assert!(!to_tenant.to_string().contains(&others[0]), "whose it is, is not a tenant's to know: {to_tenant}");
    assert_eq!(target(&world, &targets[0]).await["state"], "in_doubt");

    word["shared"] = json!(true);
    assert_eq!(world.post(&path, &word).await.ok(200)["state"], "published");
}

/// What the platform calls the account is no other one, however it is written.
#[tokio::test(start_paused = true)]
async fn an_address_of_the_account_itself_is_taken() {
    let (runtime, ledger) = memory();
    let world = world_on(runtime, ledger.clone());
    known_as(&*ledger, "@Acme").await;
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    let named = json!({ "published": { "url": "https://posts.example/of/acme/7" } });
    let settled = world.post(&format!("/v1/targets/{}/resolve", targets[0]), &named).await.ok(200);
    assert_eq!(settled["state"], "published");
}

/// The settings name the account's chat otherwise than addresses do. Whose a post is, is told by those that went out before; where there are
/// none, a person has to say that it is the account's.
#[tokio::test(start_paused = true)]
async fn o04_whose_post_it_is_is_never_taken_for_granted() {
    let world = world();
    let mut doubts = Vec::new();
    for key in ["one", "two", "three", "four", "five"] {
        doubts.push(world.accepted(&message(key)).await.1[0].clone());
    }
    world.at_due_time().await;
    for target in &doubts {
        world.doubt(target).await;
    }
    let resolve = async |target: &str, word: Value| world.post(&format!("/v1/targets/{target}/resolve"), &word).await;
    let named = |address: &str| json!({ "published": { "url": address } });
    let said = |address: &str| json!({ "published": { "url": address }, "of_account": true });
    let why = |problem: &Value| problem["problems"][0].clone();

    for word in [named("https://posts.example/in/acme/1"), json!({ "published": { "id": "1" } })] {
        let problem = why(&resolve(&doubts[0], word).await.problem(422));
        assert_eq!(problem["path"], "$.of_account");
        let told = problem["message"].as_str().unwrap();
        assert!(told.contains("we cannot tell from") && told.contains("whether it is acme/long/main's own"), "{told}");
        let way = format!("`oncepost resolve {} … --of-account`", doubts[0]);
        assert!(problem["remedy"].as_str().unwrap().contains(&way), "{problem}");
    }
    assert_eq!(target(&world, &doubts[0]).await["state"], "in_doubt");
    resolve(&doubts[0], said("https://posts.example/in/acme/1")).await.ok(200);
    let log = world.get(&format!("/v1/audit-log?subject=target:{}", doubts[0])).await.ok(200);
    assert_eq!(log["entries"][0]["after"]["of_account"], true, "whose word it is, is on record: {log}");

    let problem = why(&resolve(&doubts[1], named("https://posts.example/in/other/2")).await.problem(422));
    assert_eq!(problem["path"], "$.published.url");
    let told = problem["message"].as_str().unwrap();
    assert!(told.contains("is not where acme/long/main published before (https://posts.example/in/acme/1)"), "{told}");
    assert!(problem["remedy"].as_str().unwrap().contains("--of-account"), "{problem}");
    assert_eq!(target(&world, &doubts[1]).await["state"], "in_doubt");
    resolve(&doubts[1], named("https://posts.example/in/acme/2")).await.ok(200);
    // It publishes elsewhere by now. From then on the earlier posts say both, and prove nothing.
    resolve(&doubts[2], said("https://posts.example/in/other/3")).await.ok(200);
    let problem = why(&resolve(&doubts[3], named("https://posts.example/in/acme/4")).await.problem(422));
    assert_eq!(problem["path"], "$.of_account");
    // What the settings say is no matter of anybody's word.
    let problem = why(&resolve(&doubts[4], said("https://posts.example/elsewhere/5")).await.problem(422));
    assert!(problem["message"].as_str().unwrap().contains("by the account's settings"), "{problem}");
}

/// What went out where the account does not publish to any more says nothing of where it does.
#[tokio::test(start_paused = true)]
async fn o04_posts_of_an_earlier_place_prove_nothing() {
    for (place, status) in [("main", 200), ("before", 422)] {
        let world = world();
        let (_, earlier) = world.accepted(&message("earlier")).await;
        let (_, doubtful) = world.accepted(&message("doubtful")).await;
        world.at_due_time().await;
        let attempt = world.arm(&earlier[0]).await;
        let receipt = Receipt { id: "1".into(), url: Some(format!("https://posts.example/at/{place}/acme/1")) };
        world.finish(&earlier[0], attempt, Outcome::Published(vec![(0, receipt)])).await;
        world.doubt(&doubtful[0]).await;
        let word = json!({ "published": { "url": "https://posts.example/in/acme/2" } });
        let reply = world.post(&format!("/v1/targets/{}/resolve", doubtful[0]), &word).await;
        assert_eq!(reply.status, status, "{place}: {}", reply.text);
    }
}

/// What is out of a thread tells where the rest of it is.
#[tokio::test(start_paused = true)]
async fn a_part_in_doubt_is_where_the_others_are() {
    let world = world();
    let mut thread = message("key");
    thread["content"]["thread"] = json!([{ "text": "and more" }]);
    thread["targets"] = json!([{ "channel": "long", "account": "main" }]);
    let (_, targets) = world.accepted(&thread).await;
    world.at_due_time().await;
    let attempt = world.arm(&targets[0]).await;
    let receipt = Receipt { id: "1".into(), url: Some("https://posts.example/in/acme/1".into()) };
    world.apply(&targets[0], Command::Out { attempt, part: 0, receipt }).await;
    world.apply(&targets[0], Command::Arm { attempt, step: "create".into(), part: 1 }).await;
    world.finish(&targets[0], attempt, Outcome::Failed(failure(Landed::Unknown, Worth::Never))).await;
    let path = format!("/v1/targets/{}/resolve", targets[0]);
    let elsewhere = json!({ "published": { "url": "https://posts.example/in/other/2" } });
    let problem = world.post(&path, &elsewhere).await.problem(422);
    assert!(problem.to_string().contains("is not where acme/long/main published before"), "{problem}");
    let there = json!({ "published": { "url": "https://posts.example/in/acme/2" } });
    assert_eq!(world.post(&path, &there).await.ok(200)["state"], "published");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_follows_an_address_that_holds_no_id_stands_for_it() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    let elsewhere = json!({ "published": { "url": "https://elsewhere.example/9" } });
    let path = format!("/v1/targets/{}/resolve", targets[0]);
    assert_eq!(world.post(&path, &elsewhere).await.problem(422)["problems"][0]["path"], "$.of_account");
    let elsewhere = json!({ "published": { "url": "https://elsewhere.example/9" }, "of_account": true });
    let settled = world.post(&path, &elsewhere).await.ok(200);
    let address = "https://elsewhere.example/9";
    assert_eq!(settled["out"][0]["receipt"], json!({ "id": address, "url": address }));
}

#[tokio::test(start_paused = true)]
async fn o04_a_doubt_is_closed_by_sending_again_once() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    let path = format!("/v1/targets/{}/resolve", targets[0]);
    let again = json!({ "send_again": true, "attempt": 1 });
    assert_eq!(world.post(&path, &again).await.ok(200)["state"], "scheduled");
    assert_eq!(world.post(&path, &again).await.problem(409)["code"], "OP-1018");
    // It is in doubt once more, by another attempt: who says so again has not looked for that one.
    world.doubt(&targets[0]).await;
    assert_eq!(world.post(&path, &again).await.problem(409)["refused"][0]["refusal"], "overtaken");
    let missing = world.post(&path, &json!({ "send_again": true })).await.problem(422);
    assert_eq!(missing["problems"][0]["path"], "$.attempt");
}

#[tokio::test(start_paused = true)]
async fn a_word_that_says_nothing_or_both_is_refused() {
    let world = world();
    let (_, targets) = world.accepted(&message("key")).await;
    world.at_due_time().await;
    world.doubt(&targets[0]).await;
    for word in [
        json!({}),
        json!({ "published": {} }),
        json!({ "published": { "url": " " } }),
        json!({ "published": { "url": "javascript:alert(1)" } }),
        json!({ "published": { "id": "9" }, "send_again": true }),
        json!({ "publishd": { "id": "9" } }),
    ] {
        let problem = world.post(&format!("/v1/targets/{}/resolve", targets[0]), &word).await.problem(422);
        assert_eq!(problem["code"], "OP-1003", "{word}");
    }
    assert_eq!(world.state(&targets[0]).await, domain::State::InDoubt);
}

/// What is said to happen next is what will.
#[tokio::test(start_paused = true)]
async fn what_waits_says_what_keeps_it() {
    let world = world();
    let mut dated = message("key");
    dated["deadline"] = json!("2026-06-01T13:30:00Z");
    let (_, targets) = world.accepted(&dated).await;
    let next = async |id: &str| target(&world, id).await["next_step"].as_str().unwrap().to_owned();
    let live = async |channels: &[&str]| {
        beats(&world, &beat(&world, "dev", &["scheduler", "worker", "keeper"], channels)).await;
    };
    live(&["long"]).await;
    assert_eq!(next(&targets[0]).await, "It goes out at 2026-06-01 13:00:00Z.");
    let short = "It goes out at 2026-06-01 13:00:00Z, if this is mended by then: no worker takes the work of Short.";
    assert_eq!(next(&targets[1]).await, short);
    let scope = json!({ "scope": "account:acme/long/main", "reason": "legal" });
    world.post("/v1/pauses", &scope).await.ok(201);
    let held = "It is held from 2026-06-01 13:00:00Z on, unless the pause of account:acme/long/main ends before: legal. If that lasts until \
                2026-06-01 13:30:00Z, it expires.";
    assert_eq!(next(&targets[0]).await, held);
    world.at_due_time().await;
    live(&["long"]).await;
    let held = "It waits until the pause of account:acme/long/main ends: legal. If that lasts until 2026-06-01 13:30:00Z, it expires.";
    assert_eq!(next(&targets[0]).await, held);
    assert_eq!(
        next(&targets[1]).await,
        "It is due, and waits until this is mended: no worker takes the work of Short."
    );
    world.send(Some(OPERATOR), "DELETE", "/v1/pauses?scope=account:acme/long/main", String::new()).await.ok(200);
    assert_eq!(next(&targets[0]).await, "It goes out now.");
    world.transport.close().await;
    assert_eq!(next(&targets[0]).await, "It is due, and waits until this is mended: the broker does not answer.");
    world.runtime.sleep(Duration::from_secs(1801)).await;
    let late = "It expires, and does not go out: its deadline 2026-06-01 13:30:00Z has passed. With a later deadline it would.";
    assert_eq!(next(&targets[0]).await, late);
}
