//! The evidence beside a cause: what goes out while it fails. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ledger::{LastOut, Lately, Outlet};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extent::{account, listed};

/// What was due while something fails, and is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Meanwhile {
    /// Since when it was looked at: a day at most.
    #[schemars(with = "domain::Rfc3339")]
    pub since: Timestamp,
    /// On the accounts that it strikes.
    pub own: Flow,
    /// On the other accounts of their channels.
    pub siblings: Flow,
    /// On other channels.
    pub elsewhere: Flow,
    /// What that says.
    pub words: String,
}

/// How many targets were due, and how many of them are out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flow {
    /// How many are settled: out, given up, or on the operators' list.
    pub settled: u64,
    /// How many are out.
    pub published: u64,
}

/// The beginning of the second that `at` is in.
pub fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_nanosecond(at.as_nanosecond().div_euclid(SECOND) * SECOND).unwrap_or(at)
}

const SECOND: i128 = 1_000_000_000;

/// An instant to the second, as it is shown everywhere.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// What goes out while something fails at `places` since `since`: on their accounts, on the other accounts of their channels, and
/// elsewhere. `out`: when something went out last, whenever it was due. `from`: since when it was looked at.
pub(crate) fn meanwhile<'a>(
    places: impl IntoIterator<Item = &'a Outlet>,
    lately: &[Lately],
    out: &[LastOut],
    since: Timestamp,
    from: Timestamp,
) -> Meanwhile {
    let places: Vec<_> = places.into_iter().collect();
    let accounts: BTreeSet<_> = places.iter().map(|place| account(place)).collect();
    let channels: BTreeSet<_> = places.iter().map(|place| &place.channel).collect();
    // What was due before may go out late, and says as much.
    let newest = |is_there: &dyn Fn(&LastOut) -> bool| out.iter().filter(|out| is_there(out)).max_by_key(|out| out.at);
    let of_all = newest(&|_| true);
    let goes_out = of_all.is_some_and(|out| since < out.at);
    let of_all = of_all.map_or_else(String::new, |LastOut { channel, at, .. }| {
        format!(" The newest of all went out on {channel} at {}.", instant(*at))
    });
    let there = newest(&|out| since < out.at && channels.contains(&out.channel));
    let there = there.map_or_else(String::new, |out| format!(" The newest there went out at {}.", instant(out.at)));
    let began = second(since);
    let since = began.max(from);
    let (mut own, mut siblings, mut elsewhere) = (Flow::default(), Flow::default(), Flow::default());
    let mut beside = 0;
    // By whole seconds: what was due before the one in which it began to fail proves nothing.
    for one in lately.iter().filter(|one| since <= one.second) {
        let flow = match () {
            // Within that second an account may have published and then died: its own posts prove something from the next one on.
            () if accounts.contains(&account(&one.place)) && one.second == began => {
                beside += one.published;
                continue;
            }
            () if accounts.contains(&account(&one.place)) => &mut own,
            () if channels.contains(&one.place.channel) => &mut siblings,
            () => &mut elsewhere,
        };
        flow.settled += one.settled;
        flow.published += one.published;
    }
    let it = if accounts.len() == 1 { "it" } else { "them" };
    let on = listed(channels.iter().map(|channel| channel.as_str()));
    let at = instant(since);
    let words = match (own.published, siblings, elsewhere) {
        (1.., ..) => format!("Other posts of {it} go out meanwhile: {} due since {at} did.", own.published),
        (0, ..) if beside > 0 && own.settled == 0 => {
            let others = match (siblings.published, elsewhere.published) {
                (0, 0) => String::new(),
                (0, others) => format!("; {others} on other channels did go out"),
                (others, _) => format!("; {others} on other accounts of {on} did go out"),
            };
            format!(
                "{beside} of {it} went out that were due in that very second, {at}, and nothing was due since{others}."
            )
        }
        (0, Flow { published: 1.., .. }, _) => {
            format!(
                "Nothing of {it} went out that was due since {at}; {} on other accounts of {on} did.",
                siblings.published
            )
        }
        (0, Flow { settled: 0, .. }, Flow { settled: 0, .. }) if goes_out => {
            format!("Nothing else was due since {at}.{of_all}")
        }
        (0, Flow { settled: 0, .. }, Flow { settled: 0, .. }) => {
            format!("Nothing else was due since {at}: whether other posts go out cannot be told.{of_all}")
        }
        (0, _, Flow { published: 1.., .. }) => format!(
            "Nothing on {on} went out that was due since {at}; {} on other channels did.{there}",
            elsewhere.published
        ),
        (0, ..) => format!("Nothing at all went out that was due since {at}.{of_all}"),
    };
    Meanwhile { since, own, siblings, elsewhere, words }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::extent::tests::place;

    #[test]
    fn the_evidence_is_what_was_due_since_and_is_out() {
        let began: Timestamp = "2026-06-01T03:10:00Z".parse().unwrap();
        let lately = |name: &str, seconds: u64, settled, published| Lately {
            place: place(name),
            second: began + Duration::from_secs(seconds) - Duration::from_secs(1),
            settled,
            published,
        };
        // It began within the second.
        let first = began + Duration::from_millis(700);
        let of = |rows: &[Lately]| meanwhile(&[place("acme/a/one@meta")], rows, &[], first, began).words;
        // Due in the second before it began.
        let early = lately("acme/a/one", 0, 9, 9);
        assert_eq!(
            of(std::slice::from_ref(&early)),
            "Nothing else was due since 2026-06-01 03:10:00Z: whether other posts go out cannot be told."
        );
        let (own, sibling) = (lately("acme/a/one", 2, 4, 0), lately("beta/a/one", 1, 2, 2));
        let (still, other) = (lately("beta/a/one", 2, 3, 0), lately("acme/c/one", 2, 5, 5));
        assert_eq!(
            of(&[lately("acme/a/one@own", 1, 9, 9), lately("acme/a/one@own", 2, 4, 3)]),
            "Other posts of it go out meanwhile: 3 due since 2026-06-01 03:10:00Z did."
        );
        assert_eq!(
            of(&[own.clone(), sibling, other.clone()]),
            "Nothing of it went out that was due since 2026-06-01 03:10:00Z; 2 on other accounts of a did."
        );
        assert_eq!(
            of(&[own.clone(), still.clone(), other]),
            "Nothing on a went out that was due since 2026-06-01 03:10:00Z; 5 on other channels did."
        );
        assert_eq!(of(&[own, still]), "Nothing at all went out that was due since 2026-06-01 03:10:00Z.");
        // What it published in the second of its death is no sign that it lives.
        let beside = lately("acme/a/one", 1, 9, 9);
        assert_eq!(
            of(std::slice::from_ref(&beside)),
            "9 of it went out that were due in that very second, 2026-06-01 03:10:00Z, and nothing was due since."
        );
        assert_eq!(
            of(&[beside.clone(), lately("beta/a/one", 1, 2, 2)]),
            "9 of it went out that were due in that very second, 2026-06-01 03:10:00Z, and nothing was due since; 2 on other accounts of a \
             did go out."
        );
        let failed = lately("acme/a/one", 2, 1, 0);
        assert!(of(&[beside, failed]).starts_with("Nothing else was due"), "what failed since counts for more");
        // Only a part could be looked at.
        let from = began + Duration::from_secs(2);
        let looked = meanwhile(&[place("acme/a/one")], &[early], &[], began, from);
        assert_eq!(looked.since, from);
    }

    /// What was due before may go out late: nothing is said that the newest of all gives the lie to.
    #[test]
    fn whatever_was_due_the_newest_that_went_out_is_told() {
        let began = Timestamp::from_second(100).unwrap();
        let out = |channel: &str, at: i64| LastOut {
            tenant: "acme".parse().unwrap(),
            channel: channel.parse().unwrap(),
            at: Timestamp::from_second(at).unwrap(),
        };
        let of = |rows: &[Lately], out: &[LastOut]| meanwhile(&[place("acme/a/one")], rows, out, began, began).words;
        let due = |name: &str, published| Lately { place: place(name), second: began, settled: 3, published };
        let since = "since 1970-01-01 00:01:40Z";
        let untold = format!("Nothing else was due {since}: whether other posts go out cannot be told.");
        assert_eq!(of(&[], &[]), untold);
        let before = format!("{untold} The newest of all went out on b at 1970-01-01 00:01:39Z.");
        assert_eq!(of(&[], &[out("a", 98), out("b", 99)]), before);
        let after = format!("Nothing else was due {since}. The newest of all went out on b at 1970-01-01 00:01:41Z.");
        assert_eq!(of(&[], &[out("a", 98), out("b", 101)]), after);
        let late = format!(
            "Nothing at all went out that was due {since}. The newest of all went out on a at 1970-01-01 00:01:41Z."
        );
        assert_eq!(of(&[due("beta/a/one", 0)], &[out("a", 101)]), late);
        let others = format!("Nothing on a went out that was due {since}; 3 on other channels did.");
        assert_eq!(of(&[due("acme/c/one", 3)], &[out("a", 99), out("c", 101)]), others);
        let there = format!("{others} The newest there went out at 1970-01-01 00:01:42Z.");
        assert_eq!(of(&[due("acme/c/one", 3)], &[out("a", 102), out("c", 101)]), there);
    }
}
