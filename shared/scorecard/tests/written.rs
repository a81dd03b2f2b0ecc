//! The forms in which a scorecard leaves the house.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use domain::{ChannelName, State};
use ledger::{CaseTally, DueTally, IncidentKind, IncidentTally, LookTally, RetryTally};
use oncepost_scorecard::{Counts, Frame, Scorecard, Span, csv, markdown};

fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).unwrap()
}

fn counts(published: u64, failed: u64) -> Counts {
    let tally = |on: &str, state, late: Option<u64>, count| DueTally {
        channel: channel(on),
        state,
        listed: false,
        doubted: false,
        asked: false,
        late: late.map(Duration::from_millis),
        count,
    };
    Counts {
        due: vec![
            tally("bluesky", State::Published, Some(120), published),
            DueTally { doubted: true, ..tally("mastodon", State::Published, Some(95_000), 3) },
            tally("mastodon", State::Failed, Some(900), failed),
            tally("mastodon", State::Cancelled, None, 2),
        ],
        cases: vec![CaseTally {
            channel: channel("mastodon"),
            cause: "OP-2102/account/-".into(),
            begun: failed,
            published: 2,
            published_after: Duration::from_secs(4_000),
            given_up: 1,
            given_up_after: Duration::from_secs(10),
        }],
        retries: vec![RetryTally { channel: channel("mastodon"), count: 5 }],
        found: vec![IncidentTally { channel: channel("bluesky"), kind: IncidentKind::Vanished, count: 1 }],
        looked: Some(vec![LookTally { channel: channel("bluesky"), count: 900 }]),
    }
}

fn card() -> Scorecard {
    let at = "2026-11-26T12:00:00Z".parse().unwrap();
    let period = Span::week("this", "Europe/Berlin", at).unwrap();
    let earlier = period.earlier(2).unwrap();
    let earlier: Vec<_> = earlier.into_iter().zip([counts(90, 10), Counts::default()]).collect();
    let frame = Frame { period, tenant: None, at, open_cases: 1, oldest_open_case: Some(at) };
    Scorecard::of(frame, &counts(996, 1), &earlier)
}

#[test]
fn markdown_is_a_page_to_send_round() {
    insta::assert_snapshot!(markdown::written(&card()));
}

#[test]
fn csv_has_a_row_for_each_channel_and_one_for_all() {
    let written = csv::written(&card());
    let rows: Vec<Vec<&str>> = written.lines().map(|row| row.split(',').collect()).collect();
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{written}");
    insta::assert_snapshot!(written);
}
