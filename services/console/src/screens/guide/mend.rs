//! The second step for a cause: what must be mended, how the accounts are, what a pause would hold.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::{
    api::{self, ExtentKind},
    screens::{
        accounts::{cannot_publish, health},
        parts::{Icon, Tone, ago, chip, fact, icon, prose, query},
        pauses::{self, Chance},
        shell::{cannot_tell, stamp},
        target::is_doubtful,
        visit::Visit,
        which::Which,
    },
};

pub(super) async fn page(visit: &Visit, which: &Which, group: &api::CauseGroup, here: &str) -> Markup {
    let names = group.spread.accounts.top.iter().map(|share| share.name.as_str());
    let asked =
        names.clone().map(async |name| (name, visit.get::<api::Account>(&format!("/v1/accounts/{name}")).await));
    let listed = which.at("/v1/failures", &[("limit", "20")]);
    let (accounts, pauses, targets) = futures::join!(
        futures::future::join_all(asked),
        visit.get::<api::Pauses>("/v1/pauses"),
        visit.get::<api::Failures>(&listed),
    );
    let doubtful: Vec<_> =
        targets.map(|found| found.targets).unwrap_or_default().into_iter().filter(is_doubtful).collect();
    let more = group.spread.accounts.distinct.saturating_sub(accounts.len() as u64);
    html! {
        dl.facts.panel {
            (fact("What to do", &prose(group.remedy())))
            (fact("Whose fault", &html! { (group.cause.whose_fault) }))
            @if let Some(code) = group.cause.code { (fact("In full", &html! { a href=(format!("/errors/{code}")) { "What " (code.to_string()) " means" } })) }
        }
        @if !doubtful.is_empty() { (doubts(visit, which, &doubtful)) }
        h3.over { "The accounts" }
        div #mend data-live {
            @for (name, account) in &accounts {
                @match account {
                    Ok(account) => { (one(visit, account, group.last, here)) }
                    Err(problem) => { (cannot_tell(&format!("how {name} is"), problem)) }
                }
            }
            (verdict(&accounts, group.last))
        }
        @if more > 0 {
            p { a href=(query("/accounts", &[("channel", &channel(group))])) { "And " (more) " more: all accounts" } }
        }
        (hold(visit, group, &pauses, &accounts, here))
    }
}

fn channel(group: &api::CauseGroup) -> String {
    let channels = &group.spread.channels;
    channels.top.first().filter(|_| channels.distinct == 1).map(|share| share.name.clone()).unwrap_or_default()
}

/// What may be out: nothing at an account mends that.
fn doubts(visit: &Visit, which: &Which, targets: &[api::Target]) -> Markup {
    html! {
        div.note.unknown {
            (icon(Icon::Doubt))
            div {
                p { strong { "Some may be out already. " } "Open each, look at the account on the platform, and record what you saw. Nothing of them is sent until then." }
                p { @for (n, one) in targets.iter().take(5).enumerate() {
                    @if n > 0 { ", " } a href=(format!("/targets/{}", one.id)) { (one.channel) " " (one.id.to_string().chars().take(13).collect::<String>()) "…" }
                } @if targets.len() > 5 { " and " (targets.len() - 5) " more" } }
                @if visit.may("POST", "/v1/jobs") {
                    p { a.button href=(format!("{}#look", which.at("/jobs/new", &[]))) { "Look again, where the platforms can be asked…" } }
                }
            }
        }
    }
}

/// Whether an account was said to be well before it failed last: that says nothing of how it is now.
fn is_stale(account: &api::Account, failed: Timestamp) -> bool {
    let is_said_well = account.health.wrong.is_none() && account.disabled.is_none();
    is_said_well && account.health.checked_at.is_none_or(|at| at <= failed)
}

/// An account: how it is, and what can be done about it from here. `failed`: when the last of the cause's targets did.
fn one(visit: &Visit, account: &api::Account, failed: Timestamp, here: &str) -> Markup {
    let (name, wrong) = (account.name(), &account.health.wrong);
    let form = |what: &str, title: &str, is_first: bool| {
        html! {
            form method="post" action=(format!("/accounts/{name}/{what}")) {
                (stamp(visit))
                input type="hidden" name="back" value=(here);
                button.primary[is_first] type="submit" { (title) span.unseen { ": " (name) } }
            }
        }
    };
    html! {
        section.card aria-label=(name) {
            p {
                @if is_stale(account, failed) { (chip(Tone::Doubt, Icon::Doubt, "not asked since it failed")) } @else { (health(account)) }
                " " a href=(format!("/accounts/{name}")) { strong { (name) } }
            }
            dl.facts {
                @if let Some(wrong) = wrong {
                    (fact("What is wrong", &prose(&wrong.title)))
                    (fact("What to do", &prose(&wrong.remedy)))
                }
                @if !account.health.missing.is_empty() { (fact("Missing permissions", &html! { (account.health.missing.join(", ")) })) }
                @if let Some(word) = &account.disabled { (fact("Switched off", &html! { (word.note) ", by " (word.by) })) }
                (fact("Asked last", &account.health.checked_at.map_or_else(|| html! { span.quiet { "never" } }, |at| ago(at, visit.now()))))
                @if !account.paused_by.is_empty() { (fact("Held by", &html! { (account.paused_by.join(", ")) })) }
            }
            div.row {
                @if visit.may("POST", "/v1/accounts/{tenant}/{channel}/{account}/check") { (form("check", "Ask the platform now", wrong.is_none())) }
                @if wrong.is_some() { (reconnect(visit, account, &form)) }
            }
        }
    }
}

