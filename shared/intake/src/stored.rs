//! How an accepted answer is kept: short, because every pending post has one, and whole, because a repeated request gets the
//! first answer again, to the letter.

use contract::{Accepted, AcceptedTarget, Answer, Problem, Resolved, V1};
use domain::{AccountId, ChannelName, PostId, TargetId};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kept form. Single letters, because the names would be longer than the values.
#[derive(Serialize, Deserialize)]
struct Kept {
    t: Vec<KeptTarget>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    w: Vec<Problem>,
}

#[derive(Serialize, Deserialize)]
struct KeptTarget {
    /// The target's id, without hyphens.
    i: String,
    c: ChannelName,
    a: AccountId,
    /// When it goes out, in milliseconds.
    d: i64,
    /// When it expires, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l: Option<i64>,
    /// How the time was found, where that is more than "an instant was given".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<Resolved>,
}

/// The kept form of `accepted`.
pub(crate) fn pack(accepted: &Accepted) -> Value {
    let targets = accepted.targets.iter().map(|target| KeptTarget {
        i: target.target.0.simple().to_string(),
        c: target.channel.clone(),
        a: target.account.clone(),
        d: target.due_at.as_millisecond(),
        l: target.deadline.map(Timestamp::as_millisecond),
        r: (target.resolved != plain(target.due_at)).then(|| target.resolved.clone()),
    });
    serde_json::to_value(Kept { t: targets.collect(), w: accepted.warnings.clone() }).unwrap_or_default()
}

/// The answer that `kept` stands for; `kept` itself if it is not one of ours.
pub(crate) fn unpack(post: PostId, kept: Value) -> Value {
    let whole = || -> Option<Answer> {
        let Kept { t, w } = serde_json::from_value(kept.clone()).ok()?;
        let targets = t.into_iter().map(target).collect::<Option<_>>()?;
        Some(Answer::Accepted(Accepted { version: V1, post, targets, warnings: w, notes: Vec::new() }))
    };
    whole().and_then(|answer| serde_json::to_value(answer).ok()).unwrap_or(kept)
}

fn target(kept: KeptTarget) -> Option<AcceptedTarget> {
    let due_at = Timestamp::from_millisecond(kept.d).ok()?;
    let deadline = match kept.l {
        Some(deadline) => Some(Timestamp::from_millisecond(deadline).ok()?),
        None => None,
    };
    Some(AcceptedTarget {
        target: TargetId(kept.i.parse().ok()?),
        channel: kept.c,
        account: kept.a,
        due_at,
        resolved: kept.r.unwrap_or_else(|| plain(due_at)),
        deadline,
    })
}

/// What is said of a time that was given as an instant.
fn plain(due_at: Timestamp) -> Resolved {
    Resolved {
        instant: due_at,
        zone: "UTC".into(),
        local: TimeZone::UTC.to_datetime(due_at),
        rule: contract::Rule::Exact,
    }
}

#[cfg(test)]
mod tests {
    use domain::Code;
    use uuid::Uuid;

    use super::*;

    fn accepted(resolved: Resolved) -> Accepted {
        Accepted {
            version: V1,
            post: PostId(Uuid::from_u128(1)),
            targets: vec![AcceptedTarget {
                target: TargetId(Uuid::from_u128(2)),
                channel: ChannelName::new("mastodon").unwrap(),
                account: AccountId::new("main").unwrap(),
                due_at: resolved.instant,
                resolved,
                deadline: Some("2027-01-01T00:00:00.001Z".parse().unwrap()),
            }],
            warnings: vec![Problem::new("$.content", Code::SAME_TEXT_NEARBY, "twice")],
            notes: Vec::new(),
        }
    }

    #[test]
    fn what_is_kept_comes_back_to_the_letter_and_is_short() {
        let instant: Timestamp = "2026-10-25T00:30:00.25Z".parse().unwrap();
        let odd = Resolved {
            instant,
            zone: "Europe/Berlin".into(),
            local: "2026-10-25T02:30:00.25".parse().unwrap(),
            rule: contract::Rule::OverlapEarlier,
        };
        for resolved in [plain(instant), odd] {
            let accepted = accepted(resolved);
            let whole = serde_json::to_value(Answer::Accepted(accepted.clone())).unwrap();
            let kept = pack(&accepted);
            assert_eq!(unpack(accepted.post, kept.clone()), whole);
            assert!(kept.to_string().len() + 150 < whole.to_string().len(), "{kept}");
        }
    }

    #[test]
    fn what_is_not_ours_is_left_as_it_is() {
        let other = serde_json::json!({ "status": "accepted" });
        assert_eq!(unpack(PostId(Uuid::nil()), other.clone()), other);
    }
}
