//! Accounts: how they are, what they put at risk, and what can be done about it.

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
use vault::record::State;

use super::{
    Desk,
    door::inner,
    forecast,
    notes::{self, Subject},
    parts::{Icon, Row, Tone, ago, channel_choice, chip, fact, nothing, outside, prose, query, table, time},
    pauses::{self, Chance},
    post::encoded,
    shell::{Entry, cannot_tell, stamp},
    visit::{Filled, Note, Visit},
    words,
};
use crate::{Problem, api};

pub(super) const ENTRY: Entry = Entry { path: "/accounts", title: "Accounts", key: 'a', icon: Icon::Person };

/// What narrows the list.
const FILTERS: [&str; 3] = ["tenant", "channel", "state"];
const ACCOUNT: &str = "/accounts/{tenant}/{channel}/{account}";

type Named = Path<(String, String, String)>;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/accounts", get(list))
        .route(ACCOUNT, get(show))
        .route(&format!("{ACCOUNT}/{{what}}"), post(act))
}

async fn list(visit: Visit, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let body = listed(&visit, &asked).await;
    visit.page(ENTRY.title, body)
}

async fn listed(visit: &Visit, asked: &BTreeMap<String, String>) -> Result<Markup, Problem> {
    let pairs = FILTERS.map(|name| (name, asked.get(name).map_or("", |value| value.trim())));
    let (accounts, forecast) = futures::join!(
        async { visit.get::<api::Accounts>(&query("/v1/accounts", &pairs)).await },
        visit.lately::<api::Forecast>("/v1/forecast?hours=24&limit=1000", forecast::PATIENCE),
    );
    let mut accounts = accounts?.accounts;
    // Whoever needs a person stands first.
    accounts.sort_by_key(|account| (account.health.wrong.is_none(), account.paused_by.is_empty()));
    let now = visit.now();
    let is_narrowed = pairs.iter().any(|(_, value)| !value.is_empty());
    Ok(html! {
        h1 { "Accounts" }
        (filter(&pairs, visit))
        @if let Err(problem) = &forecast { (cannot_tell("which posts are at risk", problem)) }
        @if accounts.is_empty() {
            @if is_narrowed { (nothing("No account fits.", Some(("/accounts", "Clear the filter")))) }
            @else { (nothing("There is no account yet. The settings list them, or `oncepost accounts connect` connects one.", None)) }
        } @else {
            div #accounts data-live {
                (table("Accounts", &["Account", "Health", "Token", "Next post", "At risk in 24 h", "Held by"],
                    accounts.iter().map(|account| line(account, forecast.as_ref().ok(), now)).collect()))
            }
        }
    })
}

fn filter(pairs: &[(&str, &str); 3], visit: &Visit) -> Markup {
    let given = |name: &str| pairs.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| *value);
    html! {
        form.filter action="/accounts" {
            @if visit.session.caller.tenant.is_none() {
                div {
                    label for="tenant" { "Tenant" }
                    input #tenant name="tenant" value=(given("tenant")) autocomplete="off" spellcheck="false";
                }
            }
            (channel_choice(&visit.desk, given("channel")))
            div {
                label for="state" { "Health" }
                select #state name="state" {
                    option value="" { "any" }
                    @for state in State::ALL {
                        option value=(state.name()) selected[given("state") == state.name()] { (health_word(state)) }
                    }
                }
            }
            div.end {
                button type="submit" { "Show" }
                @if pairs.iter().any(|(_, value)| !value.is_empty()) { a.quiet href="/accounts" { "Clear" } }
            }
        }
    }
}

