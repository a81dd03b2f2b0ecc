//! Durations as people write them: `250ms`, `30s`, `2m`, `1h 30m`.

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn show(span: Duration) -> String {
    match SignedDuration::try_from(span) {
        Ok(span) => format!("{span:#}"),
        Err(_) => format!("{span:?}"),
    }
}

fn read(text: &str) -> Option<Duration> {
    Duration::try_from(text.trim().parse::<SignedDuration>().ok()?).ok()
}

pub(crate) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&show(*span))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    read(&String::deserialize(from)?).ok_or_else(|| {
        D::Error::custom("is not a duration; write a number with a unit, such as 250ms, 30s, 2m or 1h 30m")
    })
}

/// The same for a duration that may be absent.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, Duration, Serializer, show};

    pub(crate) fn serialize<S: Serializer>(span: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => to.serialize_str(&show(*span)),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Span(#[serde(with = "super")] Duration);
        Ok(Option::<Span>::deserialize(from)?.map(|Span(span)| span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_read_back() {
        for (text, millis) in
            [("250ms", 250), ("30s", 30_000), ("2m", 120_000), ("1h 30m", 5_400_000), ("48h", 172_800_000)]
        {
            let span = Duration::from_millis(millis);
            assert_eq!(read(text), Some(span), "{text}");
            assert_eq!(show(span), text);
        }
    }

    #[test]
    fn a_bare_number_a_negative_and_nonsense_are_refused() {
        for text in ["30", "-5s", "", "soon", "5 parsecs"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
