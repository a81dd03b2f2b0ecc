//! Many targets at once: the causes, the plan, a job, notes.

use insta::assert_snapshot;
use serde_json::Value;

use super::server::{Server, server};

const CAUSE: &str = "OP-2001/post/-";

/// Posts whose first target fails; the ids of those targets.
async fn failed(server: &Server, posts: usize) -> Vec<String> {
    let mut failed = Vec::new();
    for n in 0..posts {
        let (_, targets) = server.scheduled(&format!("key-{n}")).await;
        server.fail(&targets[0]).await;
        failed.push(targets[0].clone());
    }
    failed
}

/// What a command says, with what differs from run to run named.
async fn says(server: &Server, arguments: &[&str]) -> String {
    let told = server.says(arguments).await;
    let jobs: Value = serde_json::from_str(&server.tell(&["--json", "jobs"]).await.answer).unwrap();
    let notes: Value = serde_json::from_str(&server.tell(&["--json", "notes"]).await.answer).unwrap();
    let ids = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let told = ids(&jobs["jobs"]).iter().fold(told, |told, id| told.replace(id.as_str(), "JOB"));
    ids(&notes["notes"]).iter().fold(told, |told, id| told.replace(id.as_str(), "NOTE"))
}

#[tokio::test]
async fn causes_answer_the_first_question_and_one_is_looked_into() {
    let server = server().await;
    let failed = failed(&server, 3).await;
    server.says(&["note", "account:acme/long/main", "their editor wakes at nine"]).await;
    let mut all = vec![says(&server, &["failures", "--causes"]).await];
    all.push(server.says(&["failures", "--group", CAUSE, "--limit", "1"]).await);
    all.push(server.says(&["failures", "--group", "OP-1/post/-"]).await);
    all.push(server.says(&["failures", "--account", "acme/short/main"]).await);
    let shown = all.join("\n---\n");
    let shown = failed.iter().fold(shown, |shown, id| shown.replace(id.as_str(), "TARGET"));
    let next = shown.find("--after ").map(|at| shown[at..].lines().next().unwrap().to_owned()).unwrap();
    assert_snapshot!("causes", shown.replace(&next, "--after NEXT"));
}

#[tokio::test]
async fn a_few_go_at_once_and_many_need_a_yes() {
    let server = server().await;
    let failed = failed(&server, 12).await;
    let refused = server.tell(&["retry", "--group", CAUSE]).await;
    assert_eq!(refused.code, 2, "{}", refused.all());
    assert_snapshot!("many_need_a_yes", refused.all());
    let few = server.tell(&["discard", &failed[0], &failed[1], "--reason", "over", "--dry-run"]).await;
    assert_eq!(few.code, 0, "{}", few.all());
    let dry = server.tell(&["retry", "--group", CAUSE, "--dry-run"]).await;
    assert_eq!((dry.code, dry.answer.as_str()), (0, "12 targets selected: 12 are tried again, 0 held back.\n"));
    let begun =
        says(&server, &["retry", "--account", "acme/long/main", "--yes", "--reason", "the words are mended"]).await;
    assert_snapshot!("job_begun", begun);
}

#[tokio::test]
async fn a_job_is_told_from_beginning_to_end() {
    let server = server().await;
    let failed = failed(&server, 2).await;
    let (_, doubted) = server.scheduled("doubt").await;
    server.doubt(&doubted[0]).await;
    let arguments = ["discard", &failed[0], &failed[1], &doubted[0], "--reason", "the campaign is over", "--wait"];
    let told = server.tell(&arguments).await;
    assert_eq!(told.code, 0, "{}", told.all());
    assert!(
        told.answer.contains("of those done now: 0 out, 0 failed again, 0 in doubt, 2 given up"),
        "{}",
        told.answer
    );
    let names = [(&failed[0], "FIRST"), (&failed[1], "SECOND"), (&doubted[0], "DOUBTED")];
    let named = |text: String| names.iter().fold(text, |text, (id, name)| text.replace(id.as_str(), name));
    let jobs: Value = serde_json::from_str(&server.tell(&["--json", "jobs"]).await.answer).unwrap();
    let id = jobs["jobs"][0]["id"].as_str().unwrap().to_owned();
    let mut all = vec![says(&server, &["jobs"]).await, named(says(&server, &["jobs", &id]).await)];
    all.push(says(&server, &["jobs", &id, "--stop"]).await);
    all.push(says(&server, &["jobs", "--target", &failed[0]]).await);
    assert_snapshot!("job_told", all.join("\n---\n"));
}

