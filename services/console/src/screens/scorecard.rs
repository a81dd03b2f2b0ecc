//! How reliable a week was, with the rows behind every figure.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::Query,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use maud::{Markup, PreEscaped, html};
use scorecard::{
    Figures,
    plot::Line,
    words::{found, looked_for, percent, span},
};

use super::{
    Desk,
    parts::{Icon, Row, Tone, ago, channel, chip, nothing, prose, query, state, table, target},
    shell::Entry,
    visit::Visit,
    words,
};
use crate::{Problem, api};

pub(super) const ENTRY: Entry = Entry { path: "/scorecard", title: "Scorecard", key: 'r', icon: Icon::Chart };

/// What names a period in the address.
const PERIOD: [&str; 4] = ["week", "from", "until", "zone"];

/// The figures behind which there are rows: as the API names them, and in words.
const FIGURES: [(&str, &str); 14] = [
    ("due", "due"),
    ("published", "published"),
    ("failed", "in need of a person"),
    ("expired", "expired"),
    ("undecided", "still on their way"),
    ("cancelled", "cancelled"),
    ("late", "late"),
    ("doubts", "in doubt for a while"),
    ("asked", "in doubt until a person was asked"),
    ("duplicates", "found twice on the platform"),
    ("vanished", "not found on the platform any more"),
    ("manual_retries", "tried again by hand"),
    ("resolved", "resolved"),
    ("given_up", "given up"),
];

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/scorecard", get(show))
        .route("/scorecard/targets", get(rows))
        .route("/scorecard/written", get(written))
}

async fn show(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = body(&visit, &asked).await;
    visit.page(ENTRY.title, body)
}

