//! Spans, sizes and ways to settle a doubt, in words.

use std::time::Duration;

use domain::RepeatSafety;

/// How an unknown outcome is settled.
pub(super) fn settled_by(repeat: RepeatSafety) -> String {
    let listing = |sure_after: Duration| {
        format!("the account's posts; \"not there\" counts {} after the last call", span(sure_after.as_secs()))
    };
    match repeat {
        RepeatSafety::PlatformKey { afterwards: Some(look_up), .. } => {
            format!("the same call with the same key; when the key is forgotten, {}", listing(look_up.sure_after))
        }
        RepeatSafety::PlatformKey { afterwards: None, .. } => {
            "the same call with the same key; when the key is forgotten, a person".to_owned()
        }
        RepeatSafety::Handle { .. } => "asking for the handle, which was stored before it was used".to_owned(),
        RepeatSafety::LookUp(look_up) => listing(look_up.sure_after),
        RepeatSafety::Nothing => "a person, at once; never sent again by itself".to_owned(),
    }
}

const YEAR: u64 = 365 * 86_400;

/// A span in the largest unit that says it in a whole number: `90 s`, `5 minutes`, `24 hours`, `60 days`, `10 years`.
pub(super) fn span(seconds: u64) -> String {
    match seconds {
        3600 => "1 hour".to_owned(),
        seconds if seconds >= 2 * YEAR && seconds % YEAR == 0 => format!("{} years", seconds / YEAR),
        seconds if seconds >= 172_800 && seconds % 86_400 == 0 => format!("{} days", seconds / 86_400),
        seconds if seconds >= 7200 && seconds % 3600 == 0 => format!("{} hours", seconds / 3600),
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// `10 MiB` where that is exact.
pub(super) fn bytes(bytes: usize) -> String {
    const KIB: usize = 1024;
    const MIB: usize = KIB * KIB;
    match bytes {
        bytes if bytes >= MIB && bytes.is_multiple_of(MIB) => format!("{} MiB", grouped(bytes / MIB)),
        bytes if bytes >= 10 * KIB && bytes.is_multiple_of(KIB) => format!("{} KiB", grouped(bytes / KIB)),
        bytes => format!("{} bytes", grouped(bytes)),
    }
}

/// A number as people read it: 40000 as `40,000`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut said = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_their_largest_unit() {
        let table = [
            (0, "0 s"),
            (90, "90 s"),
            (300, "5 minutes"),
            (3600, "1 hour"),
            (86_400, "24 hours"),
            (5_184_000, "60 days"),
            (7200, "2 hours"),
            (10 * YEAR, "10 years"),
        ];
        for (seconds, said) in table {
            assert_eq!(span(seconds), said);
        }
    }

    #[test]
    fn numbers_and_sizes_are_said_as_people_read_them() {
        assert_eq!([7, 300, 3000, 25_000, 1_000_000].map(grouped), ["7", "300", "3,000", "25,000", "1,000,000"]);
        assert_eq!([3000, 4096, 262_144, 10 << 20].map(bytes), ["3,000 bytes", "4,096 bytes", "256 KiB", "10 MiB"]);
    }
}
