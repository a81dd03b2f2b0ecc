//! Records of credentials: of those who write at once, one wins, and the others know it.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use ledger::{CredentialPut, CredentialRow, CredentialStore, LedgerError, RecordKind};
use serde_json::json;
use sqlx::Connection;

use crate::house::House;

const NAME: &str = "acme/mastodon/main";

fn put(expected: Option<u64>, says: &str) -> CredentialPut {
    CredentialPut {
        kind: RecordKind::Account,
        name: NAME.into(),
        expected,
        open: json!({ "says": says }),
        sealed: Some(format!("sealed {says}").into_bytes()),
    }
}

async fn row(house: &House) -> Option<CredentialRow> {
    house.credentials.row(RecordKind::Account, NAME).await.unwrap()
}

async fn made(house: &House) -> CredentialRow {
    house.credentials.put(put(None, "first")).await.unwrap().unwrap()
}

pub async fn a_record_is_kept_as_it_was_put(house: &House) {
    assert_eq!(row(house).await, None);
    let open = json!({ "health": "ok", "scopes": ["write", "\u{0}ж"], "n": [1, null, { "deep": true }] });
    let sealed = Some((0..=255).collect::<Vec<u8>>());
    let ask = CredentialPut { open: open.clone(), sealed: sealed.clone(), ..put(None, "") };
    let first = house.credentials.put(ask).await.unwrap().unwrap();
    let expected = CredentialRow {
        kind: RecordKind::Account,
        name: NAME.into(),
        version: first.version,
        open,
        sealed,
        updated_at: house.now(),
    };
    assert_eq!(first, expected);
    let version = first.version;
    assert_eq!(row(house).await, Some(first));
    house.advance(5);
    assert_eq!(house.credentials.now().await.unwrap(), house.now());
    let second =
        house.credentials.put(CredentialPut { sealed: None, ..put(Some(version), "x") }).await.unwrap().unwrap();
    assert_eq!((second.version, &second.sealed, second.updated_at), (version + 1, &None, house.now()));
    assert_eq!(row(house).await, Some(second), "both parts are replaced");
}

pub async fn only_the_expected_version_is_replaced(house: &House) {
    for missing in [0, 1, u64::MAX] {
        assert_eq!(house.credentials.put(put(Some(missing), "no")).await.unwrap(), None);
    }
    assert_eq!(row(house).await, None);
    let first = made(house).await.version;
    house.advance(1);
    let stored = house.credentials.put(put(Some(first), "second")).await.unwrap();
    assert!(stored.is_some());
    house.advance(1);
    for stale in [None, Some(0), Some(first), Some(first + 2), Some(u64::MAX)] {
        assert_eq!(house.credentials.put(put(stale, "no")).await.unwrap(), None, "{stale:?}");
        assert_eq!(row(house).await, stored, "nothing changed");
    }
}

/// Two processes, each with several tasks.
async fn at_once(house: &House, expected: Option<u64>) -> Vec<CredentialRow> {
    let stores = [house.credentials.clone(), house.credentials_again().await];
    let writers = (0..16).map(|n| {
        let store = stores[n % 2].clone();
        house.runtime.spawn(async move { store.put(put(expected, &n.to_string())).await.unwrap() })
    });
    join_all(writers).await.into_iter().filter_map(Result::unwrap).collect()
}

pub async fn of_writers_at_once_one_wins(house: &House) {
    let mut expected = None;
    for _ in 0..3 {
        let winners = at_once(house, expected).await;
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(row(house).await.as_ref(), winners.first());
        assert!(expected.is_none_or(|expected| winners[0].version == expected + 1));
        expected = Some(winners[0].version);
    }
}

/// Adds one to a record's count, however often somebody is faster.
async fn count_up(store: &Arc<dyn CredentialStore>) {
    loop {
        let found = store.row(RecordKind::Account, NAME).await.unwrap().unwrap();
        let open = json!({ "count": found.open["count"].as_u64().unwrap() + 1 });
        if store.put(CredentialPut { open, ..put(Some(found.version), "") }).await.unwrap().is_some() {
            return;
        }
    }
}

