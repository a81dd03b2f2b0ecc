//! Hooks: where events are sent, how that fares, and what can be done about it.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::{Path, Query},
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};
use domain::EventName;
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use ledger::DeliveryState;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{
    Desk,
    deliveries::{FILTERS, Lately, Log, word},
    parts::{Icon, Row, Tone, ago, chip, fact, nothing, table, time},
    post::encoded,
    shell::{Entry, cannot_tell, stamp},
    visit::{Filled, Note, Visit},
    words,
};
use crate::{Problem, access::Right, api};

pub(super) const ENTRY: Entry = Entry { path: "/hooks", title: "Hooks", key: 'h', icon: Icon::Out };

/// Of how many hooks the list tells how they fared.
const LOOKED_AT: usize = 50;
/// How far back the form for sending again begins.
const BACK: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/hooks", get(list).post(add))
        .route("/hooks/{name}", get(show))
        .route("/hooks/{name}/replay", post(replay))
        .route("/hooks/{name}/change", post(change))
        .route("/hooks/{name}/switch", post(switch))
        .route("/hooks/{name}/remove", post(remove))
}

/// Whether whoever looks may put hooks in, change and remove them.
fn may_keep(visit: &Visit) -> bool {
    visit.session.caller.may(Right::Accounts).is_ok()
}

async fn list(visit: Visit) -> Response {
    let body = listed(&visit).await;
    visit.page(ENTRY.title, body)
}

async fn listed(visit: &Visit) -> Result<Markup, Problem> {
    let found: api::Hooks = visit.get("/v1/hooks").await?;
    let fared =
        futures::future::join_all(found.hooks.iter().take(LOOKED_AT).map(|hook| Lately::of(visit, &hook.name))).await;
    let fared = fared.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
    let now = visit.now();
    let heads = ["Hook", "State", "Tenant", "Last outcome", "Waiting", "Given up"];
    let rows = found.hooks.iter().zip(fared).map(|(hook, fared)| line(hook, fared, now)).collect();
    Ok(html! {
        h1 { "Hooks" }
        p.lead { "An address that events are sent to, signed, and tried for three days." }
        @if found.hooks.is_empty() { (nothing("There is no hook: events are told on the broker only.", None)) } @else {
            div #hooks data-live { (table("Hooks", &heads, rows)) }
        }
        @if may_keep(visit) {
            section.doing aria-label="What may be done" {
                details.act open[found.hooks.is_empty()] {
                    summary { "Put one in…" }
                    form method="post" action="/hooks" {
                        (stamp(visit))
                        p.verdict { "It is told of what happens from then on. A secret is made for it, with which the receiver knows us, and shown once." }
                        div.fields {
                            div {
                                label for="name" { "Name" }
                                input #name name="name" required maxlength="64" pattern="[A-Za-z0-9._\\-]+" autocomplete="off" spellcheck="false";
                            }
                        }
                        (fields(visit, None))
                        button.primary type="submit" { "Put in" }
                    }
                }
            }
        }
    })
}

fn line(hook: &api::Hook, fared: Option<Result<Lately, Problem>>, now: Timestamp) -> Row {
    let name = html! {
        a href=(format!("/hooks/{}", hook.name)) data-open { (hook.name) }
        span.excerpt { (host(hook)) }
    };
    let tenant = hook.tenant.as_ref().map_or_else(|| html! { span.quiet { "all" } }, |tenant| html! { (tenant) });
    let (outcome, given_up) = match fared {
        Some(Ok(fared)) => (fared.outcome(now), fared.given_up()),
        Some(Err(_)) => (html! { span.quiet { "cannot tell" } }, html! { span.quiet { "cannot tell" } }),
        None => (html! { span.quiet { "open it to see" } }, html! { span.quiet { "open it to see" } }),
    };
    Row::new([name, state(hook), tenant, outcome, waiting(hook, now), given_up]).known_by(&hook.name)
}

/// Of an address the host alone: the rest may be what somebody should not have put there.
fn host(hook: &api::Hook) -> &str {
    hook.url.host_str().unwrap_or_default()
}

fn state(hook: &api::Hook) -> Markup {
    match &hook.disabled {
        None => chip(Tone::Good, Icon::Check, "on"),
        // Only oncepost itself says why.
        Some(word) if !word.note.is_empty() => chip(Tone::Bad, Icon::Alert, "off, by its receiver"),
        Some(_) => chip(Tone::Idle, Icon::Minus, "off"),
    }
}

