//! What looks at platforms have found, and what is done about it.

use audit::{Found, NotAsked, Report, Standing};
use console::api;
use domain::{Code, TargetId};
use insta::assert_snapshot;
use ledger::{IncidentKind, Incidents, NewIncident, Place};
use serde_json::json;
use uuid::Uuid;

use super::server::{NOON, Server, server};
use crate::cli::text;

async fn found(server: &Server, kind: IncidentKind, subject: &str) -> String {
    let place =
        Place { tenant: "acme".parse().unwrap(), channel: "long".parse().unwrap(), account: "main".parse().unwrap() };
    let what = format!("Post {subject} (https://long.example/{subject}), made at noon, is not\u{1b}[31m as it was.");
    let target = TargetId(Uuid::from_u128(7));
    let incident = NewIncident { kind, target, place, subject: subject.into(), what, evidence: json!({}) };
    server.ledger.report(vec![incident]).await.unwrap()[0].id.to_string()
}

#[tokio::test]
async fn incidents_are_listed_shown_and_closed() {
    let server = server().await;
    let none = server.says(&["incidents"]).await;
    assert!(none.starts_with("No incident is open.") && none.ends_with("[exit code 0]"), "{none}");
    let id = found(&server, IncidentKind::Duplicate, "17").await;
    found(&server, IncidentKind::Vanished, "18").await;
    assert_snapshot!("incidents", server.says(&["incidents"]).await);
    assert_snapshot!("incident", server.says(&["incidents", "show", &id]).await);
    assert_snapshot!("incident_closed", server.says(&["incidents", "close", &id, "--note", "taken down"]).await);
    let left = server.says(&["incidents", "--kind", "duplicate"]).await;
    assert!(left.starts_with("There is no such incident."), "{left}");
    assert!(server.says(&["incidents", "--all"]).await.contains("closed"));
    assert_eq!(server.tell(&["incidents", "--kind", "edited"]).await.code, 1);
    assert_eq!(server.tell(&["incidents", "show", "17"]).await.code, 1);
}

#[tokio::test]
async fn channels_that_list_nothing_are_told_of() {
    let server = server().await;
    assert_snapshot!("audit_of_nothing", server.says(&["audit"]).await);
    let json = server.tell(&["--json", "audit", "--account", "acme/long/main"]).await;
    let audit: api::Audit = serde_json::from_str(&json.answer).unwrap();
    assert_eq!((audit.reports.len(), audit.next, json.code), (1, None, 0));
    let slip = server.tell(&["audit", "--account", "acme/long/man"]).await;
    assert!(slip.code == 1 && slip.all().contains("there is no account acme/long/man"), "{}", slip.all());
}

#[test]
fn what_was_found_comes_first_and_what_cannot_be_told_last() {
    let at = |time: &str| time.parse().unwrap();
    let report = |account: &str| Report {
        account: account.into(),
        since: at("2026-05-25T12:00:00Z"),
        until: at(NOON),
        listed: Some(21),
        there: 19,
        found: vec![],
        cannot_tell: vec![],
        strange: None,
        not_asked: None,
    };
    let found = |kind, standing, what: &str| Found {
        incident: Uuid::from_u128(3),
        kind,
        target: TargetId(Uuid::from_u128(7)),
        what: what.into(),
        standing,
    };
    let twice = "Post 117 (https://mastodon.example/@ann/117), made at 2026-06-01 11:00:00Z, says the same as post 113 (https://mastodon.example/@ann/113), which went out as target 00000000-0000-0000-0000-000000000007 at 2026-06-01 10:00:00Z. The ledger knows of no target that it belongs to.";
    let gone = "Post 9, which went out as target 00000000-0000-0000-0000-000000000007 at 2026-06-01 10:00:00Z, is not among the account's posts any more.";
    let not_asked = NotAsked {
        code: Code::TOKEN_REVOKED,
        sentence: "OP-2102 The token is dead (list posts): no such token".into(),
        remedy: "Connect the account again.".into(),
    };
    let audit = api::Audit {
        reports: vec![
            Report {
                found: vec![
                    found(IncidentKind::Duplicate, Standing::New, twice),
                    found(IncidentKind::Vanished, Standing::Closed, gone),
                ],
                cannot_tell: vec![
                    "Of 2 posts it cannot be told whether they are there twice: they have no words.".into(),
                ],
                ..report("acme/mastodon/main")
            },
            Report { listed: None, there: 0, not_asked: Some(not_asked), ..report("acme/x/main") },
            Report {
                strange: Some("None of 3 posts that went out is listed.".into()),
                there: 0,
                ..report("acme/reddit/main")
            },
            Report {
                listed: None,
                there: 0,
                cannot_tell: vec!["Nothing can be told of this account: its channel lists no posts.".into()],
                ..report("acme/telegram/main")
            },
        ],
        next: None,
    };
    assert_snapshot!("audit", text::audit::told(&audit));
}
