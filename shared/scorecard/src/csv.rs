//! A scorecard as comma-separated values (RFC 4180): a row for each channel, then one for all. Shares are from 0 to 1, spans in seconds,
//! and what is not known is empty.

use crate::{Figures, Scorecard};

const HEAD: [&str; 24] = [
    "period",
    "from",
    "until",
    "channel",
    "due",
    "published",
    "failed",
    "expired",
    "undecided",
    "cancelled",
    "success",
    "on_time",
    "late",
    "late_p50_s",
    "late_p99_s",
    "doubts",
    "doubts_by_machine",
    "manual_retries",
    "resolved",
    "mean_time_to_resolve_s",
    "given_up",
    "duplicates",
    "vanished",
    "looked_for",
];

/// The scorecard's rows. Names of channels and periods need no quotes.
pub fn written(card: &Scorecard) -> String {
    let channels = card.channels.iter().map(|channel| row(card, channel.channel.as_str(), &channel.figures));
    let rows = [HEAD.join(",")].into_iter().chain(channels).chain([row(card, "all", &card.total)]);
    rows.map(|row| row + "\r\n").collect()
}

fn row(card: &Scorecard, channel: &str, figures: &Figures) -> String {
    let known = |figure: Option<f64>| figure.map(|figure| figure.to_string()).unwrap_or_default();
    let count = |figure: Option<u64>| figure.map(|figure| figure.to_string()).unwrap_or_default();
    let cells = [
        card.period.name.clone(),
        card.period.from.to_string(),
        card.period.until.to_string(),
        channel.to_owned(),
        figures.due.to_string(),
        figures.published.to_string(),
        figures.failed.to_string(),
        figures.expired.to_string(),
        figures.undecided.to_string(),
        figures.cancelled.to_string(),
        known(figures.success),
        known(figures.on_time),
        figures.late.to_string(),
        known(figures.late_p50_s),
        known(figures.late_p99_s),
        figures.doubts.to_string(),
        figures.doubts_by_machine.to_string(),
        figures.manual_retries.to_string(),
        figures.resolved.to_string(),
        known(figures.mean_time_to_resolve_s),
        figures.given_up.to_string(),
        count(figures.duplicates),
        count(figures.vanished),
        count(figures.looked_for),
    ];
    cells.join(",")
}
