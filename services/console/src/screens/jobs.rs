//! Many targets at once: the plan, the job that carries it out, and how it fares.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::{Path, Query},
    response::Response,
    routing::{get, post},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Desk,
    parts::{Icon, Row, Tone, ago, chip, fact, nothing, prose, query, state, table},
    post::encoded,
    shell::{Entry, stamp},
    visit::{Filled, Note, Visit},
    which::Which,
    words,
};
use crate::{
    Problem,
    api::{self, JobState},
};

pub(super) const ENTRY: Entry = Entry { path: "/jobs", title: "Jobs", key: 'j', icon: Icon::Repeat };

/// What selects targets of the operators' list.
const SELECT: [&str; 4] = ["group", "tenant", "channel", "account"];

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/jobs", get(list).post(begin))
        .route("/jobs/new", get(plan))
        .route("/jobs/{id}", get(show))
        .route("/jobs/{id}/stop", post(stop))
}

async fn list(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = listed(&visit, &asked).await;
    visit.page(ENTRY.title, body)
}

async fn listed(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let after = asked.get("after").map_or("", |after| after.trim());
    let found: api::Jobs = visit.get(&query("/v1/jobs", &[("after", after), ("limit", "50")])).await?;
    let now = visit.now();
    let heads = ["Job", "State", "Done", "Held back", "Open", "By", "Begun"];
    Ok(html! {
        h1 { "Jobs" }
        p.lead { "A job retries, discards or reschedules many targets of the operators' list. It is begun from a cause on the first screen." }
        @if found.jobs.is_empty() {
            (nothing("No job has been begun.", Some(("/", "To what needs attention"))))
        } @else {
            div #jobs data-live="list" {
                (table("Jobs", &heads, found.jobs.iter().map(|job| line(job, now)).collect()))
            }
            nav.pages aria-label="Pages" {
                @if !after.is_empty() { a.button href="/jobs" { "Newest" } }
                @if let Some(next) = &found.next {
                    a.button rel="next" href=(query("/jobs", &[("after", next.as_str())])) { "Older" }
                }
            }
        }
    })
}

fn line(job: &api::Job, now: Timestamp) -> Row {
    let name = html! {
        a href=(format!("/jobs/{}", job.id)) data-open { (job.action) " " (words::many(job.total, "target")) }
        @if let Some(reason) = &job.reason { span.excerpt { (reason) } }
    };
    let number = |count: u64| html! { span.n { (words::grouped(count)) } };
    let cells = [
        name,
        standing(job.state),
        number(job.done),
        number(job.held_back),
        number(job.open),
        html! { (job.by) },
        ago(job.at, now),
    ];
    Row::new(cells).known_by(job.id)
}

fn standing(state: JobState) -> Markup {
    match state {
        JobState::Running => chip(Tone::Busy, Icon::Wait, "running"),
        JobState::Done => chip(Tone::Good, Icon::Check, "done"),
        JobState::Stopped => chip(Tone::Idle, Icon::Minus, "stopped"),
        JobState::Aborted => chip(Tone::Bad, Icon::Cross, "stopped itself"),
    }
}

/// What the address, or a form, selects.
fn selected<'f>(given: impl Fn(&str) -> &'f str) -> Vec<(&'static str, &'f str)> {
    SELECT.into_iter().map(|name| (name, given(name))).filter(|(_, value)| !value.is_empty()).collect()
}