fn waiting(hook: &api::Hook, now: Timestamp) -> Markup {
    html! {
        span.n { (words::grouped(hook.waiting)) }
        @if let Some(oldest) = hook.oldest_waiting { span.excerpt { "oldest " (ago(oldest, now)) } }
    }
}

fn told_of(hook: &api::Hook) -> String {
    match &hook.events[..] {
        [] => "all events".into(),
        some => some.iter().map(|event| event.name()).collect::<Vec<_>>().join(", "),
    }
}

async fn show(visit: Visit, Path(name): Path<String>, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = shown(&visit, &name, &asked).await;
    visit.page("Hook", body)
}

async fn shown(visit: &Visit, name: &str, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let hook: api::Hook = visit.get(&format!("/v1/hooks/{}", encoded(name))).await?;
    let given = |name: &str| asked.get(name).map_or("", |value| value.trim());
    let pairs = FILTERS.map(|name| (name, given(name)));
    let may_replay = hook.disabled.is_none() && visit.session.caller.may(Right::Retry).is_ok();
    let log = Log { visit, hook: &hook.name, pairs: &pairs, after: given("after"), may_replay };
    let (fared, log) = futures::join!(Lately::of(visit, &hook.name), log.shown());
    let now = visit.now();
    let has_given_up = fared.as_ref().is_ok_and(Lately::has_given_up);
    Ok(html! {
        p.crumbs { a href="/hooks" { "Hooks" } }
        h1 { span { (hook.name) } (state(&hook)) }
        div #standing data-live { (standing(&hook, &fared, may_keep(visit), now)) }
        @if may_replay || may_keep(visit) {
            section.doing aria-label="What may be done" {
                @if may_replay { (replaying(visit, &hook, has_given_up, now)) }
                @if may_keep(visit) { (keeping(visit, &hook)) }
            }
        }
        (log)
    })
}

fn standing(hook: &api::Hook, fared: &Result<Lately, Problem>, may_keep: bool, now: Timestamp) -> Markup {
    html! {
        div.standing {
            @if let Some(word) = &hook.disabled {
                div.diagnosis {
                    h2 { "Switched off" }
                    @if !word.note.is_empty() { p { (word.note) } }
                    p.quiet { "by " (word.by) ", " (time(word.at, now)) }
                    p { "Nothing is sent, and what happens meanwhile is not kept for it. What was given up before can be sent again once it is on." }
                }
            }
            @if let Err(problem) = fared { (cannot_tell("how it fared", problem)) }
            dl.facts {
                (fact("Address", &html! { @if may_keep { code { (hook.url) } } @else { code { (host(hook)) } } }))
                (fact("Told of", &html! { (told_of(hook)) }))
                (fact("Tenant", &hook.tenant.as_ref().map_or_else(|| html! { "everybody's events" }, |tenant| html! { (tenant) })))
                (fact("Waiting", &waiting(hook, now)))
                @if let Ok(fared) = fared {
                    (fact("Given up", &fared.given_up()))
                    (fact("Last outcome", &fared.outcome(now)))
                }
                @if let Some(put) = &hook.put { (fact("Put in", &html! { "by " (put.by) ", " (time(put.at, now)) })) }
            }
        }
    }
}