/// How an account that something is wrong with is connected again: by a link where its platform knows such, else by hand.
fn reconnect(visit: &Visit, account: &api::Account, form: &dyn Fn(&str, &str, bool) -> Markup) -> Markup {
    let (name, may) = (account.name(), visit.may("POST", "/v1/accounts/{tenant}/{channel}/{account}/link"));
    html! {
        @match (account.by_link, may) {
            (true, true) => { (form("link", "Make a link to reconnect", true)) }
            (true, false) => { span.quiet { "To connect it again takes an admin: `oncepost accounts link " (name) "`." } }
            (false, _) => { span.quiet { "To connect it again takes an admin: `oncepost accounts connect " (name) "`." } }
        }
    }
}

/// Whether a retry has a chance, as far as the accounts tell.
fn verdict(accounts: &[(&str, Result<api::Account, crate::Problem>)], failed: Timestamp) -> Markup {
    let known = || accounts.iter().filter_map(|(_, account)| account.as_ref().ok());
    let names = |which: &dyn Fn(&api::Account) -> bool| {
        known().filter(|account| which(account)).map(api::Account::name).collect::<Vec<_>>()
    };
    let (broken, stale) = (names(&|account| cannot_publish(account)), names(&|account| is_stale(account, failed)));
    let was = if stale.len() == 1 { "was" } else { "were" };
    html! {
        @if !broken.is_empty() {
            p { strong { "Not yet: " } (broken.join(", ")) " cannot publish. A retry would hold its targets back, and lose nothing." }
        } @else if !stale.is_empty() {
            p { strong { "Not known: " } (stale.join(", ")) " " (was) " not asked since this failed last. Ask the platform now, above." }
        } @else if known().next().is_some() {
            p { strong { "Nothing is known to be wrong with these accounts. " } "Each was asked after this failed last." }
        }
    }
}

/// What a pause would hold back meanwhile, or the pause that does.
fn hold(
    visit: &Visit,
    group: &api::CauseGroup,
    found: &Result<api::Pauses, crate::Problem>,
    accounts: &[(&str, Result<api::Account, crate::Problem>)],
    here: &str,
) -> Markup {
    let Some(scope) = scope(group) else { return html! {} };
    let now = visit.now();
    let reason = format!("{}: being mended", group.cause.title);
    html! {
        h3.over { "Until it is mended" }
        @match found {
            Err(problem) => { (cannot_tell("what is paused", problem)) }
            Ok(found) => {
                @if let Some(pause) = found.pauses.iter().find(|pause| pause.scope == scope) {
                    p { "What waits is held already. Once the cause is mended and the pause has ended, it goes out little by little." }
                    @let known: Option<Vec<_>> = accounts.iter().map(|(_, account)| account.as_ref().ok()).collect();
                    (pauses::card(visit, pause, &Chance::of(pause, known), here, now))
                } @else {
                    p {
                        "What is due next on " code { (scope) } " may fail the same way. A pause holds it until somebody resumes it; nothing is lost by that but time."
                    }
                    @if visit.may_pause(&scope) {
                        details.act {
                            summary { "Pause " (scope) "…" }
                            form method="post" action="/pause" {
                                (stamp(visit))
                                input type="hidden" name="scope" value=(scope);
                                input type="hidden" name="back" value=(here);
                                div.fields {
                                    div.grow {
                                        label for="reason" { "Why, for whoever finds it" }
                                        input #reason name="reason" value=(reason) required maxlength="500" autocomplete="off";
                                    }
                                }
                                button type="submit" { "Pause" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What a pause would have to hold: what the cause reaches, if it reaches beyond a post.
fn scope(group: &api::CauseGroup) -> Option<String> {
    let spread = &group.spread;
    let first = |kind: &str, shares: &api::Shares| shares.top.first().map(|share| format!("{kind}:{}", share.name));
    match group.extent.kind {
        ExtentKind::Nothing | ExtentKind::Channels => None,
        ExtentKind::Post if group.cause.scope == Some(domain::Scope::Post) => None,
        ExtentKind::Post | ExtentKind::Account => first("account", &spread.accounts),
        ExtentKind::Accounts | ExtentKind::Channel => first("channel", &spread.channels),
        ExtentKind::App => first("app", &spread.apps),
        ExtentKind::Tenant => first("tenant", &spread.tenants),
        ExtentKind::Everything => Some("all".into()),
    }
}
