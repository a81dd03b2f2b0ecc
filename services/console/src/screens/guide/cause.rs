//! The playbook for a cause.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::json;

use super::{STEPS, mend, steps, ways};
use crate::{
    Problem,
    api::{self, JobState},
    screens::{
        assign, causes,
        jobs::progress,
        notes::{self, Subject},
        parts::{Icon, Tone, chip, fact, prose, query},
        plan::told,
        post::encoded,
        shell::{cannot_tell, stamp},
        visit::Visit,
        which::Which,
        words,
    },
};

pub(super) async fn step(visit: &Visit, asked: &BTreeMap<String, String>, step: usize) -> Result<Markup, Problem> {
    let which = Which::asked(asked);
    let group = causes::found(visit, &which).await?;
    let job = asked.get("job").map_or("", |job| job.trim());
    let address = |n: usize| which.at("/guide", &[("step", &n.to_string()), ("job", job)]);
    let inside = match (step, &group) {
        (4, _) => go(visit, &which, group.as_ref(), job).await,
        (5, _) => word(visit, &which, group.as_ref(), &address(5)).await,
        (_, None) => over(&address(5)),
        (1, Some(group)) => what(visit, &which, group, &address(1)),
        (2, Some(group)) => mend::page(visit, &which, group, &address(2)).await,
        (_, Some(group)) => plan(visit, &which, group).await,
    };
    let next = match step {
        1 => "Next: mend the cause",
        2 => "It is mended: plan the retry",
        3 => "Next: go",
        4 => "Next: leave word",
        _ => "Done: to what needs attention",
    };
    Ok(html! {
        p.crumbs { a href="/" { "Needs attention" } " › " a href=(which.at("/causes", &[])) { "Cause" } }
        h1 {
            @match &group {
                Some(group) => { span { (group.cause.title) } (chip(Tone::Bad, Icon::Alert, &words::many(group.cause.count, "target"))) }
                None => { span { "Nothing of this cause needs you any more" } (chip(Tone::Good, Icon::Check, "0 targets")) }
            }
        }
        (causes::narrowed(&which))
        (steps(step, &address))
        h2 { (step) ". " (STEPS[step - 1]) }
        (inside)
        (ways(step, next, &address))
    })
}

fn over(last: &str) -> Markup {
    html! {
        div.note.done role="status" {
            div { p { "No target is on the list for it: they were tried again, settled or given up. " a href=(last) { "Leave word" } " for whoever meets it next." } }
        }
    }
}

/// How far it reaches, and what shows that.
fn what(visit: &Visit, which: &Which, group: &api::CauseGroup, here: &str) -> Markup {
    let now = visit.now();
    html! {
        div #step data-live {
            div.standing {
                (causes::reach(group))
                (assign::had(group, now))
                dl.facts { (fact("Look first at", &prose(&group.extent.look_at))) }
                (causes::facts(group, now))
            }
        }
        @if !group.notes.is_empty() { h3.over { "The last time, people noted" } (notes::list(visit, &group.notes, here, now)) }
        div.doing { (assign::forms(visit, &which.part(&group.part), &group.assigned, here, 0)) }
    }
}

/// What a retry would do, before anything is done.
async fn plan(visit: &Visit, which: &Which, group: &api::CauseGroup) -> Markup {
    if !visit.may("POST", "/v1/jobs") {
        return for_operators();
    }
    let ask = json!({ "action": "retry", "select": which.select(), "dry_run": true });
    let plan = visit.post::<api::JobPlan>("/v1/jobs", ask).await;
    html! {
        p { "Nothing is changed by this page. A retry sends nothing by itself, and what may be out already is never among it." }
        @match &plan {
            Err(problem) => { (cannot_tell("what a retry would do", problem)) }
            Ok(plan) => {
                (told(plan))
                @if plan.going == 0 { p { strong { "Nothing would go. " } "Mend what holds it back first: each line says how." } }
            }
        }
        p.quiet {
            "Not all of it? " a href=(which.at("/causes", &[])) { "Select targets one by one" } ", or "
            a href=(format!("{}#discard", which.at("/jobs/new", &[]))) { "give up" } " what should not go out any more."
            @if group.spread.accounts.distinct > 1 {
                " Only one account first: "
                @for (n, share) in group.spread.accounts.top.iter().enumerate() {
                    @if n > 0 { ", " } a href=(which.on(&share.name).at("/guide", &[("step", "3")])) { (share.name) }
                }
                "."
            }
        }
    }
}

