//! Channels, the census, and the failures' pages.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use broker::Source;
use channels::{About, AccountCard, Channel, Count, Threads};
use domain::{Code, PauseScope};
use ledger::Within;

use super::retrying::postponed;
use crate::{
    Console, Problem,
    access::Caller,
    account::holds,
    api,
    extract::Id,
    openapi::{Operation, operation},
    show::repeat,
};

pub(super) async fn channels(State(console): State<Console>, caller: Caller) -> Result<Json<api::Channels>, Problem> {
    let pauses = console.ledger.pauses().await?;
    let within = Within { tenant: caller.tenant.clone(), ..Within::default() };
    let (late, _) = postponed(&console, &within).await?;
    let accounts = console.accounts.all();
    let names: Vec<_> = console.channels.iter().map(|channel| channel.about().name.to_owned()).collect();
    // All at once: a broker that is away must not be waited for once for each.
    let depths = names.iter().map(|name| depths(&console, name, &caller));
    let depths = futures::future::join_all(depths).await;
    let mut channels = Vec::new();
    for (channel, (queue, dead)) in console.channels.iter().zip(depths) {
        let about = channel.about();
        let name = about.name.to_owned();
        let covers = |scope: &PauseScope| match scope {
            PauseScope::All => true,
            PauseScope::Channel { channel } => channel.as_str() == about.name,
            _ => false,
        };
        let of_it = |card: &&AccountCard| card.channel.as_str() == about.name && caller.owns(&card.tenant);
        let own = || accounts.iter().filter(of_it);
        channels.push(api::Channel {
            title: about.title.into(),
            repeat: repeat(about.repeat),
            repeat_differs: differing(&**channel, accounts.iter().filter(|card| caller.owns(&card.tenant))),
            text: about.limits.text.iter().map(length).collect(),
            media: Some(about.limits.media).filter(|most| *most < usize::MAX),
            thread_parts: parts(about),
            secrets: about.secrets.iter().map(|&name| name.into()).collect(),
            accounts: own().count(),
            accounts_paused: own().filter(|card| pauses.iter().any(|pause| holds(&pause.scope, card))).count(),
            retrying: late.targets.iter().filter(|one| one.channel.as_str() == name && one.is_retried()).count() as u64,
            late_since: late.channels.iter().find(|on| on.channel.as_str() == name).map(|on| on.first),
            paused: pauses.iter().any(|pause| covers(&pause.scope)),
            queue,
            dead,
            name,
        });
    }
    let has_queues = channels.is_empty() || channels.iter().any(|channel: &api::Channel| channel.queue.is_some());
    Ok(Json(api::Channels { channels, broker_answers: caller.tenant.is_none().then_some(has_queues) }))
}

/// How many of a channel's accounts have another kind of repeat safety than the channel in general.
fn differing<'a>(channel: &dyn Channel, accounts: impl Iterator<Item = &'a AccountCard>) -> BTreeMap<String, usize> {
    let about = channel.about();
    let mut kinds = BTreeMap::new();
    for card in accounts.filter(|card| card.channel.as_str() == about.name) {
        let kind = channel.safety(card).repeat.name();
        if kind != about.repeat.name() {
            *kinds.entry(kind.to_owned()).or_default() += 1;
        }
    }
    kinds
}

/// How full the queues of a channel are: for operators, because they hold every tenant's work.
async fn depths(console: &Console, name: &str, caller: &Caller) -> (Option<api::Queue>, Option<api::Queue>) {
    if caller.tenant.is_some() {
        return (None, None);
    }
    let [channel, same] = [name, name].map(str::to_owned);
    futures::join!(console.depth(Source::Publish { channel }), console.depth(Source::Dead { channel: same }))
}

/// The longest text, as "500 characters".
fn length(count: &Count) -> String {
    format!("{} {}", count.most, count.unit.name())
}

fn parts(about: &About) -> u16 {
    match about.threads {
        Threads::None => 1,
        Threads::PerPart(most) | Threads::Whole(most) => most,
    }
}

pub(super) async fn census(State(console): State<Console>, _: Caller) -> Result<Json<api::Census>, Problem> {
    let (census, at) = futures::try_join!(console.ledger.census(console.options.patience), console.ledger.now())?;
    let counts = census.counts.into_iter();
    let violations = census.violations.into_iter();
    Ok(Json(api::Census {
        at,
        counts: counts.map(|of| api::Count { channel: of.channel, state: of.state, count: of.count }).collect(),
        needs_person: census.listed,
        in_doubt: census.in_doubt,
        overdue: census.overdue,
        oldest_due: census.oldest_due,
        violations: violations
            .map(|(target, promise)| api::Violation { target, promise: promise.name().into() })
            .collect(),
    }))
}

/// A failure's page: what, whose fault, what to do.
pub(super) async fn error_page(_: Caller, Id(code): Id<Code>) -> Result<Response, Problem> {
    let page = code.page().ok_or_else(|| Problem::not_found(format!("failure {code}")))?;
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], page.text).into_response())
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_channels", "GET", "/v1/channels", "What each channel takes, and how it is doing")
            .answers::<api::Channels>(200, "Every channel"),
        operation(
            "get_census",
            "GET",
            "/v1/census",
            "The full scan: how many targets stand where, and promises found broken",
        )
        .answers::<api::Census>(200, "The census"),
        operation("get_error_page", "GET", "/v1/errors/{code}", "A failure's page: what, whose fault, what to do")
            .answers_with::<String>(200, "The page", "text/markdown; charset=utf-8"),
    ]
}