#[tokio::test]
async fn doubts_are_looked_for_as_a_job() {
    let server = server().await;
    let mut doubted = Vec::new();
    for key in ["one", "two"] {
        let (_, targets) = server.scheduled(key).await;
        server.doubt(&targets[0]).await;
        doubted.push(targets[0].clone());
    }
    let shown: Value = serde_json::from_str(&server.tell(&["--json", "status", &doubted[0]]).await.answer).unwrap();
    let group = shown["group"].as_str().unwrap().to_owned();
    let dry = server.tell(&["look", "--group", &group, "--dry-run"]).await;
    assert_eq!(dry.code, 0, "{}", dry.all());
    assert_snapshot!("look_plan", dry.all());
    let done = server.tell(&["look", "--group", &group, "--reason", "it is back", "--wait"]).await;
    assert_eq!(done.code, 0, "{}", done.all());
    assert!(done.answer.contains("2 of 2: 2 done, 0 held back"), "{}", done.all());
    let shown: Value = serde_json::from_str(&server.tell(&["--json", "status", &doubted[0]]).await.answer).unwrap();
    assert_eq!((&shown["state"], shown.get("needs_person")), (&Value::from("in_doubt"), None), "it is asked about");
    let again = server.tell(&["look", "--group", &group]).await;
    assert!(again.all().contains("Nothing on the operators' list is selected."), "{}", again.all());
    for arguments in [&["look"][..], &["look", &doubted[0], "--group", &group], &["look", &doubted[0], "--dry-run"]] {
        let told = server.tell(arguments).await;
        assert_eq!(told.code, 2, "{arguments:?}: {}", told.all());
    }
}

#[tokio::test]
async fn what_is_not_said_is_asked_for() {
    let server = server().await;
    for arguments in [
        &["retry"][..],
        &["retry", "acme/key", "--group", CAUSE],
        &["retry", "acme/key", "--wait"],
        &["discard", "--reason", "over"],
        &["discard", "--all"],
    ] {
        let told = server.tell(arguments).await;
        assert_eq!(told.code, 2, "{arguments:?}: {}", told.all());
    }
    let nothing = server.tell(&["retry", "--all", "--dry-run"]).await;
    assert_eq!((nothing.code, nothing.answer.as_str()), (1, "Nothing on the operators' list is selected.\n"));
    assert!(server.says(&["retry", "--all"]).await.contains("Nothing on the operators' list is selected."));
}

#[tokio::test]
async fn a_failed_target_is_given_other_words_and_tried_again() {
    let server = server().await;
    let failed = failed(&server, 1).await;
    let told = server.tell(&["edit", &failed[0], "--text", "better words"]).await;
    assert_eq!(told.code, 0, "{}", told.all());
    assert_snapshot!("edited", told.all().replace(&failed[0], "TARGET"));
    let shown: Value = serde_json::from_str(&server.tell(&["--json", "status", &failed[0]]).await.answer).unwrap();
    assert_eq!(shown["changes"]["content"]["text"], "better words");
    let file = server.file("content.json", "{ \"text\": \"from a file\" }");
    assert_eq!(server.tell(&["edit", &failed[0], &file]).await.code, 0);
    assert_eq!(server.tell(&["edit", &failed[0], &server.file("broken.json", "{")]).await.code, 2);
}

#[tokio::test]
async fn notes_are_kept_listed_and_removed() {
    let server = server().await;
    let mut all = vec![server.says(&["notes"]).await];
    all.push(server.says(&["note", "channel:long", "slow on Mondays", "--until", "2026-06-02T09:00:00Z"]).await);
    all.push(says(&server, &["notes"]).await);
    all.push(server.says(&["note", "channel:lnog", "a slip"]).await);
    let notes: Value = serde_json::from_str(&server.tell(&["--json", "notes"]).await.answer).unwrap();
    all.push(server.says(&["notes", "--remove", notes["notes"][0]["id"].as_str().unwrap()]).await);
    assert_snapshot!("notes", all.join("\n---\n"));
}

