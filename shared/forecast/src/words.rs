//! Times as people read them.

use std::time::Duration;

use jiff::Timestamp;

/// An instant to the second, as the command line shows it everywhere.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// How much later than `from` it is at `to`, in the two largest units: "2 h 5 min", "7 min", "40 s".
pub(crate) fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = Duration::try_from(to.duration_since(from)).unwrap_or_default().as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, ..) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_two_largest_units() {
        let zero = Timestamp::UNIX_EPOCH;
        let told = |seconds| span(zero, Timestamp::from_second(seconds).unwrap());
        assert_eq!(
            [40, 60, 425, 3600, 7500, 86_400, 180_000].map(told),
            ["40 s", "1 min", "7 min", "1 h", "2 h 5 min", "1 d", "2 d 2 h"]
        );
        assert_eq!(told(-5), "0 s");
    }
}
