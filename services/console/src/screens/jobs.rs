//! Jobs: which there are, and how each fares.

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
    visit::{Note, Visit},
    which::Which,
    words,
};
use crate::{
    Problem,
    api::{self, JobState},
};

pub(super) const ENTRY: Entry = Entry { path: "/jobs", title: "Jobs", key: 'j', icon: Icon::Repeat };

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/jobs", get(list)).route("/jobs/{id}", get(show)).route("/jobs/{id}/stop", post(stop))
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
        p.lead { "A job retries, looks for, moves or gives up many targets at once. It is begun from a cause on the first screen, from the posts, or from the schedule." }
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
