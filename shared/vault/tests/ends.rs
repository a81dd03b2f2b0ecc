//! When a token is taken to end.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::time::Duration;

use channels::{RefreshRepeat, TokenLife};
use jiff::{SignedDuration, Timestamp};
use oncepost_vault::{
    plan::{Means, state},
    record::{AccountRecord, State, Token},
};

const HOUR: Duration = Duration::from_secs(3600);

fn means(life: Duration, can_renew: bool) -> Means {
    Means { life: TokenLife::Refreshed { life, refresh_life: None, repeat: RefreshRepeat::Refused }, can_renew }
}

#[test]
fn t02_a_token_that_lasts_because_nothing_renews_it_is_not_given_up_for_its_kinds_short_life() {
    let since: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
    let tomorrow = since + SignedDuration::from_hours(24);
    let mut record =
        AccountRecord { token: Token { since: Some(since), ..Token::default() }, ..AccountRecord::default() };
    record.health.state = State::Ok;
    let (lasting, rotated, long) = (means(12 * HOUR, false), means(12 * HOUR, true), means(60 * 24 * HOUR, false));
    assert_eq!((lasting.ends(&record.token), state(&lasting, &record, tomorrow)), (None, State::Ok));
    assert_eq!(rotated.ends(&record.token), Some(since + SignedDuration::from_hours(12)));
    assert_eq!(long.ends(&record.token), Some(since + SignedDuration::from_hours(60 * 24)));
    record.token.ends = Some(since + SignedDuration::from_hours(1));
    assert_eq!(state(&lasting, &record, tomorrow), State::NeedsReconnect, "what the platform said counts");
}