pub async fn no_write_is_lost_among_many(house: &House) {
    const WRITERS: u64 = 6;
    const EACH: u64 = 8;
    let open = json!({ "count": 0 });
    let first = house.credentials.put(CredentialPut { open, ..put(None, "") }).await.unwrap().unwrap().version;
    let stores = [house.credentials.clone(), house.credentials_again().await];
    let writers = (0..WRITERS).map(|n| {
        let store = stores[n as usize % 2].clone();
        house.runtime.spawn(async move {
            for _ in 0..EACH {
                count_up(&store).await;
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    let row = row(house).await.unwrap();
    assert_eq!((row.open, row.version), (json!({ "count": WRITERS * EACH }), first + WRITERS * EACH));
}

pub async fn a_stale_delete_deletes_nothing(house: &House) {
    let delete = |expected| house.credentials.delete(RecordKind::Account, NAME, expected);
    assert!(!delete(1).await.unwrap(), "there is none");
    let first = made(house).await.version;
    let stored = house.credentials.put(put(Some(first), "second")).await.unwrap();
    for stale in [0, first, first + 2, u64::MAX] {
        assert!(!delete(stale).await.unwrap());
        assert_eq!(row(house).await, stored);
    }
    assert!(delete(first + 1).await.unwrap());
    assert_eq!(row(house).await, None);
    assert!(!delete(first + 1).await.unwrap(), "it is gone already");
}

/// Whoever read the record before it was deleted must not write over the one that is there now: not within one millisecond, not when
/// the clock has gone back, and not when it was written as often as the one before.
pub async fn a_record_that_is_made_again_is_another(house: &House) {
    let start = house.now();
    let mut before: Vec<u64> = Vec::new();
    for back in [0, 1, 2, 1_000] {
        house.clock.set(start.saturating_sub(Duration::from_millis(back)).unwrap());
        let store = if back == 1 { house.credentials_again().await } else { house.credentials.clone() };
        let first = store.put(put(None, "first")).await.unwrap().unwrap().version;
        let second = house.credentials.put(put(Some(first), "second")).await.unwrap();
        for old in &before {
            assert_eq!(house.credentials.put(put(Some(*old), "late")).await.unwrap(), None, "{old} in {before:?}");
            assert!(!house.credentials.delete(RecordKind::Account, NAME, *old).await.unwrap());
        }
        assert_eq!(row(house).await, second);
        assert!(house.credentials.delete(RecordKind::Account, NAME, first + 1).await.unwrap());
        before.extend([first, first + 1]);
    }
}

pub async fn a_delete_meets_a_write_and_one_wins(house: &House) {
    for _ in 0..10 {
        let version = made(house).await.version;
        let (writer, deleter) = (house.credentials.clone(), house.credentials_again().await);
        let write = house.runtime.spawn(async move { writer.put(put(Some(version), "written")).await.unwrap() });
        let delete =
            house.runtime.spawn(async move { deleter.delete(RecordKind::Account, NAME, version).await.unwrap() });
        let (written, deleted) = (write.await.unwrap(), delete.await.unwrap());
        assert_ne!(written.is_some(), deleted);
        assert_eq!(row(house).await, written);
        if let Some(row) = written {
            assert!(house.credentials.delete(RecordKind::Account, NAME, row.version).await.unwrap());
        }
    }
}

pub async fn kinds_do_not_mix(house: &House) {
    let kinds = [RecordKind::Account, RecordKind::App, RecordKind::Link];
    for kind in kinds {
        let ask = |expected| CredentialPut { kind, ..put(expected, kind.name()) };
        let first = house.credentials.put(ask(None)).await.unwrap().unwrap().version;
        assert!(house.credentials.put(ask(Some(first))).await.unwrap().is_some());
    }
    let version = house.credentials.row(RecordKind::App, NAME).await.unwrap().unwrap().version;
    assert!(house.credentials.delete(RecordKind::App, NAME, version).await.unwrap());
    for kind in kinds {
        let rows = house.credentials.rows(kind).await.unwrap();
        let one = house.credentials.row(kind, NAME).await.unwrap();
        assert_eq!(rows.first(), one.as_ref());
        if kind == RecordKind::App {
            assert!(rows.is_empty());
        } else {
            assert_eq!((rows.len(), rows[0].kind, &rows[0].open["says"]), (1, kind, &json!(kind.name())));
        }
    }
}

/// As bytes compare, whatever the server's locale thinks of case, punctuation and accents.
pub async fn records_are_sorted_by_name(house: &House) {
    let mut names = ["b/x", "B/x", "a-b", "a/b", "a.b", "ab", "é", "z", "a"].map(String::from);
    for name in &names {
        let ask = CredentialPut { name: name.clone(), ..put(None, name) };
        house.credentials.put(ask).await.unwrap().unwrap();
    }
    names.sort_unstable();
    let rows = house.credentials.rows(RecordKind::Account).await.unwrap();
    assert_eq!(rows.into_iter().map(|row| row.name).collect::<Vec<_>>(), names);
}

pub async fn printed_no_record_shows_what_is_sealed(house: &House) {
    let ask = CredentialPut { sealed: Some(b"hunter2".to_vec()), ..put(None, "open") };
    let asked = format!("{ask:?} {ask:#?}");
    let stored = house.credentials.put(ask).await.unwrap();
    let read = house.credentials.rows(RecordKind::Account).await.unwrap();
    let shown = format!("{asked} {stored:?} {read:?} {read:#?}");
    assert!(shown.contains(NAME) && shown.contains("(sealed)"), "{shown}");
    // As text, as numbers, as hexadecimal.
    for secret in ["hunter2", "104, 117", "68756e"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

pub async fn records_are_there_after_opening_again(house: &House) {
    let first = made(house).await.version;
    let stored = house.credentials.put(put(Some(first), "second")).await.unwrap();
    let again = house.credentials_again().await;
    assert_eq!(again.row(RecordKind::Account, NAME).await.unwrap(), stored);
}

pub async fn a_record_that_cannot_be_read_hides_no_other(house: &House) {
    made(house).await;
    let other = CredentialPut { name: "other".into(), ..put(None, "other") };
    let other = house.credentials.put(other).await.unwrap().unwrap();
    house.execute(&format!("UPDATE credentials SET open = 'nonsense' WHERE name = '{NAME}'"), &[]).await;
    assert_eq!(house.credentials.rows(RecordKind::Account).await.unwrap(), [other]);
    let error = house.credentials.row(RecordKind::Account, NAME).await.unwrap_err();
    assert!(matches!(&error, LedgerError::Corrupt { what } if what.contains(NAME)), "{error}");
    assert!(!format!("{error:?}").contains("sealed first"), "{error:?}");
}

/// The other has written and not committed yet when this one begins: it must not go by what it has read before.
pub async fn a_write_that_waited_for_another_knows_that_it_lost(house: &House) {
    let first = made(house).await.version;
    let mut other = house.server().await;
    let mut tx = other.begin().await.unwrap();
    let blocker: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *tx).await.unwrap();
    sqlx::raw_sql("UPDATE credentials SET version = version + 1, open = '{\"says\":\"other\"}'")
        .execute(&mut *tx)
        .await
        .unwrap();
    let store = house.credentials.clone();
    let late = house.runtime.spawn(async move { store.put(put(Some(first), "late")).await.unwrap() });
    let waits = format!("SELECT count(*) FROM pg_stat_activity WHERE {blocker} = ANY(pg_blocking_pids(pid))");
    while house.count(&waits).await == 0 {
        tokio::task::yield_now().await;
    }
    tx.commit().await.unwrap();
    assert_eq!(late.await.unwrap(), None);
    assert_eq!(row(house).await.unwrap().open, json!({ "says": "other" }));
}
