//! Two versions on one ledger: what a newer one writes or changes harms no older one, and is not harmed by it.

use std::time::Duration;

use domain::{Command, State, TargetId};
use ledger::{Claim, LedgerError, PostFilter};

use crate::{
    house::House,
    making::{begin, claim, published},
};

/// As if a newer version had applied a migration of this name.
async fn migrated(house: &House, description: &str) {
    let newer = format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9999, '{description}', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1"
    );
    house.execute(&newer, &[]).await;
}

pub async fn a_newer_schema_that_only_adds_is_worked_with(house: &House) {
    let before = house.accept_one().await;
    house.execute("ALTER TABLE targets ADD COLUMN novelty TEXT DEFAULT 'n'", &[]).await;
    house.execute("CREATE TABLE novelties (id INTEGER)", &[]).await;
    migrated(house, "expand novelties").await;
    // A process that runs goes on, and one that starts is let in.
    house.apply(before, begin("w")).await;
    let again = house.again().await.unwrap();
    house.apply(before, published(1, "p")).await;
    let after = house.accept_one().await;
    assert_eq!(again.target(before).await.unwrap().unwrap().target.state, State::Published);
    assert_eq!(again.target(after).await.unwrap().unwrap().target.state, State::Scheduled);
    assert_eq!(house.claim(10).await.emissions.len(), 1);
}

pub async fn a_newer_schema_that_takes_away_is_refused_with_what_to_do(house: &House) {
    migrated(house, "contract after 9000 looks").await;
    let error = house.again().await.err().unwrap();
    assert!(matches!(&error, LedgerError::SchemaNewer { version: 9999, .. }), "{error}");
    assert!(error.to_string().contains("docs/upgrades.md"), "{error}");
}

pub async fn a_newer_schema_that_takes_away_what_we_do_not_use_is_worked_with(house: &House) {
    migrated(house, "contract after 1 leftovers").await;
    house.again().await.unwrap();
}

pub async fn what_a_newer_version_added_to_a_row_survives_an_older_one(house: &House) {
    let target = house.accept_one().await;
    let progress = "UPDATE targets SET progress = '{\"tenure\":{\"by\":\"v9\",\"n\":[1,2]}}' WHERE id = {id}";
    house.execute(progress, &[target.0]).await;
    house.apply(target, begin("w")).await;
    house.apply(target, published(1, "p")).await;
    assert_eq!(house.state(target).await, State::Published);
    let kept = "SELECT count(*) FROM targets WHERE progress LIKE '%\"tenure\":{\"by\":\"v9\",\"n\":[1,2]}%' \
                AND progress LIKE '%\"out\":[{%'";
    assert_eq!(house.count(kept).await, 1);
}

/// What only a newer version knows: a state, a reason, a scope, a kind of attempt.
const UNKNOWN: [&str; 4] = [
    "UPDATE targets SET state = 11 WHERE id = {id}",
    "UPDATE targets SET progress = '{\"listed\":{\"reason\":\"novel\",\"at\":\"2026-03-01T12:00:00Z\"}}' WHERE id = {id}",
    "UPDATE targets SET progress = '{\"last_failure\":{\"code\":\"OP-2101\",\"landed\":\"no\",\"worth\":{\"kind\":\"never\"},\
     \"scope\":\"novel\",\"step\":\"s\",\"said\":{}}}' WHERE id = {id}",
    "UPDATE targets SET progress = '{\"lease\":{\"worker\":\"w\",\"kind\":\"novel\",\"since\":\"2026-03-01T12:00:00Z\",\
     \"until\":\"2026-03-01T12:00:00Z\"}}' WHERE id = {id}",
];

pub async fn an_unknown_word_stops_its_row_and_no_other(house: &House) {
    let one_at_a_time = claim(1);
    unknown_words_stop_nothing_else(house, &one_at_a_time).await;
}

pub async fn unknown_words_do_not_fill_the_room_of_a_channel(house: &House) {
    let one_on_its_way = Claim { outstanding_per_channel: 1, ..claim(1) };
    unknown_words_stop_nothing_else(house, &one_on_its_way).await;
}