fn line(account: &api::Account, forecast: Option<&api::Forecast>, now: Timestamp) -> Row {
    let name = html! {
        a href=(format!("/accounts/{}", account.name())) data-open { (account.name()) }
        @if !account.health.who.is_empty() { span.excerpt { (account.health.who) } }
    };
    let health = html! {
        (health(account))
        @if let Some(wrong) = &account.health.wrong { span.excerpt { (prose(&wrong.title)) } }
    };
    let token = match (account.token.renews_at, account.token.ends) {
        (Some(at), _) => html! { "renewed " (ago(at, now)) },
        (None, Some(at)) => html! { "ends " (ago(at, now)) },
        (None, None) => html! { span.quiet { "no end known" } },
    };
    let next = account.next_due.map_or_else(|| html! { span.quiet { "none waits" } }, |at| ago(at, now));
    let risk = match forecast {
        None => html! { span.quiet { "not known" } },
        Some(forecast) => at_risk(account, forecast),
    };
    let held = html! { @for scope in &account.paused_by { (chip(Tone::Warn, Icon::Pause, scope)) " " } };
    Row::new([name, health, token, next, risk, held])
}

fn at_risk(account: &api::Account, forecast: &api::Forecast) -> Markup {
    let own = |one: &&::forecast::AtStake| {
        (&one.tenant, &one.channel, &one.account) == (&account.tenant, &account.channel, &account.id)
    };
    let many = forecast.report.targets.iter().filter(own).count() as u64;
    match (many, forecast.not_listed) {
        (0, 0) => html! { "0" },
        (0, _) => html! { span.quiet { "none among those listed" } },
        (many, _) => html! { (chip(Tone::Bad, Icon::Alert, &words::many(many, "post"))) },
    }
}

fn health_word(state: State) -> &'static str {
    match state {
        State::Ok => "well",
        State::Expiring => "ends soon",
        State::NeedsReconnect => "needs reconnecting",
        State::LacksPermission => "lacks permission",
        State::Restricted => "restricted",
        State::Unknown => "not known",
    }
}

/// Whether it is known that an account cannot publish.
pub(super) fn cannot_publish(account: &api::Account) -> bool {
    let is_dead = matches!(account.health.state, State::NeedsReconnect | State::LacksPermission | State::Restricted);
    is_dead || account.disabled.is_some()
}

/// How an account is.
pub(super) fn health(account: &api::Account) -> Markup {
    if account.disabled.is_some() {
        return chip(Tone::Idle, Icon::Minus, "switched off");
    }
    let (tone, icon) = match account.health.state {
        State::Ok => (Tone::Good, Icon::Check),
        State::Expiring => (Tone::Warn, Icon::Clock),
        State::NeedsReconnect | State::LacksPermission | State::Restricted => (Tone::Bad, Icon::Alert),
        State::Unknown => (Tone::Idle, Icon::Doubt),
    };
    chip(tone, icon, health_word(account.health.state))
}

async fn show(visit: Visit, Path((tenant, channel, account)): Named) -> Response {
    let name = [tenant, channel, account].map(|piece| encoded(&piece)).join("/");
    let body = whole(&visit, &name).await;
    visit.page("Account", body)
}

async fn whole(visit: &Visit, name: &str) -> Result<Markup, Problem> {
    let account: api::Account = visit.get(&format!("/v1/accounts/{name}")).await?;
    let ahead = query("/v1/forecast", &[("hours", "168"), ("limit", "20"), ("account", &account.name())]);
    let next = query("/v1/schedule", &[("account", &account.name()), ("limit", "5")]);
    let (ahead, next, notes) = futures::join!(
        visit.lately::<api::Forecast>(&ahead, forecast::PATIENCE),
        visit.get::<api::Schedule>(&next),
        visit.get::<api::Notes>("/v1/notes"),
    );
    let now = visit.now();
    Ok(html! {
        p.crumbs { a href="/accounts" { "Accounts" } }
        h1 { span { (account.name()) } (health(&account)) }
        div #standing data-live { (standing(&account, now)) }
        (actions(visit, &account))
        @if let Some(pause) = &account.pause {
            h2 { "Its pause" } (pauses::card(visit, pause, &Chance::of(pause, Some([&account])), &format!("/accounts/{}", account.name()), now))
        }
        (noted(visit, &account, &notes, now))
        h2 { "In the next seven days" }
        @match &ahead {
            Err(problem) => { (cannot_tell("what is at risk", problem)) },
            Ok(ahead) => { (forecast::drawn(visit, ahead, now)) },
        }
        h2 { "Next to go out" }
        @match &next {
            Err(problem) => { (cannot_tell("what waits", problem)) },
            Ok(page) if page.targets.is_empty() => { p.quiet { "Nothing waits for this account." } },
            Ok(page) => {
                ul.plain {
                    @for one in &page.targets {
                        li { a href=(format!("/targets/{}", one.target)) { (ago(one.goes_at, now)) } " " (one.excerpt) }
                    }
                }
                p { a href=(query("/schedule", &[("account", &account.name())])) { "All that waits for it" } }
            },
        }
    })
}