/// The scorecard as a file to send round.
async fn written(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let card: api::Scorecard = match visit.get(&query("/v1/scorecard", &period(&asked))).await {
        Ok(card) => card,
        Err(problem) => return visit.refuse(&problem),
    };
    let (kind, ending, text) = match asked.get("format").map(String::as_str) {
        Some("csv") => ("text/csv; charset=utf-8", "csv", scorecard::csv::written(&card)),
        _ => ("text/markdown; charset=utf-8", "md", scorecard::markdown::written(&card)),
    };
    // The name of a period has letters, digits, hyphens, and a dash between days.
    let name = card.period.name.replace(" – ", "_");
    let file = format!("attachment; filename=\"reliability-{name}.{ending}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, file)], text).into_response()
}

/// What the address says of the period.
fn period(asked: &BTreeMap<String, String>) -> Vec<(&'static str, &str)> {
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    PERIOD.into_iter().map(|name| (name, given(name))).filter(|(_, value)| !value.is_empty()).collect()
}

async fn body(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let period = period(asked);
    let card: api::Scorecard = visit.get(&query("/v1/scorecard", &period)).await?;
    let now = visit.now();
    let forms = ["csv", "markdown"]
        .map(|form| (form, query("/scorecard/written", &[&period[..], &[("format", form)]].concat())));
    let head = ["Channel", "Success", "On time", "Out within", "Due", "Published", "Failed", "Expired", "On the way"];
    let work = [
        "Channel",
        "Manual retries",
        "Resolved",
        "Mean time to resolve",
        "Given up",
        "Doubts",
        "Settled by machine",
        "Duplicates found",
        "Vanished",
    ];
    let figures = || {
        let all = (None, &card.total);
        card.channels.iter().map(|one| (Some(&one.channel), &one.figures)).chain([all])
    };
    Ok(html! {
        h1 { "Scorecard" }
        (choice(&card, asked))
        p.lead {
            strong { (card.period.name) } @if card.so_far { ", so far" }
            span.quiet { " · " (card.period.from.strftime("%a %d %b %Y %H:%M")) " to " (card.period.until.strftime("%a %d %b %Y %H:%M UTC")) @if card.period.zone != "UTC" { ", days of " (card.period.zone) } }
        }
        dl.signs {
            (tile("Published of what was decided", &percent(card.total.success), "success"))
            (tile("Out within a minute", &percent(card.total.on_time), "on time"))
            (tile("Mean time to resolve", &span(card.total.mean_time_to_resolve_s), "since a person was needed"))
            (tile("Duplicates found", &found(card.total.duplicates), &looked_for(&card.total).unwrap_or_else(|| "nothing is out".into())))
            (tile("Retries by hand", &words::grouped(card.total.manual_retries), "in this period"))
        }
        @if card.channels.is_empty() {
            (nothing("Nothing was due in this period, and nobody was needed.", None))
        } @else {
            h2 { "What came of it" }
            (table("What came of it, by channel", &head, figures().map(|(of, figures)| outcome(visit, of, figures, &period)).collect()))
            h2 { "Work and doubts" }
            @if is_work(&card.total) {
                (table("Work and doubts, by channel", &work, figures().filter(|(_, figures)| is_work(figures)).map(|(of, figures)| labour(visit, of, figures, &period)).collect()))
            } @else {
                (nothing("Nobody had to do anything, and nothing was in doubt.", None))
            }
            h2 { "Why people were needed" }
            @if card.causes.is_empty() { (nothing("Nobody was: no case began in this period.", None)) }
            @else { (table("Why people were needed", &["Cause", "Cases", "Channels"], card.causes.iter().map(|cause| cause_row(visit, cause)).collect())) }
        }
        h2 { "Beside the weeks before" }
        div.plots {
            (trend(&card, "Success", percent, |figures| figures.success))
            (trend(&card, "On time", percent, |figures| figures.on_time))
            (trend(&card, "Late, 99 of 100 within", span, |figures| figures.late_p99_s))
            (trend(&card, "Mean time to resolve", span, |figures| figures.mean_time_to_resolve_s))
        }
        (past(&card))
        p.quiet.after {
            @match card.oldest_open_case {
                Some(since) => { a href="/" { (words::many(card.open_cases, "target")) } " need a person now, the oldest since " (ago(since, now)) ". " }
                None => "Nothing needs a person now. ",
            }
            "To send round: " @for (n, (name, address)) in forms.iter().enumerate() { @if n > 0 { ", " } a href=(address) download { (name.to_uppercase()) } } "."
        }
    })
}

/// Which week to look at.
fn choice(card: &api::Scorecard, asked: &BTreeMap<String, String>) -> Markup {
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    let week = if given("week").is_empty() && given("from").is_empty() { "this" } else { given("week") };
    html! {
        form.filter action="/scorecard" {
            div {
                label for="week" { "Week" }
                select #week name="week" {
                    option value="this" selected[week == "this"] { "this week" }
                    option value="last" selected[week == "last"] { "last week" }
                    @for past in card.trend.iter().rev() {
                        @let name = past.period.name.as_str();
                        @if name.contains("-W") { option value=(name) selected[week == name] { (name) } }
                    }
                }
            }
            div { label for="zone" { "Days of" } input #zone name="zone" value=(card.period.zone) autocomplete="off" spellcheck="false"; }
            div.end { button type="submit" { "Show" } }
        }
    }
}

fn tile(title: &str, figure: &str, of: &str) -> Markup {
    html! { div.sign { dt { (title) } dd { span.big { (figure) } span.more { (of) } } } }
}

/// A number that leads to what it counts.
fn counted(count: u64, figure: &str, of: Option<&domain::ChannelName>, period: &[(&str, &str)]) -> Markup {
    let channel = of.map_or("", |channel| channel.as_str());
    let address = query("/scorecard/targets", &[period, &[("figure", figure), ("channel", channel)]].concat());
    html! { @if count == 0 { span.n { "0" } } @else { a.n href=(address) { (words::grouped(count)) } } }
}

fn name(visit: &Visit, of: Option<&domain::ChannelName>) -> Markup {
    html! { @match of { Some(name) => { (channel(&visit.desk, name)) } None => { strong { "All" } } } }
}

fn outcome(visit: &Visit, of: Option<&domain::ChannelName>, figures: &Figures, period: &[(&str, &str)]) -> Row {
    let number = |count, figure| counted(count, figure, of, period);
    let text = |text: String| html! { span.n { (text) } };
    Row::new([
        name(visit, of),
        text(percent(figures.success)),
        html! { span.n { (percent(figures.on_time)) } @if figures.late > 0 { " " span.quiet { (number(figures.late, "late")) " late" } } },
        within(figures),
        number(figures.due, "due"),
        number(figures.published, "published"),
        number(figures.failed, "failed"),
        number(figures.expired, "expired"),
        number(figures.undecided, "undecided"),
    ])
}

/// How soon after their time half of what is out was out, and 99 of 100.
fn within(figures: &Figures) -> Markup {
    html! {
        @match (figures.late_p50_s, figures.late_p99_s) {
            (Some(half), Some(nearly_all)) => { span.n { (span(Some(half))) } " " span.quiet { "half, " } span.n { (span(Some(nearly_all))) } " " span.quiet { "99 of 100" } },
            _ => { span.n { "–" } },
        }
    }
}

/// Whether anything was to be done on a channel, or in doubt.
fn is_work(figures: &Figures) -> bool {
    figures.manual_retries
        + figures.resolved
        + figures.given_up
        + figures.doubts
        + figures.duplicates.unwrap_or_default()
        + figures.vanished.unwrap_or_default()
        > 0
}

fn labour(visit: &Visit, of: Option<&domain::ChannelName>, figures: &Figures, period: &[(&str, &str)]) -> Row {
    let number = |count, figure| counted(count, figure, of, period);
    let detected = |count: Option<u64>, figure| match count {
        Some(1..) => number(count.unwrap_or_default(), figure),
        _ => html! { span.n { (found(count)) } },
    };
    Row::new([
        name(visit, of),
        number(figures.manual_retries, "manual_retries"),
        number(figures.resolved, "resolved"),
        html! { span.n { (span(figures.mean_time_to_resolve_s)) } },
        number(figures.given_up, "given_up"),
        number(figures.doubts, "doubts"),
        html! { span.n { (words::grouped(figures.doubts_by_machine)) } },
        detected(figures.duplicates, "duplicates"),
        detected(figures.vanished, "vanished"),
    ])
}

fn cause_row(visit: &Visit, cause: &scorecard::Cause) -> Row {
    let title = html! {
        (prose(&cause.title))
        @if let Some(finer) = cause.finer() { ": " q { (finer) } }
        @if let Some(code) = cause.code { " " a.code href=(format!("/errors/{code}")) { (code.to_string()) } }
    };
    let channels = html! { @for (n, name) in cause.channels.iter().enumerate() { @if n > 0 { ", " } (channel(&visit.desk, name)) } };
    Row::new([title, html! { span.n { (words::grouped(cause.begun)) } }, channels])
}

fn trend(
    card: &api::Scorecard,
    title: &str,
    told: fn(Option<f64>) -> String,
    of: fn(&Figures) -> Option<f64>,
) -> Markup {
    let points: Vec<_> = card.trend.iter().map(|past| (past.period.name.clone(), of(&past.figures))).collect();
    // The picture escapes what it is given.
    html! { figure { figcaption { (title) } (PreEscaped(Line { title, points: &points, told }.svg())) } }
}

/// The same as a table, for those who read it.
fn past(card: &api::Scorecard) -> Markup {
    let heads =
        ["Period", "Success", "On time", "Late, 99 of 100 within", "Due", "Manual retries", "Mean time to resolve"];
    let is_told = |past: &&scorecard::Past| past.figures.due > 0 || past.period == card.period;
    let rows = card.trend.iter().rev().filter(is_told).map(|past| {
        let (figures, span_of) = (&past.figures, &past.period);
        let text = |text: String| html! { span.n { (text) } };
        let is_week = span_of.name.contains("-W");
        let address = query("/scorecard", &[("week", span_of.name.as_str()), ("zone", span_of.zone.as_str())]);
        Row::new([
            html! { @if is_week { a href=(address) data-open { (span_of.name) } } @else { (span_of.name) } },
            text(percent(figures.success)),
            text(percent(figures.on_time)),
            text(span(figures.late_p99_s)),
            text(words::grouped(figures.due)),
            text(words::grouped(figures.manual_retries)),
            text(span(figures.mean_time_to_resolve_s)),
        ])
    });
    table("This period and those before", &heads, rows.collect())
}

async fn rows(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = list(&visit, &asked).await;
    visit.page("Behind a figure", body)
}

/// The very targets that a figure counts.
async fn list(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    let period = period(asked);
    let named = [&period[..], &[("figure", given("figure")), ("channel", given("channel"))]].concat();
    let page = [&named[..], &[("after", given("after")), ("limit", "50")]].concat();
    let found: api::CountedTargets = visit.get(&query("/v1/scorecard/targets", &page)).await?;
    let title = FIGURES.iter().find(|(name, _)| *name == given("figure")).map_or("counted", |(_, title)| title);
    let now = visit.now();
    let week = if given("week").is_empty() { "this period" } else { given("week") };
    Ok(html! {
        p.crumbs { a href=(query("/scorecard", &period)) { "Scorecard" } }
        h1 { "Targets that were " (title) }
        p.lead { (if week == "this" { "this week" } else if week == "last" { "last week" } else { week }) @if !given("channel").is_empty() { ", " (given("channel")) } }
        @if found.targets.is_empty() {
            (nothing("None any more: what a target is counted as changes with it.", Some((&query("/scorecard", &period), "To the scorecard"))))
        } @else {
            (table("Targets", &["Target", "State", "Due", "What went wrong"], found.targets.iter().map(|one| {
                let name = target(&visit.desk, one.id, (&one.tenant, &one.channel, &one.account));
                let why = html! { @if let Some(diagnosis) = &one.diagnosis { (prose(&diagnosis.sentence)) } @else { (chip(Tone::Idle, Icon::Minus, "nothing")) } };
                Row::new([name, state(one.state), ago(one.due_at, now), why]).known_by(one.id)
            }).collect()))
            nav.pages aria-label="Pages" {
                @if !given("after").is_empty() { a.button href=(query("/scorecard/targets", &named)) { "First" } }
                @if let Some(next) = &found.next {
                    a.button rel="next" href=(query("/scorecard/targets", &[&named[..], &[("after", next.as_str())]].concat())) { "Next" }
                }
            }
        }
    })
}
