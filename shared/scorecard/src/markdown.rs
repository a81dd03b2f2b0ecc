//! A scorecard as a page of Markdown, to be sent round.

use std::fmt::Write as _;

use crate::{
    Figures, Scorecard,
    words::{found, looked_for, percent, span},
};

/// The page.
pub fn written(card: &Scorecard) -> String {
    let mut page = String::new();
    let so_far = if card.so_far { ", so far" } else { "" };
    let tenant = card.tenant.as_ref().map(|tenant| format!(", tenant {tenant}")).unwrap_or_default();
    // Writing to a text does not fail.
    let _ = writeln!(page, "# Reliability, {}{tenant}{so_far}\n", card.period.name);
    let _ = writeln!(page, "{} to {} ({})\n", card.period.from, card.period.until, card.period.zone);
    page += "| channel | due | published | need a person | expired | on the way | success | on time | late p50 | late p99 |\n";
    page += "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for channel in &card.channels {
        page += &outcome(channel.channel.as_str(), &channel.figures);
    }
    page += &outcome("**all**", &card.total);
    page += "\n| channel | manual retries | resolved | mean time to resolve | given up | doubts | settled by machine | duplicates found | vanished |\n";
    page += "|---|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for channel in &card.channels {
        page += &work(channel.channel.as_str(), &channel.figures);
    }
    page += &work("**all**", &card.total);
    if let Some(rests) = looked_for(&card.total) {
        let _ = writeln!(page, "\nDuplicates and vanished posts: {rests}.");
    }
    if !card.causes.is_empty() {
        page += "\n## Why people were needed\n\n| cause | cases | channels |\n|---|--:|---|\n";
        for cause in &card.causes {
            let code = cause.code.map(|code| format!("{code} ")).unwrap_or_default();
            let channels: Vec<_> = cause.channels.iter().map(|channel| channel.as_str()).collect();
            let _ = writeln!(page, "| {code}{} | {} | {} |", cause.title, cause.begun, channels.join(", "));
        }
    }
    if card.trend.len() > 1 {
        page +=
            "\n## Before\n\n| period | due | success | on time | late p99 | manual retries | mean time to resolve |\n";
        page += "|---|--:|--:|--:|--:|--:|--:|\n";
        for past in &card.trend {
            let figures = &past.figures;
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} | {} | {} | {} |",
                past.period.name,
                figures.due,
                percent(figures.success),
                percent(figures.on_time),
                span(figures.late_p99_s),
                figures.manual_retries,
                span(figures.mean_time_to_resolve_s),
            );
        }
    }
    page
}

fn outcome(channel: &str, figures: &Figures) -> String {
    format!(
        "| {channel} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        figures.due,
        figures.published,
        figures.failed,
        figures.expired,
        figures.undecided,
        percent(figures.success),
        percent(figures.on_time),
        span(figures.late_p50_s),
        span(figures.late_p99_s),
    )
}

fn work(channel: &str, figures: &Figures) -> String {
    format!(
        "| {channel} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        figures.manual_retries,
        figures.resolved,
        span(figures.mean_time_to_resolve_s),
        figures.given_up,
        figures.doubts,
        figures.doubts_by_machine,
        found(figures.duplicates),
        found(figures.vanished),
    )
}