/// What people noted of an account, of its channel and of its app, and the form that adds to it.
fn noted(visit: &Visit, account: &api::Account, found: &Result<api::Notes, Problem>, now: Timestamp) -> Markup {
    let here = format!("/accounts/{}", account.name());
    let mut on = vec![format!("account:{}", account.name()), format!("channel:{}", account.channel)];
    on.extend(account.app.as_ref().map(|app| format!("app:{app}")));
    html! {
        h2 { "Notes" }
        @match found {
            Err(problem) => { (cannot_tell("what people noted", problem)) },
            Ok(found) => {
                @let own: Vec<_> = found.notes.iter().filter(|note| on.contains(&note.on)).cloned().collect();
                @if own.is_empty() { p.quiet { "None on it, its channel or its app." } } @else { (notes::list(visit, &own, &here, now)) }
            },
        }
        (notes::form(visit, &Subject::Among(&on), &here, "", 0))
    }
}

fn standing(account: &api::Account, now: Timestamp) -> Markup {
    let (health, token) = (&account.health, &account.token);
    html! {
        div.standing {
            @if let Some(word) = &account.disabled {
                div.diagnosis { h2 { "Switched off" } p { (word.note) } p.quiet { "by " (word.by) ", " (time(word.at, now)) } }
            }
            @if let Some(wrong) = &health.wrong {
                div.diagnosis {
                    h2 { "What is wrong" }
                    p.sentence {
                        (prose(&wrong.title)) @if let Some(code) = wrong.code {
                            " " a.code href=(format!("/errors/{code}")) { (code.to_string()) }
                        }
                    }
                    dl.facts {
                        (fact("What to do", &prose(&wrong.remedy)))
                        @if let Some(said) = &wrong.platform_said {
                            (fact(words::whose(said), &html! { @if let Some(status) = said.status { "HTTP " (status) " " } q { (said.text) } }))
                        }
                    }
                }
            }
            dl.facts {
                @if !health.who.is_empty() { (fact("On the platform", &html! { (health.who) })) }
                (fact("Asked last", &health.checked_at.map_or_else(|| html! { span.quiet { "never" } }, |at| time(at, now))))
                @if !health.missing.is_empty() { (fact("Missing permissions", &html! { (health.missing.join(", ")) })) }
                (fact("Token ends", &token.ends.map_or_else(|| html! { span.quiet { "no end known" } }, |at| time(at, now))))
                @if let Some(at) = token.renews_at { (fact("Renewed next", &time(at, now))) }
                @if let Some(failed) = &token.failed { (fact("Last renewal failed", &prose(&failed.title))) }
                @if let Some(at) = account.next_due { (fact("Next post", &time(at, now))) }
                @if let Some(app) = &account.app { (fact("App", &html! { (app) })) }
                @if let Some(url) = &account.base_url { (fact("Server", &outside(url.as_str()))) }
                @if let Some(repeat) = &account.repeat { (fact("After an unknown outcome", &html! { (repeat.meaning) })) }
                @for (name, value) in &account.settings { (fact(name, &html! { (value) })) }
                (fact("Comes from", &source(account, now)))
            }
        }
    }
}

