//! Cancel, edit and reschedule: all of it or none of it, and what is approved anew is hashed anew.

use contract::{ChangeAsk, Problem};
use domain::{Answer, Command, ContentHash, Draft, PostId, RepeatSafety, State, Target, TenantId, WorkerName};
use ledger::{Ledger, PostView};
use oncepost_intake::{Changed, Options, Verdict};
use serde_json::{Value, json};

use crate::world::{World, at, intake, message, world, world_with};

/// A post with a target on each channel; the second has a text and a setting of its own.
async fn post(world: &World) -> PostId {
    let mut message = message("k");
    message["deadline"] = json!("2026-06-01T18:00:00Z");
    message["targets"] = json!([
        { "channel": "long", "account": "main" },
        { "channel": "short", "account": "main", "text": "own", "settings": { "visibility": "public" } },
    ]);
    let verdict = world.accept(&message).await;
    assert!(matches!(verdict, Verdict::New { .. }), "{verdict:?}");
    verdict.post().unwrap()
}

async fn view(world: &World, post: PostId) -> PostView {
    world.ledger.post(post, false).await.unwrap().unwrap()
}

async fn change(world: &World, post: PostId, ask: Value) -> Changed {
    let mut ask = ask;
    ask["version"] = json!(1);
    let ask = ChangeAsk::decode(ask.to_string().as_bytes()).unwrap();
    world.intake.change(post, None, &ask).await.unwrap()
}

fn problems(changed: Changed) -> Vec<(String, String)> {
    let Changed::Refused(problems) = changed else { panic!("{changed:?}") };
    problems.into_iter().map(|Problem { path, code, .. }| (path, code.to_string())).collect()
}

fn revision(changed: &Changed) -> u32 {
    let Changed::Done { revision, .. } = changed else { panic!("{changed:?}") };
    *revision
}

/// What a worker would send, checked against what was approved.
async fn draft(world: &World, target: &Target) -> Draft {
    let command = Command::Begin { worker: WorkerName::new("w").unwrap(), repeat: RepeatSafety::Nothing, arm: None };
    let applied = world.ledger.apply(target.id, command).await.unwrap();
    assert!(matches!(applied.answer, Answer::Begun(_)), "{:?}", applied.answer);
    let draft = applied.draft.unwrap();
    let target = applied.target;
    let hash = ContentHash::of(&draft, &target.tenant, &target.channel, &target.account, target.due_at);
    assert_eq!(target.hash, hash, "P7");
    draft
}