fn replaying(visit: &Visit, hook: &api::Hook, is_first: bool, now: Timestamp) -> Markup {
    let since = now.saturating_sub(BACK).map(|at| at.strftime("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default();
    html! {
        details.act {
            summary.primary[is_first] { "Send again…" }
            form method="post" action=(format!("/hooks/{}/replay", hook.name)) {
                (stamp(visit))
                p.verdict { "The receiver gets them under the ids that they had, and drops what it has already: all of them are for one that has lost what it had." }
                div.fields {
                    div { label for="since" { "What was first to be sent since" } input #since type="datetime-local" name="since" value=(since) required; }
                    div {
                        label for="zone" { "Time zone" }
                        input #zone name="zone" value="UTC" required autocomplete="off" spellcheck="false" data-zone;
                    }
                    div {
                        label for="which" { "Of these" }
                        select #which name="state" {
                            @for state in [DeliveryState::GivenUp, DeliveryState::Waiting, DeliveryState::Delivered] { option value=(state.name()) { "those " (word(state)) } }
                            option value="all" { "all" }
                        }
                    }
                }
                button.primary type="submit" { "Send again" }
            }
        }
    }
}

fn keeping(visit: &Visit, hook: &api::Hook) -> Markup {
    let action = |what: &str| format!("/hooks/{}/{what}", hook.name);
    html! {
        @if hook.disabled.is_some() {
            form method="post" action=(action("switch")) {
                (stamp(visit)) input type="hidden" name="to" value="on"; button.primary type="submit" { "Switch on" }
            }
        } @else {
            details.act {
                summary { "Switch off…" }
                form method="post" action=(action("switch")) {
                    (stamp(visit))
                    input type="hidden" name="to" value="off";
                    p.verdict { "Nothing is sent to it, and what happens meanwhile is not kept for it." }
                    button.danger type="submit" { "Switch off" }
                }
            }
        }
        details.act {
            summary { "Change…" }
            form method="post" action=(action("change")) {
                (stamp(visit))
                @if hook.disabled.is_some() { p.verdict { "It stays switched off." } }
                (fields(visit, Some(hook)))
                button.primary type="submit" { "Change" }
            }
        }
        details.act {
            summary { "Remove…" }
            form method="post" action=(action("remove")) {
                (stamp(visit))
                p.verdict { "It is gone with its secret and its log, and what waits for it is not sent. This cannot be undone." }
                div.fields { div {
                    label for="sure" { "Type " strong { (hook.name) } }
                    input #sure name="sure" required autocomplete="off" spellcheck="false";
                } }
                button.danger type="submit" { "Remove" }
            }
        }
    }
}

/// What a hook is made of, as it is or empty.
fn fields(visit: &Visit, hook: Option<&api::Hook>) -> Markup {
    let url = hook.map_or("", |hook| hook.url.as_str());
    let tenant = hook.and_then(|hook| hook.tenant.as_ref()).map_or("", |tenant| tenant.as_str());
    let wants = |event: EventName| hook.is_some_and(|hook| hook.events.contains(&event));
    html! {
        div.fields {
            div.grow {
                label for="url" { "Address" }
                input #url type="url" name="url" value=(url) placeholder="https://" required autocomplete="off";
            }
            @if visit.session.caller.tenant.is_none() {
                div {
                    label for="tenant" { "Only of this tenant (optional)" }
                    input #tenant name="tenant" value=(tenant) autocomplete="off" spellcheck="false";
                }
            }
        }
        fieldset.choices {
            legend { "Told of these events; none ticked: of all" }
            @for event in EventName::ALL {
                label { input type="checkbox" name="event" value=(event.name()) checked[wants(event)]; " " (event.name()) }
            }
        }
        div.fields {
            div.grow {
                label for="secret" {
                    @if hook.is_some() { "Another secret, if the receiver has made one (empty: it stays)" }
                    @else { "Its secret, if the receiver has made one (empty: one is made)" }
                }
                input #secret type="password" name="secret" placeholder="whsec_…" autocomplete="off" spellcheck="false";
            }
        }
        @if hook.is_some() {
            p { label.choice { input type="checkbox" name="new_secret" value="yes"; " Make a new secret. The one before signs as well until the next is made" } }
        }
    }
}

/// What a form asks for.
fn asked(form: &Filled) -> Value {
    let mut ask = json!({ "url": form.get("url"), "events": form.all("event").collect::<Vec<_>>() });
    for name in ["tenant", "secret"] {
        if !form.get(name).is_empty() {
            ask[name] = json!(form.get(name));
        }
    }
    if !form.get("new_secret").is_empty() {
        ask["new_secret"] = json!(true);
    }
    ask
}

async fn add(visit: Visit, form: Filled) -> Response {
    let name = form.get("name");
    let path = format!("/v1/hooks/{}", encoded(name));
    let there = visit.get::<api::Hook>(&path).await;
    let put = match there {
        Ok(_) => Err(Problem::plain(
            StatusCode::CONFLICT,
            format!("There is a hook {name} already."),
            "Give the new one another name, or open the one that is there and change it.",
        )),
        Err(problem) if problem.status == 404 => visit.ask(Method::PUT, &path, Some(asked(&form))).await,
        Err(problem) => Err(problem),
    };
    told(&visit, "/hooks", put, "is put in, and told of what happens from now on")
}

async fn change(visit: Visit, Path(name): Path<String>, form: Filled) -> Response {
    let (path, back) = (format!("/v1/hooks/{}", encoded(&name)), format!("/hooks/{}", encoded(&name)));
    let put = async {
        let hook: api::Hook = visit.get(&path).await?;
        let mut ask = asked(&form);
        ask["disabled"] = json!(hook.disabled.is_some());
        visit.ask(Method::PUT, &path, Some(ask)).await
    };
    told(&visit, &back, put.await, "is changed")
}

async fn switch(visit: Visit, Path(name): Path<String>, form: Filled) -> Response {
    let (path, back) = (format!("/v1/hooks/{}", encoded(&name)), format!("/hooks/{}", encoded(&name)));
    let is_off = form.get("to") == "off";
    let put = async {
        let api::Hook { url, tenant, events, .. } = visit.get(&path).await?;
        let ask = json!({ "url": url, "tenant": tenant, "events": events, "disabled": is_off });
        visit.ask(Method::PUT, &path, Some(ask)).await
    };
    told(&visit, &back, put.await, if is_off { "is switched off" } else { "is switched on" })
}

/// Says what became of a hook, and shows its secret if one was made: this once.
fn told(visit: &Visit, back: &str, put: Result<api::PutHook, Problem>, what: &str) -> Response {
    let api::PutHook { hook, secret } = match put {
        Ok(put) => put,
        Err(problem) => return visit.go(back, &Note::refused(&problem)),
    };
    let (own, done) = (format!("/hooks/{}", hook.name), format!("The hook {} {what}.", hook.name));
    let Some(secret) = secret else { return visit.go(&own, &Note::done(done)) };
    let body = html! {
        p.crumbs { a href="/hooks" { "Hooks" } }
        h1 { "The secret of " (hook.name) }
        p.lead { (done) " This is its secret. It is shown only here, and only now." }
        p.panel { code.secret { (secret.0) } }
        p { "Put it into the receiver, which checks with it that what it gets is from us; docs/hooks.md tells how." }
        p { a.button href=(own) { "To the hook" } }
    };
    visit.page("Secret", Ok(body))
}

async fn remove(visit: Visit, Path(name): Path<String>, form: Filled) -> Response {
    let back = format!("/hooks/{}", encoded(&name));
    if form.get("sure") != name {
        let detail = format!("\"{name}\" was not typed. Nothing was changed.");
        let remedy =
            "A hook that is removed is gone with its log, so a slip of the hand must not do it. Open the form again.";
        return visit.go(&back, &Note::refused(&Problem::plain(StatusCode::UNPROCESSABLE_ENTITY, detail, remedy)));
    }
    match visit.ask::<api::RemovedHook>(Method::DELETE, &format!("/v1/hooks/{}", encoded(&name)), None).await {
        Ok(removed) => {
            let log = if removed.forgotten == 1 {
                "1 delivery".into()
            } else {
                format!("{} deliveries", words::grouped(removed.forgotten))
            };
            visit.go("/hooks", &Note::done(format!("The hook {name} is removed, with the record of {log}.")))
        }
        Err(problem) => visit.go(&back, &Note::refused(&problem)),
    }
}

async fn replay(visit: Visit, Path(name): Path<String>, form: Filled) -> Response {
    let done = async {
        let ask = again(&form)?;
        visit.post::<api::Replayed>(&format!("/v1/hooks/{}/replay", encoded(&name)), ask).await
    };
    let note = match done.await {
        Ok(api::Replayed { replayed: 0, .. }) => Note::done("There is nothing of that time and kind to send again."),
        Ok(api::Replayed { replayed, .. }) => {
            let verb = if replayed == 1 { "is" } else { "are" };
            Note::done(format!(
                "{} {verb} sent again. The log below tells how they fare.",
                words::many(replayed, "event")
            ))
        }
        Err(problem) => Note::refused(&problem),
    };
    visit.go(&format!("/hooks/{}", encoded(&name)), &note)
}

/// What a form wants sent again: one event, or all since a time on somebody's clock.
fn again(form: &Filled) -> Result<Value, Problem> {
    if !form.get("event").is_empty() {
        return Ok(json!({ "event": form.get("event") }));
    }
    let since = form.get("since").parse::<DateTime>().ok();
    let zone = TimeZone::get(form.get("zone")).ok();
    let since = since.zip(zone).and_then(|(since, zone)| zone.to_timestamp(since).ok());
    let Some(since) = since else {
        let detail = "That is no time in that zone. Nothing is sent again.";
        let remedy = "Give a day and a time, and the zone by its IANA name such as Europe/Berlin.";
        return Err(Problem::plain(StatusCode::UNPROCESSABLE_ENTITY, detail, remedy));
    };
    let state = Some(form.get("state")).filter(|state| !matches!(*state, "" | "all"));
    Ok(json!({ "since": since, "state": state }))
}
