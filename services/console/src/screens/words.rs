//! Words for people.

use domain::{AttemptKind, AttemptOutcome, PlatformWords, PostStatus, State};
use jiff::Timestamp;

/// Where a target stands, in a word.
pub(super) fn state(state: State) -> &'static str {
    state.words()
}

/// Where a post stands.
pub(super) fn status(status: PostStatus) -> &'static str {
    match status {
        PostStatus::Scheduled => "scheduled",
        PostStatus::InProgress => "in progress",
        PostStatus::Published => "published",
        PostStatus::Partial => "partly published",
        PostStatus::NeedsAttention => "needs attention",
        PostStatus::Expired => "expired",
        PostStatus::Withdrawn => "withdrawn",
    }
}

/// Whose words they are, as a heading.
pub(super) fn whose(said: &PlatformWords) -> &'static str {
    if said.is_answer() { "The platform's words" } else { "What oncepost saw" }
}

/// What an attempt set out to do.
pub(super) fn kind(kind: AttemptKind) -> &'static str {
    match kind {
        AttemptKind::Send => "Send",
        AttemptKind::Repeat => "Repeat with the same key",
        AttemptKind::Look => "Look on the platform",
        AttemptKind::Poll => "Ask for the verdict",
    }
}

/// How an attempt ended.
pub(super) fn outcome(outcome: AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::Published => "published",
        AttemptOutcome::Processing => "accepted, the platform still decides",
        AttemptOutcome::NotSent => "surely not sent",
        AttemptOutcome::Unknown => "outcome not known",
        AttemptOutcome::Absent => "not there",
        AttemptOutcome::Lost => "its worker was lost",
        AttemptOutcome::Released => "given back, nothing done",
    }
}

/// How far an instant is from now: `in 3 min`, `2 h ago`.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second() - now.as_second();
    match (seconds, span(seconds.unsigned_abs())) {
        (-4..=4, _) => "now".into(),
        (1.., span) => format!("in {span}"),
        (_, span) => format!("{span} ago"),
    }
}

/// A span of seconds, to one unit.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        0..=90 => format!("{seconds} s"),
        91..=5_399 => format!("{} min", (seconds + 30) / 60),
        5_400..=172_799 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

/// `1 post`, `2 posts`.
pub(super) fn many(count: u64, one: &str) -> String {
    let grouped = grouped(count);
    if count == 1 { format!("1 {one}") } else { format!("{grouped} {one}s") }
}

/// A number with its thousands apart.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_one_unit() {
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let told = |seconds: i64| ago(Timestamp::from_second(now.as_second() + seconds).unwrap(), now);
        for (seconds, expected) in [
            (0, "now"),
            (-4, "now"),
            (5, "in 5 s"),
            (-90, "90 s ago"),
            (-91, "2 min ago"),
            (3_600, "in 60 min"),
            (-7_200, "2 h ago"),
            (86_400, "in 24 h"),
            (-3 * 86_400, "3 days ago"),
        ] {
            assert_eq!(told(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn numbers_are_told_so_that_they_can_be_read() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((many(1, "post"), many(2_000, "post")), ("1 post".into(), "2,000 posts".into()));
    }
}