fn select(pairs: &[(&'static str, &str)]) -> serde_json::Value {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into()
}

async fn plan(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = planned(&visit, &asked).await;
    visit.page("Plan", body)
}

/// What would become of a retry, and of a discard, before either is begun.
async fn planned(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let pairs = selected(|name| asked.get(name).map_or("", |value| value.trim()));
    let ask = |action: &str| json!({ "action": action, "select": select(&pairs), "reason": "plan", "dry_run": true });
    let (retry, discard): (api::JobPlan, api::JobPlan) =
        futures::try_join!(visit.post("/v1/jobs", ask("retry")), visit.post("/v1/jobs", ask("discard")))?;
    Ok(html! {
        p.crumbs { a href="/" { "Needs attention" } }
        h1 { (words::many(retry.targets, "target")) " at once" }
        dl.facts { @for (name, value) in &pairs { (fact(name, &html! { code { (value) } })) } }
        h2 { "Try again" }
        (told(&retry))
        @if retry.going > 0 {
            form.act method="post" action="/jobs" {
                (hidden(visit, "retry", &pairs))
                div.fields {
                    div { label for="rate" { "Targets in a second" } input #rate name="rate" type="number" min="1" max="1000" value="10"; }
                    div { label for="abort" { "Stop if more than so many of 100 fail again" } input #abort name="abort" type="number" min="0" max="100" value="50"; }
                    div.grow { label for="why" { "Why (goes into the audit log)" } input #why name="reason" maxlength="500"; }
                }
                button.primary type="submit" { "Try " (words::many(retry.going, "target")) " again" }
            }
        }
        h2 #discard { "Give up" }
        (told(&discard))
        @if discard.going > 0 {
            details.act {
                summary { "Discard…" }
                form method="post" action="/jobs" {
                    (hidden(visit, "discard", &pairs))
                    p.verdict { "They are cancelled, do not go out, and leave the operators' list." }
                    div.fields { div.grow { label for="because" { "Why" } input #because name="reason" required maxlength="500"; } }
                    button.danger type="submit" { "Discard " (words::many(discard.going, "target")) }
                }
            }
        }
    })
}

/// A plan in words: how many go, which go later, and which are held back and why.
pub(super) fn told(plan: &api::JobPlan) -> Markup {
    let remarks = plan
        .later
        .iter()
        .map(|one| (one, Tone::Warn, "later"))
        .chain(plan.reasons.iter().map(|one| (one, Tone::Idle, "held back")));
    let rows: Vec<_> = remarks
        .map(|(one, tone, word)| {
            let why = html! { (prose(&one.why)) span.excerpt { (prose(&one.remedy)) } };
            let examples = html! {
                @for (n, target) in one.examples.iter().take(3).enumerate() {
                    @if n > 0 { ", " } a href=(format!("/targets/{target}")) { (target.to_string().chars().take(13).collect::<String>()) "…" }
                }
            };
            Row::new([why, chip(tone, Icon::Pause, word), html! { span.n { (words::grouped(one.targets)) } }, examples])
        })
        .collect();
    html! {
        p { strong { (words::grouped(plan.going)) " of " (words::grouped(plan.targets)) " go" } @if plan.held_back > 0 { ", " (words::grouped(plan.held_back)) " held back" } "." }
        @if !rows.is_empty() { (table("What does not go, or not yet", &["Why", "Goes", "Targets", "Such as"], rows)) }
    }
}

fn hidden(visit: &Visit, action: &str, pairs: &[(&'static str, &str)]) -> Markup {
    html! {
        (stamp(visit))
        input type="hidden" name="action" value=(action);
        @for (name, value) in pairs { input type="hidden" name=(name) value=(value); }
    }
}

async fn begin(visit: Visit, form: Filled) -> Response {
    let pairs = selected(|name| form.get(name));
    let reason = Some(form.get("reason")).filter(|reason| !reason.is_empty());
    let mut ask = json!({ "action": form.get("action"), "select": select(&pairs), "reason": reason });
    if let Ok(rate) = form.get("rate").parse::<u32>() {
        ask["rate"] = json!(rate);
    }
    if let Ok(percent) = form.get("abort").parse::<u8>() {
        ask["abort_ratio"] = json!(f64::from(percent) / 100.0);
    }
    match visit.post::<api::JobBegun>("/v1/jobs", ask).await {
        Ok(begun) => {
            let note = Note::done(format!("The job is begun: {} go.", words::many(begun.plan.going, "target")));
            let job = begun.job.id.to_string();
            match form.get("guide") {
                "" => visit.go(&format!("/jobs/{job}"), &note),
                _ => visit.go(&Which::filled(&form).at("/guide", &[("step", "4"), ("job", &job)]), &note),
            }
        }
        Err(problem) => {
            let note = Note::refused(&problem);
            match form.get("guide") {
                "" => visit.go(&query("/jobs/new", &pairs), &note),
                _ => visit.go(&Which::filled(&form).at("/guide", &[("step", "4")]), &note),
            }
        }
    }
}

async fn show(visit: Visit, Path(id): Path<String>, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = shown(&visit, &id, &asked).await;
    visit.page("Job", body)
}

async fn shown(visit: &Visit, id: &str, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let after = asked.get("after").map_or("", |after| after.trim());
    let path = format!("/v1/jobs/{}", encoded(id));
    let report: api::JobReport = visit.get(&query(&path, &[("after", after), ("limit", "100")])).await?;
    let (job, now) = (&report.job, visit.now());
    Ok(html! {
        p.crumbs { a href="/jobs" { "Jobs" } }
        h1 { (job.action) " " (words::many(job.total, "target")) " " (standing(job.state)) }
        @if let Some(group) = job.select["group"].as_str() {
            p { "Of the cause " a href=(Which::of(group).at("/causes", &[])) { (group) } ", where it says who sees to it." }
        }
        (progress(&report, now))
        @if job.state == JobState::Running && visit.may("POST", "/v1/jobs/{id}/stop") {
            form.act method="post" action=(format!("/jobs/{}/stop", job.id)) {
                (stamp(visit))
                p.verdict { "What it has changed stays changed." }
                button type="submit" { "Stop" }
            }
        }
        h2 { "Its targets" }
        @if report.targets.is_empty() { (nothing("There are no more.", None)) } @else {
            (table("Targets", &["Target", "Result", "Stands now", "Why"], report.targets.iter().map(|one| row(one, job.state)).collect()))
        }
        nav.pages aria-label="Pages" {
            @if !after.is_empty() { a.button href=(format!("/jobs/{}", job.id)) { "First" } }
            @if let Some(next) = &report.next {
                a.button rel="next" href=(query(&format!("/jobs/{}", job.id), &[("after", next.as_str())])) { "Next" }
            }
        }
    })
}

/// How far a job has come, and how its targets fare.
pub(super) fn progress(report: &api::JobReport, now: Timestamp) -> Markup {
    let (job, outcomes) = (&report.job, &report.outcomes);
    let number = |count: u64| html! { span.n { (words::grouped(count)) } };
    html! {
        div #job data-live {
            @if let Some(why) = &job.why { p.lead { (prose(why)) } }
            progress max=(job.total) value=(job.done + job.held_back) aria-label="How far it has come" {}
            dl.facts {
                (fact("Stands", &standing(job.state)))
                (fact("Changed", &number(job.done)))
                (fact("Held back", &number(job.held_back)))
                (fact("Open", &number(job.open)))
                (fact("Out since", &number(outcomes.published)))
                (fact("Failed again", &number(outcomes.failed_again)))
                (fact("In doubt", &number(outcomes.in_doubt)))
                (fact("Given up", &number(outcomes.given_up)))
                (fact("Under way", &number(outcomes.under_way)))
                (fact("Begun", &html! { (ago(job.at, now)) " by " (job.by) }))
                @if let Some(reason) = &job.reason { (fact("Why", &html! { (reason) })) }
                @if let Some(process) = &job.carried_by { (fact("Carried on by", &html! { (process) })) }
            }
        }
    }
}

fn row(one: &api::JobTarget, job: JobState) -> Row {
    let result = match one.result {
        Some(api::StepResult::Done) => chip(Tone::Good, Icon::Check, "changed"),
        Some(api::StepResult::HeldBack) => chip(Tone::Idle, Icon::Minus, "held back"),
        None if job == JobState::Running => chip(Tone::Busy, Icon::Wait, "its turn comes"),
        None => chip(Tone::Idle, Icon::Minus, "not touched"),
    };
    let now = html! {
        @if let Some(stands) = one.state { (state(stands)) }
        @if one.needs_person { " " (chip(Tone::Bad, Icon::Person, "needs a person")) }
    };
    let name = html! { a href=(format!("/targets/{}", one.target)) data-open { code { (one.target) } } };
    Row::new([name, result, now, html! { @if let Some(why) = &one.why { (prose(why)) } }]).known_by(one.target)
}

async fn stop(visit: Visit, Path(id): Path<String>) -> Response {
    let note = match visit.post::<api::Job>(&format!("/v1/jobs/{}/stop", encoded(&id)), json!({})).await {
        Ok(job) => {
            Note::done(format!("The job is {}. {} were changed.", job.state.name(), words::many(job.done, "target")))
        }
        Err(problem) => Note::refused(&problem),
    };
    visit.go(&format!("/jobs/{}", encoded(&id)), &note)
}
