//! One target: did it go out, what happened, whose fault it is, what to do, and the forms that do it.

use axum::{Router, extract::Path, response::Response, routing::get};
use contract::Diagnosis;
use domain::{Attempt, AttemptOutcome, Override, State};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Desk, assign,
    parts::{Icon, Tone, ago, channel, chip, exact, fact, outside, prose, state, time, went_out},
    post::{content, encoded},
    shell::{cannot_tell, stamp},
    visit::Visit,
    which::Which,
    words,
};
use crate::{
    Problem,
    api::{self, OutThere, Verdict},
};

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/targets/{id}", get(show))
}

async fn show(visit: Visit, Path(id): Path<String>) -> Response {
    let body = whole(&visit, &id).await;
    visit.page("Target", body)
}

async fn whole(visit: &Visit, id: &str) -> Result<Markup, Problem> {
    let path = format!("/v1/targets/{}", encoded(id));
    let target: api::Target = visit.get(&path).await?;
    let (verdicts, post) =
        futures::join!(async { visit.get::<api::Verdicts>(&format!("{path}/verdicts")).await }, async {
            visit.get::<api::Post>(&format!("/v1/posts/{}", target.post)).await
        },);
    let now = visit.now();
    Ok(html! {
        p.crumbs { a href="/posts" { "Posts" } " › " a href=(format!("/posts/{}", target.post)) { "Post" } }
        h1 {
            span {
                (channel(&visit.desk, &target.channel)) " · "
                a href=(format!("/accounts/{}/{}/{}", target.tenant, target.channel, target.account)) {
                    (target.tenant) "/" (target.account)
                }
            }
        }
        div #standing data-live { (standing(&target, now)) }
        @match &verdicts {
            Ok(verdicts) => { (actions(visit, &target, verdicts, post.as_ref().ok())) },
            Err(problem) => { (cannot_tell("what may be done", problem)) },
        }
        div.split {
            section aria-labelledby="tried" { h2 #tried { "Attempts" } div #attempts data-live { (timeline(&target, now)) } }
            section aria-labelledby="says" {
                h2 #says { "What it says" }
                @match &post {
                    Ok(post) => { (content(&post.content)) (changes(target.changes.as_ref())) },
                    Err(problem) => { (cannot_tell("what it says", problem)) },
                }
            }
        }
    })
}

/// The answer to the three questions, before everything else.
fn standing(target: &api::Target, now: Timestamp) -> Markup {
    html! {
        div.standing {
            dl.answers {
                div { dt { "State" } dd { (state(target.state)) } }
                div { dt { "Did it go out?" } dd { (went_out(target.went_out)) } }
                div { dt { "Due" } dd { (time(target.due_at, now)) } }
                @if let Some(deadline) = target.deadline { div { dt { "Deadline" } dd { (time(deadline, now)) } } }
                @if let Some(listed) = &target.needs_person { div { dt { "Needs a person" } dd { (ago(listed.at, now)) } } }
            }
            (assign::lines(&target.assigned, |_| true, now))
            @if let Some(diagnosis) = &target.diagnosis {
                div.diagnosis {
                    h2 { "What happened" }
                    p.sentence {
                        (prose(sentence(diagnosis))) " "
                        a.code href=(format!("/errors/{}", diagnosis.code)) {
                            (diagnosis.code.to_string())
                        }
                    }
                    dl.facts {
                        (fact("Whose fault", &html! { (diagnosis.whose_fault) }))
                        (fact("What to do", &prose(&diagnosis.remedy)))
                        @if let Some(said) = &target.platform_said {
                            (fact(words::whose(said), &html! {
                                @if let Some(status) = said.status { "HTTP " (status) " " }
                                @if let Some(code) = &said.code { code { (code) } " " }
                                @if said.text.is_empty() { span.quiet { "no words" } } @else { q { (said.text) } }
                            }))
                        }
                    }
                }
            }
            @if let Some(part) = &target.in_doubt { p { "In doubt is " strong { (part.words()) } "." } }
            p.next { strong { "Next: " } (prose(&target.next_step)) }
            @if !target.out.is_empty() {
                h2 { "On the platform" }
                ul.plain {
                    @for part in &target.out {
                        li {
                            @if target.out.len() > 1 { "Part " (part.part + 1) ": " }
                            @match &part.receipt.url { Some(url) => (outside(url)), None => { "id " code { (part.receipt.id) } } }
                            " " span.quiet { (time(part.at, now)) }
                        }
                    }
                }
            }
        }
    }
}

/// What happened, without the code that stands beside it.
fn sentence(diagnosis: &Diagnosis) -> &str {
    diagnosis.sentence.strip_prefix(&format!("{} ", diagnosis.code)).unwrap_or(&diagnosis.sentence)
}

fn actions(visit: &Visit, target: &api::Target, may: &api::Verdicts, post: Option<&api::Post>) -> Markup {
    let is_doubt = matches!(target.state, State::InDoubt | State::Processing);
    let (here, which) = (format!("/targets/{}", target.id), Which::target(target.id));
    let action = |name: &str| format!("{here}/{name}");
    // What the API would refuse to whoever looks has no form.
    let lets = |what: &str| visit.may("POST", &format!("/v1/targets/{{id}}/{what}"));
    html! {
        section.doing aria-label="What may be done" {
            @if target.needs_person.is_some() && lets("retry") { p.quiet.why { "These forms do what the commands above do." } }
            @if is_doubt && lets("resolve") { (settle(visit, target, may)) }
            @if lets("retry") { (one(&may.retry, "Retry…", true, &html! {
                form method="post" action=(action("retry")) {
                    (stamp(visit))
                    p.verdict { (prose(&may.retry.why)) }
                    button.primary type="submit" { "Retry now" }
                }
            })) }
            @if let Some(post) = post.filter(|_| visit.may("PATCH", "/v1/posts/{id}")) { (one(&may.reschedule, "Reschedule…", false, &reschedule(visit, target, post, &may.reschedule))) }
            @if lets("cancel") { (one(&may.cancel, "Cancel…", false, &html! {
                form method="post" action=(action("cancel")) {
                    (stamp(visit))
                    p.verdict { (prose(&may.cancel.why)) " A cancelled target cannot be revived." }
                    button.danger type="submit" { "Cancel this target" }
                }
            })) }
            @if visit.may("POST", "/v1/pauses") { (pause(visit, target)) }
            @if target.needs_person.is_some() { (assign::forms(visit, &which, &target.assigned, &here, 0)) }
            @if !is_doubt && !may.retry.goes { p.quiet.why { "No retry: " (prose(&may.retry.why)) } }
        }
    }
}

/// A form behind a word that opens it, if what it does would be done.
fn one(verdict: &Verdict, name: &str, is_first: bool, form: &Markup) -> Markup {
    html! {
        @if verdict.goes { details.act { summary class=[is_first.then_some("primary")] data-retry-act[is_first] { (name) } (form) } }
    }
}

fn reschedule(visit: &Visit, target: &api::Target, post: &api::Post, verdict: &Verdict) -> Markup {
    let due = target.due_at.strftime("%Y-%m-%dT%H:%M").to_string();
    let deadline = target.deadline.map(|at| at.strftime("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default();
    html! {
        form method="post" action=(format!("/targets/{}/reschedule", target.id)) {
            (stamp(visit))
            input type="hidden" name="post" value=(post.id);
            input type="hidden" name="revision" value=(post.revision);
            p.verdict { (prose(&verdict.why)) }
            div.fields {
                div { label for="due" { "New time" } input #due type="datetime-local" name="due" value=(due) required; }
                div {
                    label for="zone" { "Time zone" }
                    input #zone name="zone" value="UTC" required autocomplete="off" spellcheck="false" data-zone;
                }
                div { label for="deadline" { "Deadline, if any" } input #deadline type="datetime-local" name="deadline" value=(deadline); }
            }
            p.quiet { "Both times are in this zone, by its IANA name such as Europe/Berlin." }
            button.primary type="submit" { "Reschedule" }
        }
    }
}

fn settle(visit: &Visit, target: &api::Target, may: &api::Verdicts) -> Markup {
    let action = |name: &str| format!("/targets/{}/{name}", target.id);
    html! {
        (one(&may.look_again, "Look again on the platform…", false, &html! {
            form method="post" action=(action("look")) {
                (stamp(visit))
                p.verdict { (prose(&may.look_again.why)) }
                button.primary type="submit" { "Look again" }
            }
        }))
        @if may.published.goes {
            details.act open[target.needs_person.is_some()] {
                summary.primary { "It is out: record it…" }
                form method="post" action=(action("published")) {
                    (stamp(visit))
                    p.verdict { (prose(&may.published.why)) " Open the account on the platform, find the post, and copy its address." }
                    div.fields {
                        div.grow {
                            label for="url" { "Its address on the platform" }
                            input #url type="url" name="url" placeholder="https://" autocomplete="off";
                        }
                        div { label for="id" { "or the platform's id" } input #id name="id" autocomplete="off" spellcheck="false"; }
                        div.grow { label for="note" { "How you know (optional)" } input #note name="note" autocomplete="off"; }
                    }
                    p { label.choice { input type="checkbox" name="of_account" value="yes"; " I have seen there that it is a post of " code { (target.tenant) "/" (target.channel) "/" (target.account) } ": needed where its address does not tell" } }
                    p { label.choice { input type="checkbox" name="shared" value="yes"; " It is the post of another target as well, which has it on record" } }
                    button.primary type="submit" { "Record as published" }
                }
            }
        }
        @if may.send_again.goes {
            details.act {
                summary { "It is not out: send it again…" }
                form method="post" action=(action("send-again")) {
                    (stamp(visit))
                    input type="hidden" name="attempt" value=(target.attempt);
                    div.note.refused {
                        (super::parts::icon(Icon::Alert))
                        p {
                            strong { "This can make a duplicate. " } (may.send_again.why) " Look on the platform first."
                        }
                    }
                    div.fields {
                        div {
                            label for="sure" { "Type " strong { "send again" } }
                            input #sure name="sure" required pattern="\\s*[Ss]end again\\s*" autocomplete="off" spellcheck="false";
                        }
                        div.grow { label for="note2" { "How you know (optional)" } input #note2 name="note" autocomplete="off"; }
                    }
                    button.danger type="submit" { "Send it again" }
                }
            }
        } @else {
            p.quiet.why { "No sending again: " (prose(&may.send_again.why)) }
        }
        @if !may.look_again.goes { p.quiet.why { "No look: " (prose(&may.look_again.why)) } }
    }
}

fn pause(visit: &Visit, target: &api::Target) -> Markup {
    let scope = format!("account:{}/{}/{}", target.tenant, target.channel, target.account);
    html! {
        details.act {
            summary { "Pause the account…" }
            form method="post" action="/pause" {
                (stamp(visit))
                input type="hidden" name="scope" value=(scope);
                input type="hidden" name="back" value=(format!("/targets/{}", target.id));
                p.verdict { "Everything of " code { (scope) } " that waits is held until somebody resumes it." }
                div.fields {
                    div.grow {
                        label for="reason" { "Why, for whoever finds it" }
                        input #reason name="reason" required maxlength="500" autocomplete="off";
                    }
                }
                button type="submit" { "Pause" }
            }
        }
    }
}

fn timeline(target: &api::Target, now: Timestamp) -> Markup {
    let attempts = target.attempts.as_deref().unwrap_or_default();
    html! {
        @if attempts.is_empty() && target.lease.is_none() {
            p.quiet { "None yet. It is due " (ago(target.due_at, now)) "." }
        }
        ol.timeline reversed {
            @if let Some(lease) = &target.lease {
                li.busy {
                    p { strong { "#" (target.attempt) " " (words::kind(lease.kind)) } " " (chip(Tone::Busy, Icon::Send, "under way")) }
                    p.quiet { (time(lease.since, now)) " · " (lease.worker.as_str()) " · until " (exact(lease.until)) " at the latest" }
                }
            }
            @for attempt in attempts.iter().rev() { (tried(attempt, now)) }
        }
    }
}

fn tried(attempt: &Attempt, now: Timestamp) -> Markup {
    let (tone, icon) = match attempt.outcome {
        AttemptOutcome::Published => (Tone::Good, Icon::Check),
        AttemptOutcome::Processing => (Tone::Busy, Icon::Wait),
        AttemptOutcome::NotSent => (Tone::Warn, Icon::Cross),
        AttemptOutcome::Unknown | AttemptOutcome::Lost => (Tone::Doubt, Icon::Doubt),
        AttemptOutcome::Absent | AttemptOutcome::Released => (Tone::Idle, Icon::Minus),
    };
    let took = attempt.ended_at.as_millisecond().saturating_sub(attempt.began_at.as_millisecond()).unsigned_abs();
    html! {
        li class=(tone.name()) {
            p { strong { "#" (attempt.number) " " (words::kind(attempt.kind)) } " " (chip(tone, icon, words::outcome(attempt.outcome))) }
            p.quiet {
                (time(attempt.began_at, now)) " · took " @if took < 10_000 { (took) " ms" } @else { (words::span(took / 1000)) }
                " · " (attempt.worker.as_str())
            }
            @if let Some(failure) = &attempt.failure {
                p {
                    a.code href=(format!("/errors/{}", failure.code)) { (failure.code.to_string()) } " "
                    (failure.code.page().map_or("Unknown failure", |page| page.title)) ", at “" (failure.step) "”"
                    @if let Some(status) = failure.said.status { ", HTTP " (status) }
                    @if let Some(code) = &failure.said.code { ", code " code { (code) } }
                }
                @if !failure.said.text.is_empty() { blockquote { (failure.said.text) } }
            }
        }
    }
}

/// What the target changes of its post.
fn changes(changes: Option<&Override>) -> Markup {
    let Some(changes) = changes else { return html! {} };
    html! {
        @if let Some(edited) = &changes.content { p.quiet { "Edited for this target:" } (content(edited)) }
        @if let Some(text) = &changes.text { p.quiet { "This target says instead:" } div.says { p.text { (text) } } }
    }
}

/// Whether a person's look on the platform is what is missing.
pub(super) fn is_doubtful(target: &api::Target) -> bool {
    matches!(target.went_out, OutThere::Unknown | OutThere::Deciding)
}