fn for_operators() -> Markup {
    html! {
        p { "To plan and begin a retry takes the role operator, and yours is smaller. What you see here, an operator sees as well: send them this page's address." }
    }
}

/// The job that carries it out: begun here, or under way.
async fn go(visit: &Visit, which: &Which, group: Option<&api::CauseGroup>, job: &str) -> Markup {
    if !job.is_empty() {
        return fares(visit, job).await;
    }
    let running = running(visit, which).await;
    let count = group.map_or(0, |group| group.cause.count);
    html! {
        @for job in &running {
            div.note.unknown role="status" {
                div {
                    p {
                        strong { "It is under way already: " } (job.by) " began a job for " (words::many(job.total, "target")) ". "
                        a href=(which.at("/guide", &[("step", "4"), ("job", &job.id.to_string())])) { "See how it fares" }
                    }
                }
            }
        }
        @if count == 0 { (over(&which.at("/guide", &[("step", "5")]))) }
        @else if !visit.may("POST", "/v1/jobs") { (for_operators()) }
        @else {
            p {
                "Ten go first. The others follow when it is known how those fare, ten in a second. If more than half of what came back failed "
                "again, the job stops itself, and the rest is as it was. It goes on whether you stay or not."
            }
            form.panel method="post" action="/jobs" {
                (stamp(visit))
                (which.hidden())
                input type="hidden" name="action" value="retry";
                input type="hidden" name="guide" value="yes";
                div.fields {
                    div.grow {
                        label for="reason" { "What was mended (goes into the audit log)" }
                        input #reason name="reason" maxlength="500" autocomplete="off" placeholder="connected again";
                    }
                }
                button.primary type="submit" { "Try it again: " (words::many(count, "target")) ", but for what is held back" }
            }
        }
    }
}

/// The jobs that are at it now. Where that cannot be had, none is told.
async fn running(visit: &Visit, which: &Which) -> Vec<api::Job> {
    let jobs = visit.get::<api::Jobs>("/v1/jobs?limit=50").await.map(|found| found.jobs).unwrap_or_default();
    let is_at_it = |job: &api::Job| job.state == JobState::Running && job.select["group"] == which.group();
    jobs.into_iter().filter(is_at_it).collect()
}

async fn fares(visit: &Visit, job: &str) -> Markup {
    let path = query(&format!("/v1/jobs/{}", encoded(job)), &[("limit", "1")]);
    html! {
        @match visit.get::<api::JobReport>(&path).await {
            Err(problem) => { (cannot_tell("how the job fares", &problem)) }
            Ok(report) => {
                (progress(&report, visit.now()))
                p { a.button href=(format!("/jobs/{}", report.job.id)) { "The whole job, and how to stop it" } }
            }
        }
    }
}

/// What whoever meets it next should know, and that it is free.
async fn word(visit: &Visit, which: &Which, group: Option<&api::CauseGroup>, here: &str) -> Markup {
    let on = which.subject();
    let had = match group {
        Some(group) => Ok(group.assigned.clone()),
        None => {
            let path = query("/v1/assignments", &[("on", &on)]);
            visit.get::<api::Assignments>(&path).await.map(|found| found.assignments)
        }
    };
    let (subjects, text) = match group {
        Some(group) => (causes::subjects(group), format!("{}, {}: mended by ", group.cause.title, group.extent.words)),
        None => {
            let title = show_title(which);
            (vec![on], format!("{title}: mended by "))
        }
    };
    let now = visit.now();
    html! {
        @if let Some(group) = group {
            p { strong { (words::many(group.cause.count, "target")) } " of it still " @if group.cause.count == 1 { "needs" } @else { "need" } " a person." }
        }
        p { "What mended it, whom to ask, when they wake. Whoever meets the same cause next reads it, and so does whoever schedules on an account." }
        (notes::form(visit, &Subject::Among(&subjects), here, &text, 0))
        @match &had {
            Err(problem) => { (cannot_tell("who has it", problem)) }
            Ok(had) if had.is_empty() => { p.quiet { "Nobody has it: there is nothing to let go." } }
            Ok(had) => {
                (assign::lines(had, |one| group.is_some_and(|group| group.part.is_of(one)), now))
                @if let Some(one) = had.first() { div.doing { (assign::forms(visit, &which.had(one), had, here, 1)) } }
            }
        }
        p.quiet { "Did posts go out twice, or vanish? " a href="/incidents" { "Incidents" } " says what was found outside; close there what you have seen to." }
    }
}

/// What a cause is called by its key alone.
fn show_title(which: &Which) -> String {
    crate::show::group((which.group().to_owned(), 0)).title
}