fn source(account: &api::Account, now: Timestamp) -> Markup {
    html! {
        @if account.source == api::Source::Settings { "the settings" }
        @else if let Some(word) = &account.connected { "being connected by " (word.by) ", " (time(word.at, now)) }
        @else { "being connected" }
    }
}

fn actions(visit: &Visit, account: &api::Account) -> Markup {
    let may = |what: &str| visit.may("POST", &format!("/v1{ACCOUNT}/{what}"));
    let form = |what: &str, title: &str, is_first: bool| {
        html! {
            @if may(what) {
                form method="post" action=(format!("/accounts/{}/{what}", account.name())) {
                    (stamp(visit)) button.primary[is_first] type="submit" { (title) }
                }
            }
        }
    };
    html! {
        section.doing aria-label="What may be done" {
            (form("check", "Ask the platform now", account.health.wrong.is_none()))
            @if account.by_link { (form("link", "Make a link to reconnect", account.health.wrong.is_some())) }
            @if account.token.can_renew { (form("refresh", "Renew the token", false)) }
            @if account.disabled.is_some() { (form("enable", "Switch on", true)) } @else if may("disable") {
                details.act {
                    summary { "Switch off…" }
                    form method="post" action=(format!("/accounts/{}/disable", account.name())) {
                        (stamp(visit))
                        p.verdict { "What waits for it is held until it is switched on again." }
                        div.fields {
                            div.grow {
                                label for="reason" { "Why, for whoever finds it" }
                                input #reason name="reason" required maxlength="500" autocomplete="off";
                            }
                        }
                        button.danger type="submit" { "Switch off" }
                    }
                }
            }
        }
    }
}

async fn act(
    visit: Visit,
    Path((tenant, channel, account, what)): Path<(String, String, String, String)>,
    form: Filled,
) -> Response {
    let name = [tenant, channel, account].map(|piece| encoded(&piece)).join("/");
    let path = format!("/v1/accounts/{name}/{}", encoded(&what));
    let own = format!("/accounts/{name}");
    let back = match form.get("back") {
        "" => own.as_str(),
        back => inner(back),
    };
    let seen = |seen: api::Seen| {
        let released = seen
            .released
            .map(|many| format!(" Its pause has ended; {} released, little by little.", words::many(many, "target")));
        let unchecked = seen.unchecked.map(|wrong| format!(" Its platform could not be asked: {}.", wrong.title));
        format!(
            "It is {}.{}{}",
            health_word(seen.account.health.state),
            released.unwrap_or_default(),
            unchecked.unwrap_or_default()
        )
    };
    let done = match what.as_str() {
        "link" => match visit.post::<api::Link>(&path, json!({})).await {
            Ok(link) => return visit.page("Reconnect", Ok(linked(&link, back, visit.now()))),
            Err(problem) => Err(problem),
        },
        "disable" => {
            let reason = json!({ "reason": form.get("reason") });
            visit
                .post::<api::Account>(&path, reason)
                .await
                .map(|_| "It is switched off, and what waits for it is held.".into())
        }
        "check" | "refresh" | "enable" => visit.post::<api::Seen>(&path, json!({})).await.map(seen),
        _ => Err(Problem::not_found(format!("such form: {what}"))),
    };
    let note = match done {
        Ok(told) => Note::done(told),
        Err(problem) => Note::refused(&problem),
    };
    visit.go(back, &note)
}

/// The link itself, shown once: whoever has it can connect the account.
fn linked(link: &api::Link, back: &str, now: Timestamp) -> Markup {
    html! {
        p.crumbs { a href=(back) { "Back" } }
        h1 { "A link to reconnect" }
        p.lead {
            "Whoever follows it and agrees connects the account, once. It is good until " (time(link.expires_at, now)) ", and it is shown only here."
        }
        p.panel { a.out href=(link.url) rel="noreferrer noopener" target="_blank" { (link.url) } }
        p { "Follow it yourself, or send it to the account's owner by a way that you trust." }
    }
}
