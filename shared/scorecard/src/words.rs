//! Figures as people read them. What is not known is a dash.

use crate::Figures;

/// What is not known.
pub(crate) const UNKNOWN: &str = "–";

/// A share in percent. Never rounded up: 99.999 % is not all.
pub fn percent(share: Option<f64>) -> String {
    match share {
        None => UNKNOWN.into(),
        Some(share) if share >= 1.0 => "100 %".into(),
        // So little beyond the digit is how the share is stored, and not a part of it.
        Some(share) => format!("{:.2} %", (share * 10_000.0 + 1e-6).floor() / 100.0),
    }
}

/// What was found by looking at platforms.
pub fn found(count: Option<u64>) -> String {
    count.map_or_else(|| UNKNOWN.into(), |count| count.to_string())
}

/// What the number of what was found rests on; `None` where nothing is out, or it was not asked.
pub fn looked_for(figures: &Figures) -> Option<String> {
    let looked_for = figures.looked_for.filter(|_| figures.published > 0)?;
    Some(match looked_for {
        0 => "nobody has looked at the platforms yet".into(),
        all if all >= figures.published => "all that is out was looked for".into(),
        some => format!("{some} of the {} that are out were looked for", figures.published),
    })
}

/// A span of seconds in its two largest units.
pub fn span(seconds: Option<f64>) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let Some(seconds) = seconds else { return UNKNOWN.into() };
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "spans are short of the end of time")]
    let whole = seconds.round() as u64;
    let first = UNITS.iter().position(|(length, _)| whole >= *length).unwrap_or(3);
    let (length, unit) = UNITS[first];
    let rest = UNITS.get(first + 1).map(|(next, name)| (whole % length / next, name)).filter(|(count, _)| *count > 0);
    match rest {
        Some((count, name)) => format!("{} {unit} {count} {name}", whole / length),
        None => format!("{} {unit}", whole / length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_never_rounded_up() {
        assert_eq!(percent(None), "–");
        assert_eq!(percent(Some(1.0)), "100 %");
        assert_eq!(percent(Some(0.999_999)), "99.99 %");
        assert_eq!(percent(Some(0.9931)), "99.31 %");
        assert_eq!(percent(Some(0.29)), "29.00 %");
        assert_eq!(percent(Some(0.0)), "0.00 %");
    }

    #[test]
    fn nothing_is_found_only_where_somebody_has_looked() {
        let of = |published, looked_for, duplicates| {
            let figures = Figures { published, looked_for, duplicates, ..Figures::default() };
            (found(figures.duplicates), super::looked_for(&figures))
        };
        let words = |words: &str| Some(words.to_owned());
        let nobody = words("nobody has looked at the platforms yet");
        assert_eq!(of(5, Some(0), None), ("–".into(), nobody.clone()));
        assert_eq!(of(5, Some(0), Some(1)), ("1".into(), nobody));
        assert_eq!(of(5, Some(4), Some(0)), ("0".into(), words("4 of the 5 that are out were looked for")));
        assert_eq!(of(5, Some(5), Some(0)), ("0".into(), words("all that is out was looked for")));
        assert_eq!(of(0, Some(0), Some(0)), ("0".into(), None));
        assert_eq!(of(5, None, Some(0)), ("0".into(), None));
    }

    #[test]
    fn spans_are_told_in_two_units() {
        let told =
            [0.25, 9.0, 12.4, 60.0, 61.0, 3_600.0, 3_725.0, 86_399.6, 190_800.0].map(|span| super::span(Some(span)));
        assert_eq!(told, ["0.2 s", "9.0 s", "12 s", "1 min", "1 min 1 s", "1 h", "1 h 2 min", "1 d", "2 d 5 h"]);
        assert_eq!(span(None), "–");
    }
}
