//! How reliable a period was.

use console::api::Scorecard;
use scorecard::{
    Figures, plot,
    words::{found, looked_for, percent, span},
};

use super::{counted, harmless, instant, labelled, table};

/// The scorecard in tables of a terminal's width.
pub(crate) fn told(card: &Scorecard) -> String {
    let so_far = if card.so_far { ", so far" } else { "" };
    let tenant = card.tenant.as_ref().map(|tenant| format!(", tenant {tenant}")).unwrap_or_default();
    let period = &card.period;
    let mut parts = vec![format!(
        "{}{tenant}{so_far}: {} to {} ({})",
        period.name,
        instant(period.from),
        instant(period.until),
        period.zone
    )];
    if card.channels.is_empty() {
        parts.push("Nothing was due, and nobody was needed.".into());
    } else {
        parts.push(outcomes(card));
        parts.push(work(card));
        parts.extend(looked_for(&card.total).map(|rests| format!("Duplicates: {rests}.")));
    }
    if !card.causes.is_empty() {
        let rows = card.causes.iter().map(|cause| {
            let channels: Vec<_> = cause.channels.iter().map(|channel| channel.as_str()).collect();
            let code = cause.code.map(|code| format!("{code} ")).unwrap_or_default();
            let finer = cause.finer().map(|finer| format!(": {}", harmless(&finer))).unwrap_or_default();
            [cause.begun.to_string(), format!("{code}{}{finer}", cause.title), channels.join(", ")]
        });
        parts.push(table(["cases", "why people were needed", "channels"], rows));
    }
    if card.trend.len() > 1 {
        parts.push(trend(card));
    }
    parts.push(match card.oldest_open_case {
        Some(since) => labelled(
            "",
            &format!(
                "{} a person now, the oldest since {}: `oncepost failures`.",
                if card.open_cases == 1 {
                    "1 target needs".into()
                } else {
                    format!("{} need", counted(usize::try_from(card.open_cases).unwrap_or(usize::MAX), "target"))
                },
                instant(since)
            ),
        ),
        None => "Nothing needs a person now.".into(),
    });
    parts.join("\n\n")
}

fn outcomes(card: &Scorecard) -> String {
    let row = |name: &str, figures: &Figures| {
        [
            name.to_owned(),
            figures.due.to_string(),
            figures.published.to_string(),
            figures.failed.to_string(),
            figures.expired.to_string(),
            figures.undecided.to_string(),
            percent(figures.success),
            percent(figures.on_time),
            span(figures.late_p50_s),
            span(figures.late_p99_s),
        ]
    };
    let rows = card.channels.iter().map(|channel| row(channel.channel.as_str(), &channel.figures));
    let head = ["channel", "due", "out", "failed", "expired", "on its way", "success", "on time", "p50", "p99"];
    table(head, rows.chain([row("all", &card.total)]))
}

fn work(card: &Scorecard) -> String {
    let row = |name: &str, figures: &Figures| {
        [
            name.to_owned(),
            figures.manual_retries.to_string(),
            figures.resolved.to_string(),
            span(figures.mean_time_to_resolve_s),
            figures.given_up.to_string(),
            figures.doubts.to_string(),
            figures.doubts_by_machine.to_string(),
            found(figures.duplicates),
        ]
    };
    let rows = card.channels.iter().map(|channel| row(channel.channel.as_str(), &channel.figures));
    let head =
        ["channel", "manual retries", "resolved", "time to resolve", "given up", "doubts", "by machine", "duplicates"];
    table(head, rows.chain([row("all", &card.total)]))
}

/// The figures of each period, and lines of blocks over all of them.
fn trend(card: &Scorecard) -> String {
    let rows = card.trend.iter().map(|past| {
        let figures = &past.figures;
        [
            past.period.name.clone(),
            figures.due.to_string(),
            percent(figures.success),
            percent(figures.on_time),
            span(figures.late_p99_s),
            figures.manual_retries.to_string(),
            span(figures.mean_time_to_resolve_s),
        ]
    });
    let head = ["period", "due", "success", "on time", "p99", "manual retries", "mean time to resolve"];
    let line = |of: fn(&Figures) -> Option<f64>| {
        let values: Vec<_> = card.trend.iter().map(|past| of(&past.figures)).collect();
        plot::blocks(&values).trim_end().to_owned()
    };
    format!("{}\n\nsuccess  {}\non time  {}", table(head, rows), line(|f| f.success), line(|f| f.on_time))
}
