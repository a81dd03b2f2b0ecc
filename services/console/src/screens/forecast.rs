//! What will fail in the next hours, and why.

use std::{collections::BTreeMap, time::Duration};

use axum::{Router, extract::Query, response::Response, routing::get};
use forecast::Verdict;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk,
    parts::{Icon, Row, Tone, ago, channel_choice, chip, fact, nothing, prose, query, table, target, time},
    shell::Entry,
    visit::Visit,
    words,
};
use crate::{Problem, api};

pub(super) const ENTRY: Entry = Entry { path: "/forecast", title: "Forecast", key: 'f', icon: Icon::Wait };

/// How long a page waits for a look ahead that is not there yet.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);

/// How far it can be looked ahead, in hours and words.
const SPANS: [(&str, &str); 4] = [("24", "24 hours"), ("72", "3 days"), ("168", "a week"), ("744", "a month")];

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/forecast", get(show))
}

async fn show(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = body(&visit, &asked).await;
    visit.page(ENTRY.title, body)
}

async fn body(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    let hours = if given("hours").is_empty() { "24" } else { given("hours") };
    let found: api::Forecast = {
        let pairs = [("hours", hours), ("limit", "100"), ("channel", given("channel"))];
        visit.lately(&query("/v1/forecast", &pairs), PATIENCE).await?
    };
    let now = visit.now();
    Ok(html! {
        h1 { "Forecast" }
        form.filter action="/forecast" {
            div {
                label for="hours" { "Within" }
                select #hours name="hours" { @for (value, name) in SPANS { option value=(value) selected[hours == value] { (name) } } }
            }
            (channel_choice(&visit.desk, given("channel")))
            div.end { button type="submit" { "Look" } }
        }
        h2 { "What stands in the way" }
        div #ahead data-live { (drawn(visit, &found, now)) }
    })
}

/// What a look ahead came to.
pub(super) fn drawn(visit: &Visit, found: &api::Forecast, now: Timestamp) -> Markup {
    let report = &found.report;
    let looked = words::many(report.looked_at, "target");
    html! {
        @if report.not_looked_at > 0 {
            div.note.unknown role="alert" {
                div {
                    p {
                        strong { "This is not all. " }
                        (words::grouped(report.not_looked_at)) " targets were not looked at: there are too many. Look less far ahead."
                    }
                }
            }
        }
        @if report.causes.is_empty() {
            @if report.looked_at == 0 { (nothing("Nothing is due in that time, so nothing can fail.", None)) }
            @else {
                @let when = words::ago(report.at, now);
                (nothing(&format!("All clear: {looked} looked at {when}, and nothing that is known stands in the way of any."), None))
            }
        } @else {
            p.lead {
                strong { (words::grouped(report.will_fail)) " will fail" }
                @if report.at_risk > 0 { ", " (words::grouped(report.at_risk)) " more are at risk" }
                ", of " (looked) " looked at " (ago(report.at, now)) "."
            }
            @for cause in &report.causes { (drawn_cause(cause, now)) }
            (table("Targets at stake", &["Target", "Verdict", "Goes", "Why"], report.targets.iter().map(|one| {
                let name = target(&visit.desk, one.target, (&one.tenant, &one.channel, &one.account));
                let why = html! { @for risk in one.risks.iter().take(2) { p { (prose(&risk.sentence)) } } };
                Row::new([name, verdict(one.verdict), ago(one.goes_at, now), why])
            }).collect()))
            @if found.not_listed > 0 { p.quiet { "and " (found.not_listed) " more" } }
        }
    }
}

fn drawn_cause(cause: &forecast::Cause, now: Timestamp) -> Markup {
    html! {
        section.cause {
            header {
                h3 { (prose(&cause.risk.title)) }
                (verdict(cause.risk.verdict))
                (chip(Tone::Idle, Icon::Post, &words::many(cause.targets, "target")))
                @if let Some(code) = cause.risk.code {
                    a.code href=(format!("/errors/{code}")) { (code.to_string()) }
                }
            }
            dl.facts {
                @if let Some(about) = &cause.risk.about { (fact("What", &html! { (about) })) }
                (fact("Whose matter", &html! { (cause.risk.whose) }))
                (fact("What to do", &prose(&cause.risk.remedy)))
                (fact("By", &time(cause.risk.by, now)))
                (fact("Accounts", &html! {
                    @for (n, name) in cause.accounts.iter().take(6).enumerate() {
                        @if n > 0 { ", " }
                        a href=(format!("/accounts/{name}")) { (name) }
                    }
                    @if cause.accounts.len() > 6 { " and " (cause.accounts.len() - 6) " more" }
                }))
            }
        }
    }
}

fn verdict(verdict: Verdict) -> Markup {
    match verdict {
        Verdict::WillFail => chip(Tone::Bad, Icon::Cross, "will fail"),
        Verdict::AtRisk => chip(Tone::Warn, Icon::Alert, "at risk"),
    }
}