#[tokio::test(start_paused = true)]
async fn cancel_takes_all_targets_and_again_does_no_harm() {
    let world = world();
    let post = post(&world).await;
    let changed = change(&world, post, json!({ "change": "cancel" })).await;
    assert_eq!(changed.events().len(), 2);
    assert!(world.ledger.targets().iter().all(|target| target.state == State::Cancelled));
    assert!(matches!(change(&world, post, json!({ "change": "cancel" })).await, Changed::Done { .. }));
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_the_whole_post_leaves_a_targets_own_text_in_place() {
    let world = world();
    let post = post(&world).await;
    change(&world, post, json!({ "change": "edit", "content": { "text": "better" } })).await;
    world.runtime.sleep_until(at("2026-06-01T13:00:00Z")).await;
    let targets = view(&world, post).await.targets;
    assert_eq!(draft(&world, &targets[0].target).await.0.text, "better");
    let own = draft(&world, &targets[1].target).await.0;
    assert_eq!((own.text.as_str(), own.settings["visibility"].as_str()), ("own", "public"));
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_named_targets_replaces_all_they_say_and_touches_no_other() {
    let world = world();
    let post = post(&world).await;
    let targets = view(&world, post).await.targets;
    let ask = json!({ "change": "edit", "targets": [targets[1].target.id], "content": { "text": "mine" } });
    assert_eq!(revision(&change(&world, post, ask).await), 2);
    world.runtime.sleep_until(at("2026-06-01T13:00:00Z")).await;
    assert_eq!(draft(&world, &targets[0].target).await.0.text, "text of k");
    let mine = draft(&world, &targets[1].target).await.0;
    assert_eq!(mine.text, "mine");
    assert!(mine.settings.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reschedule_keeps_the_deadline_unless_it_brings_one() {
    let world = world();
    let post = post(&world).await;
    let when = json!({ "local": "2026-06-01T16:00:00", "zone": "Europe/Berlin" });
    change(&world, post, json!({ "change": "reschedule", "publish_at": when })).await;
    let kept = at("2026-06-01T18:00:00Z");
    for target in world.ledger.targets() {
        assert_eq!((target.due_at, target.deadline), (at("2026-06-01T14:00:00Z"), Some(kept)));
    }
    let too_late = json!({ "change": "reschedule", "publish_at": "2026-06-01T18:00:00Z" });
    assert_eq!(problems(change(&world, post, too_late).await), [("$.deadline".into(), "OP-1009".into())]);
    let both =
        json!({ "change": "reschedule", "publish_at": "2026-06-02T09:00:00Z", "deadline": "2026-06-02T10:00:00Z" });
    assert_eq!(revision(&change(&world, post, both).await), 3);
    world.runtime.sleep_until(at("2026-06-02T09:00:00Z")).await;
    for target in view(&world, post).await.targets {
        draft(&world, &target.target).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_a_channel_would_refuse_is_refused_with_the_channels_name() {
    let world = world();
    let post = post(&world).await;
    let long =
        json!({ "text": "x".repeat(101), "link": "notaurl", "media": [{ "url": "" }], "thread": [{ "text": "b" }] });
    let changed = change(&world, post, json!({ "change": "edit", "content": long })).await;
    let expected = [
        ("$.content.link", "OP-1003"),
        ("$.content.media[0].url", "OP-1013"),
        ("$.content.text", "OP-1006"),
        ("$.content.thread", "OP-1014"),
    ];
    assert_eq!(problems(changed), expected.map(|(path, code)| (path.to_owned(), code.to_owned())));
    let old =
        json!({ "change": "reschedule", "publish_at": "2020-01-01T00:00:00Z", "deadline": "2020-01-01T00:00:00Z" });
    let expected = [("$.publish_at".into(), "OP-1008".into()), ("$.deadline".into(), "OP-1009".into())];
    assert_eq!(problems(change(&world, post, old).await), expected);
    assert_eq!(view(&world, post).await.revision, 1);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_revision_that_is_gone_changes_nothing() {
    let world = world();
    let post = post(&world).await;
    let edit = |revision: u32| json!({ "change": "edit", "revision": revision, "content": { "text": "better" } });
    assert_eq!(revision(&change(&world, post, edit(1)).await), 2);
    let stale = [("$.revision".into(), "OP-1017".into())];
    assert_eq!(problems(change(&world, post, edit(1)).await), stale);
    assert_eq!(revision(&change(&world, post, edit(2)).await), 3);
}

#[tokio::test(start_paused = true)]
async fn c01_a_change_loses_against_a_running_publish_whole_and_says_which_target() {
    let world = world();
    let post = post(&world).await;
    world.runtime.sleep_until(at("2026-06-01T13:00:00Z")).await;
    let targets = view(&world, post).await.targets;
    draft(&world, &targets[0].target).await;

    let Changed::Refused(problems) = change(&world, post, json!({ "change": "cancel" })).await else { panic!() };
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code.to_string(), "OP-1018");
    let id = targets[0].target.id.to_string();
    assert!(problems[0].message.contains(&id) && problems[0].message.contains("publishing it right now"));
    assert_eq!(view(&world, post).await.targets[1].target.state, State::Scheduled, "never half");

    let other = json!({ "change": "cancel", "targets": [targets[1].target.id] });
    assert!(matches!(change(&world, post, other).await, Changed::Done { .. }));
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_stays_out_of_later_changes() {
    let world = world();
    let post = post(&world).await;
    let targets = view(&world, post).await.targets;
    change(&world, post, json!({ "change": "cancel", "targets": [targets[1].target.id] })).await;
    let edit = json!({ "change": "edit", "content": { "text": "x".repeat(60) } });
    assert!(matches!(change(&world, post, edit).await, Changed::Done { .. }), "the short channel has no say any more");
}

#[tokio::test(start_paused = true)]
async fn posts_and_targets_that_are_not_the_callers_are_not_found() {
    let world = world();
    let post = post(&world).await;
    let ask = ChangeAsk::decode(br#"{"version":1,"change":"cancel"}"#).unwrap();
    let other = TenantId::new("other").unwrap();
    let changed = world.intake.change(post, Some(&other), &ask).await.unwrap();
    assert_eq!(problems(changed), [("$".into(), "OP-1019".into())]);
    let nobody = json!({ "change": "cancel", "targets": [PostId(uuid::Uuid::nil())] });
    assert_eq!(problems(change(&world, post, nobody).await), [("$.targets[0]".into(), "OP-1019".into())]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_with_a_setting_that_no_target_knows_is_refused() {
    let world = world();
    let post = post(&world).await;
    let edit = |settings| json!({ "change": "edit", "content": { "text": "better", "settings": settings } });
    let Changed::Refused(problems) = change(&world, post, edit(json!({ "visiblity": "public" }))).await else {
        panic!("it is a slip")
    };
    assert_eq!(problems[0].path, "$.content.settings.visiblity");
    assert!(matches!(change(&world, post, edit(json!({ "colour": "red" }))).await, Changed::Done { .. }));
}

#[tokio::test(start_paused = true)]
async fn an_edit_with_a_picture_that_one_of_the_channels_cannot_fetch_is_refused() {
    let world = world_with(Options { buckets: ["media".to_owned()].into(), ..Options::default() });
    let post = post(&world).await;
    let edit = |url: &str| json!({ "change": "edit", "content": { "text": "better", "media": [{ "url": url }] } });
    let id = view(&world, post).await.targets[1].target.id;
    let Changed::Refused(told) = change(&world, post, edit("s3://media/a.png")).await else {
        panic!("the short channel cannot read it")
    };
    assert_eq!(told[0].message, format!("short, target {id}: the platform cannot read the bucket"));
    let expected = [("$.content.media[0].url".to_owned(), "OP-1013".to_owned())];
    assert_eq!(problems(Changed::Refused(told)), expected);
    assert_eq!(
        problems(change(&world, post, edit("s3://other/a.png")).await),
        expected,
        "a closed bucket is told once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_setting_must_be_known_to_one_of_the_targets_that_an_edit_concerns() {
    let world = world();
    let post = post(&world).await;
    let targets = view(&world, post).await.targets;
    let edit = |named: Value| json!({ "change": "edit", "targets": named, "content": { "text": "better", "settings": { "colour": "red" } } });
    let unknown = [("$.content.settings.colour".to_owned(), "OP-1020".to_owned())];
    assert_eq!(
        problems(change(&world, post, edit(json!([targets[1].target.id]))).await),
        unknown,
        "it goes to no other"
    );
    assert_eq!(revision(&change(&world, post, edit(json!([targets[0].target.id]))).await), 2);
    change(&world, post, json!({ "change": "cancel", "targets": [targets[0].target.id] })).await;
    assert_eq!(problems(change(&world, post, edit(json!([]))).await), unknown, "who knows it is cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_bad_address_in_the_settings_of_an_edit_is_told_once_and_a_targets_own_with_the_target() {
    let mut world = world_with(Options { allow_hosts: ["files.internal".to_owned()].into(), ..Options::default() });
    let mut message = message("k");
    message["targets"] = json!([
        { "channel": "long", "account": "main" },
        { "channel": "long", "account": "second", "settings": { "cover": "https://files.internal/a.png" } },
        { "channel": "short", "account": "main" },
    ]);
    let post = world.accept(&message).await.post().unwrap();
    let own = view(&world, post).await.targets[1].target.id;
    // The host that the second target's own picture is on is closed since.
    world.intake = intake(&world.runtime, world.ledger.clone(), Options::default());
    let cover = json!({ "cover": "http://localhost/a.png" });
    let edit = json!({ "change": "edit", "content": { "text": "better", "settings": cover } });
    let Changed::Refused(problems) = change(&world, post, edit).await else { panic!("nobody can fetch it") };
    let wrong = "points into a private network";
    let mut told: Vec<_> = problems.iter().map(|problem| (problem.path.as_str(), problem.message.clone())).collect();
    told.sort_unstable();
    let path = "$.content.settings.cover";
    assert_eq!(told, [(path, format!("long, target {own}: {wrong}")), (path, wrong.to_owned())]);
}