#[tokio::test]
async fn a_cause_and_a_target_are_taken_given_and_let_go() {
    let server = server().await;
    let failed = failed(&server, 2).await;
    let mut all = vec![server.says(&["assign"]).await];
    all.push(server.says(&["assign", CAUSE, "--to", "ann", "--comment", "calls its editor"]).await);
    all.push(server.says(&["assign", CAUSE, "--to", "bob"]).await);
    all.push(server.says(&["assign", CAUSE, "--to", "bob", "--instead-of", "ann"]).await);
    all.push(server.says(&["assign", CAUSE, "--tenant", "acme", "--to", "carl"]).await);
    all.push(server.says(&["assign", &failed[0], "--to", "dora"]).await.replace(&failed[0], "TARGET"));
    all.push(server.says(&["failures", "--causes"]).await);
    all.push(server.says(&["assign"]).await.replace(&failed[0], "TARGET"));
    all.push(server.says(&["assign", CAUSE, "--release"]).await);
    all.push(server.says(&["assign", CAUSE, "--account", "acme/long/main", "--release"]).await);
    all.push(server.says(&["assign", CAUSE, "--account", "acme/long/main", "--release"]).await);
    all.push(server.says(&["assign", "OP-2102/account/-"]).await);
    assert_snapshot!("assignments", all.join("\n---\n"));
}

#[tokio::test]
async fn what_waits_is_moved_and_cancelled_as_a_job() {
    let server = server().await;
    let (_, first) = server.scheduled("first").await;
    server.scheduled("second").await;
    let moved = ["reschedule", "--waiting", "--channel", "long", "--by", "2h"];
    let dry = server.tell(&[&moved[..], &["--dry-run"]].concat()).await;
    assert_eq!((dry.code, dry.answer.as_str()), (0, "2 targets selected: 2 are moved, 0 held back.\n"));
    let back = server.tell(&["reschedule", "--target", &first[0], "--by", "-30m", "--dry-run"]).await;
    assert_eq!(back.code, 1, "{}", back.all());
    assert!(back.answer.contains("1 held back: their new time would have passed already"), "{}", back.answer);
    let done = server.tell(&[&moved[..], &["--wait"]].concat()).await;
    assert_eq!(done.code, 0, "{}", done.all());
    let shown: Value = serde_json::from_str(&server.tell(&["--json", "status", &first[0]]).await.answer).unwrap();
    assert_eq!(shown["due_at"], "2026-06-01T14:00:00Z");
    let cancel = ["cancel", "--waiting", "--from", "2026-06-01T13:00:00Z"];
    assert_eq!(server.tell(&cancel).await.code, 2, "it wants a reason");
    let done = server.tell(&[&cancel[..], &["--reason", "over", "--wait"]].concat()).await;
    assert_eq!(done.code, 0, "{}", done.all());
    assert!(done.answer.contains("2 given up, 0 on their way"), "{}", done.answer);
    for arguments in [
        &["reschedule", "--waiting", "--all"][..],
        &["reschedule", "--by", "2h"],
        &["reschedule", "acme/first", "now", "--waiting"],
        &["cancel", "acme/first", "--reason", "x"],
        &["cancel", "--reason", "x"],
    ] {
        let told = server.tell(arguments).await;
        assert_eq!(told.code, 2, "{arguments:?}: {}", told.all());
    }
}

#[tokio::test]
async fn who_is_missing_is_told_first() {
    let server = server().await;
    let told = server.tell(&["processes"]).await;
    assert_eq!(told.code, 1, "{}", told.all());
    let said = told.all();
    assert!(said.starts_with("!!  No scheduler is known to run: nothing goes out"), "{said}");
    assert!(said.contains("    → Start one: `oncepost scheduler`."), "{said}");
    assert!(
        said.contains("ledger   answers in ") && said.contains("guard    cannot tell: no process has said"),
        "{said}"
    );
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
}
