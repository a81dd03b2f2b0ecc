//! The accounts of a run, one pair for each kind of repeat safety, and what the platforms do to them.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use testkit::{Cue, End, fake::Stage};

use crate::{
    campaign::{Planned, PlannedTarget},
    config::Account,
    faults::{Platforms, account},
    shown::marker,
};

/// Two accounts of one channel that offer the same against repeats.
pub struct Kind {
    /// What it is counted under.
    pub row: &'static str,
    /// The channel.
    pub channel: &'static str,
    /// The accounts.
    pub accounts: [&'static str; 2],
    /// What they say of their server or receiver.
    settings: &'static [(&'static str, &'static str)],
}

/// What cannot be settled by machine.
pub const NOTHING: &str = "webhook, ids not kept";

/// A fake is done with a call within seconds and lists late by seconds, so these may be short; the stalls of the timetable are
/// shorter still.
const KEYS: &[(&str, &str)] = &[("settles_after", "9s"), ("sure_after", "24s")];
const NO_KEYS: &[(&str, &str)] = &[("idempotency_key", "ignored"), ("settles_after", "9s"), ("sure_after", "24s")];
/// The latest that the fakes list a post.
const LIST_LATE: Duration = Duration::from_secs(6);

/// All kinds.
pub const KINDS: [Kind; 5] = [
    Kind { row: "mastodon, key honoured", channel: "mastodon", accounts: ["ada", "ben"], settings: KEYS },
    Kind { row: "mastodon, key ignored", channel: "mastodon", accounts: ["cleo", "dan"], settings: NO_KEYS },
    Kind { row: "bluesky, handle", channel: "bluesky", accounts: ["ada", "ben"], settings: &[] },
    Kind { row: "webhook, ids kept", channel: "webhook", accounts: ["ada", "ben"], settings: &[] },
    Kind { row: NOTHING, channel: "webhook", accounts: ["uma", "vic"], settings: &[("repeats", "unsafe")] },
];

/// The accounts, with each channel's fake at the address that `url` gives.
pub fn accounts(url: impl Fn(&'static str) -> String) -> Vec<Account> {
    let mut all = Vec::new();
    for kind in &KINDS {
        for name in kind.accounts {
            let mut one = account(kind.channel, name, &url(kind.channel));
            one.settings.extend(kind.settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
            all.push(one);
        }
    }
    all
}

/// `posts` posts of two targets each, due evenly from `start` over `span`; every sixth is a thread.
pub fn plan(posts: usize, start: Timestamp, span: Duration) -> Vec<Planned> {
    let one = |number: usize| {
        let parts = if number % 6 == 3 { 3 } else { 1 };
        let kinds = [number % KINDS.len(), (number + 1 + number / KINDS.len() % 2) % KINDS.len()];
        let target = |kind: usize| {
            let Kind { row, channel, accounts, .. } = &KINDS[kind];
            let account = accounts[number / 2 % 2];
            PlannedTarget { channel, row, account, markers: (0..parts).map(|part| marker(number, part)).collect() }
        };
        let due = start + span.mul_f64(number as f64 / posts.max(1) as f64);
        Planned::plain(number, parts, due, kinds.map(target).into())
    };
    (0..posts).map(one).collect()
}

/// The platforms ignore and forget what their accounts say they do, and from now on misbehave in every way, by chance from `seed`.
pub fn misbehave(platforms: &Platforms, seed: u64) {
    for kind in &KINDS {
        for name in kind.accounts {
            match kind.settings {
                NO_KEYS => platforms.mastodon.platform().ignore_keys_of(name),
                _ if kind.row == NOTHING => platforms.webhook.platform().forget_ids_of(name),
                _ => {}
            }
        }
    }
    platforms.webhook.set(|knobs| knobs.retention_s = 24 * 3600);
    let stages: [&Stage; 3] = [&platforms.mastodon, &platforms.bluesky, &platforms.webhook];
    for (stage, n) in stages.into_iter().zip(0..) {
        stage.seed(seed.wrapping_mul(3).wrapping_add(n));
        let late = |cue: Cue| cue.list_late(LIST_LATE);
        for (chance, cue) in [
            (0.020, Cue::new(End::Outage)),
            (0.020, Cue::new(End::CutBefore)),
            (0.015, Cue::new(End::CutAfter)),
            (0.015, late(Cue { reset: true, ..Cue::new(End::CutAfter) })),
            (0.015, Cue::say(504, &json!({ "error": "gateway timeout" }))),
            (0.015, late(Cue::say(500, &json!({ "error": "InternalServerError" })))),
            (0.010, late(Cue::new(End::Malformed))),
            (0.010, Cue::say(200, &json!({ "what": "no id" }))),
            // The worker does not wait as long as this.
            (0.010, Cue::default().slow_before(Duration::from_secs(3))),
            (0.010, late(Cue::default().slow_after(Duration::from_secs(3)))),
            (0.020, Cue::default().slow_after(Duration::from_millis(800))),
            (0.003, Cue::new(End::RateLimit { seconds: 3 })),
            (0.100, late(Cue::default())),
        ] {
            stage.cue(cue.chance(chance));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_kind_and_account_gets_its_share_and_no_post_meets_an_account_twice() {
        let plan = plan(300, Timestamp::UNIX_EPOCH, Duration::from_secs(300));
        let mut shares: BTreeMap<_, usize> = BTreeMap::new();
        for planned in &plan {
            let [one, other] = &planned.targets[..] else { panic!("two targets") };
            assert_ne!((one.channel, one.account), (other.channel, other.account));
            for target in &planned.targets {
                *shares.entry((target.row, target.account)).or_default() += 1;
            }
        }
        assert_eq!(shares.len(), 2 * KINDS.len());
        assert!(shares.values().all(|share| *share > 30), "{shares:?}");
    }
}