async fn unknown_words_stop_nothing_else(house: &House, claim: &Claim) {
    let mut odd = Vec::new();
    for statement in UNKNOWN {
        let target = house.accept_one().await;
        house.execute(statement, &[target.0]).await;
        odd.push(target);
    }
    let good = house.accept_one().await;
    // The oldest are the ones that cannot be read.
    let mut emitted = Vec::new();
    for _ in 0..3 {
        emitted
            .extend(house.ledger.claim(claim).await.unwrap().emissions.into_iter().map(|emission| emission.target.id));
    }
    assert_eq!(emitted, [good]);
    let before = rows(house).await;
    for target in &odd {
        for command in [begin("w"), Command::Wake, Command::Retry] {
            let error = house.ledger.apply(*target, command).await.unwrap_err();
            assert!(matches!(error, LedgerError::Corrupt { .. }), "{error}");
        }
    }
    assert_eq!(rows(house).await, before, "what cannot be read is not written");
    house.apply(good, begin("w")).await;
    house.advance(7_200);
    let census = house.ledger.census(Duration::from_secs(60)).await.unwrap();
    assert!(census.overdue >= 4, "they can be seen: {census:?}");
}

pub async fn what_cannot_be_read_hides_nothing_else_in_a_list(house: &House) {
    let (odd, good) = (house.accept_one().await, house.accept_one().await);
    for target in [odd, good] {
        house.execute("UPDATE targets SET listed_at = 1, state = 7 WHERE id = {id}", &[target.0]).await;
    }
    house.execute(UNKNOWN[1], &[odd.0]).await;
    house.execute("UPDATE outbox SET body = '{\"name\":\"target.novel\"}' WHERE id = (SELECT id FROM outbox ORDER BY id LIMIT 1)", &[]).await;
    let listed = house.ledger.failures(&PostFilter::default()).await.unwrap();
    let ids: Vec<TargetId> = listed.page.items.iter().map(|view| view.target.id).collect();
    assert_eq!(ids, [good]);
    assert_eq!(listed.groups.iter().map(|(_, many)| many).sum::<u64>(), 2, "the count still tells of both");
    assert_eq!(house.ledger.untold(Duration::ZERO, 10).await.unwrap().len(), 1);
    house.execute("UPDATE targets SET state = 11 WHERE id = {id}", &[odd.0]).await;
    assert_eq!(house.ledger.posts(&PostFilter::default()).await.unwrap().items.len(), 1);
}

pub async fn an_attempt_of_an_unknown_kind_hides_no_other(house: &House) {
    let target = house.accept_one().await;
    house.apply(target, begin("w")).await;
    house.apply(target, published(1, "p")).await;
    let novel = "INSERT INTO attempts (target, number, began_at, ended_at, kind, outcome, worker) \
                 SELECT target, 2, began_at, ended_at, 'novel', outcome, worker FROM attempts";
    house.execute(novel, &[]).await;
    let view = house.ledger.target(target).await.unwrap().unwrap();
    assert_eq!((view.target.state, view.attempts.len()), (State::Published, 1));
}

pub async fn a_pause_of_an_unknown_scope_holds_everything_back(house: &House) {
    let target = house.accept_one().await;
    house
        .execute("INSERT INTO pauses (scope, body) VALUES ('moon:full', '{\"scope\":{\"kind\":\"moon\"}}')", &[])
        .await;
    let error = house.ledger.apply(target, begin("w")).await.unwrap_err();
    assert!(matches!(&error, LedgerError::Corrupt { what } if what.contains("pause")), "{error}");
    house.execute("DELETE FROM pauses", &[]).await;
    house.apply(target, begin("w")).await;
}

async fn rows(house: &House) -> Vec<i64> {
    let mut sums = Vec::new();
    for column in ["state", "revision", "attempt", "wake_at", "length(progress)"] {
        sums.push(house.count(&format!("SELECT CAST(sum({column}) AS BIGINT) FROM targets")).await);
    }
    sums
}
