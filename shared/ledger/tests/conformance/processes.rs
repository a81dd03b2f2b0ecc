//! Processes: each says that it lives, and is forgotten when it has ended or was silent for long.

use std::time::Duration;

use jiff::Timestamp;
use ledger::{Beat, PartSeen, Process};

use crate::house::House;

const DAY: Duration = Duration::from_secs(86_400);

fn beat(house: &House, service: &str, host: &str) -> Beat {
    house.clock.advance(Duration::from_millis(1));
    Beat {
        id: house.runtime.id(),
        name: format!("{service}@{host}:7"),
        service: service.into(),
        host: host.into(),
        roles: vec![service.into()],
        channels: vec!["mastodon".parse().unwrap()],
        version: "0.1.0".into(),
        commit: Some("1a2b3c4".into()),
        started_at: Timestamp::from_second(1_790_000_000).unwrap(),
        is_draining: false,
        parts: vec![PartSeen {
            part: "broker".into(),
            answers: true,
            since: Timestamp::from_second(1_790_000_001).unwrap(),
            millis: Some(3),
        }],
    }
}

async fn all(house: &House) -> Vec<Process> {
    house.processes.processes().await.unwrap()
}

pub async fn a_process_is_known_by_what_it_said_last(house: &House) {
    let mut worker = beat(house, "worker", "b");
    house.processes.beat(worker.clone(), DAY).await.unwrap();
    let first_at = house.now();
    house.advance(15);
    let other = beat(house, "worker", "a");
    let scheduler = beat(house, "scheduler", "z");
    for beat in [&other, &scheduler] {
        house.processes.beat(beat.clone(), DAY).await.unwrap();
    }
    let now = house.now();
    let shown = |beat: &Beat, seen_at: Timestamp| Process {
        beat: beat.clone(),
        seen_at,
        silent_for: Duration::try_from(now.duration_since(seen_at)).unwrap(),
    };
    assert_eq!(all(house).await, [shown(&scheduler, now), shown(&other, now), shown(&worker, first_at)]);
    worker.is_draining = true;
    worker.parts[0].answers = false;
    house.processes.beat(worker.clone(), DAY).await.unwrap();
    assert_eq!(all(house).await, [shown(&scheduler, now), shown(&other, now), shown(&worker, now)]);
}

pub async fn a_process_is_forgotten_when_it_ends_or_was_silent_for_long(house: &House) {
    let (silent, ended, lives) = (beat(house, "api", "a"), beat(house, "api", "b"), beat(house, "api", "c"));
    for beat in [&silent, &ended, &lives] {
        house.processes.beat(beat.clone(), DAY).await.unwrap();
    }
    house.processes.end_process(ended.id).await.unwrap();
    house.processes.end_process(ended.id).await.unwrap();
    house.advance(86_399);
    house.processes.beat(lives.clone(), DAY).await.unwrap();
    let names = |all: Vec<Process>| all.into_iter().map(|process| process.beat.host).collect::<Vec<_>>();
    assert_eq!(names(all(house).await), ["a", "c"]);
    house.advance(2);
    house.processes.beat(lives.clone(), DAY).await.unwrap();
    assert_eq!(names(all(house).await), ["c"], "silent for longer than a day");
}

/// What was written by a newer version of a process that this one cannot read.
pub async fn a_process_that_cannot_be_read_hides_no_other(house: &House) {
    let lives = beat(house, "api", "c");
    house.processes.beat(lives.clone(), DAY).await.unwrap();
    let other = house.runtime.id();
    house.execute("INSERT INTO processes (id, seen_at, body) VALUES ({id}, 1800000000000, '{}')", &[other]).await;
    assert_eq!(all(house).await.len(), 1);
    let version = house.processes.schema_version().await.unwrap().unwrap();
    assert!(version.applied >= 9 && version.applied == version.known, "{version:?}");
}
