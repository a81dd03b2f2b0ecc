//! Channels, accounts, the census, and the failures' pages.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use broker::Source;
use channels::{About, AccountCard, Channel, Count, Threads};
use domain::{Code, PauseScope, RepeatSafety};

use crate::{Console, Problem, access::Caller, api, extract::Id, show::pauses_for};

pub(super) async fn channels(State(console): State<Console>, caller: Caller) -> Result<Json<api::Channels>, Problem> {
    let pauses = console.ledger.pauses().await?;
    let accounts = console.accounts.all();
    let mut channels = Vec::new();
    for channel in console.channels.iter() {
        let about = channel.about();
        let name = about.name.to_owned();
        let covers = |scope: &PauseScope| match scope {
            PauseScope::All => true,
            PauseScope::Channel { channel } => channel.as_str() == about.name,
            _ => false,
        };
        let (queue, dead) = match caller.tenant {
            None => futures::join!(
                depth(&console, Source::Publish { channel: name.clone() }),
                depth(&console, Source::Dead { channel: name.clone() })
            ),
            Some(_) => (None, None),
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
            paused: pauses.iter().any(|pause| covers(&pause.scope)),
            queue,
            dead,
            name,
        });
    }
    Ok(Json(api::Channels { channels }))
}

/// Whether a pause of this scope holds the account back.
fn holds(scope: &PauseScope, card: &AccountCard) -> bool {
    match scope {
        PauseScope::All => true,
        PauseScope::Channel { channel } => *channel == card.channel,
        PauseScope::App { app } => card.app.as_ref() == Some(app),
        PauseScope::Tenant { tenant } => *tenant == card.tenant,
        PauseScope::Account { tenant, channel, account } => {
            *tenant == card.tenant && *channel == card.channel && *account == card.id
        }
    }
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

/// A queue's depth; nothing if the broker does not say. That is no reason to answer nothing at all.
async fn depth(console: &Console, source: Source) -> Option<api::Queue> {
    match console.transport.depth(source).await {
        Ok(depth) => Some(api::Queue { ready: depth.ready, consumers: depth.consumers }),
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a queue's depth is not known");
            None
        }
    }
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

fn repeat(repeat: RepeatSafety) -> api::Repeat {
    let (kept_for_s, meaning) = match repeat {
        RepeatSafety::PlatformKey { kept_for, afterwards, .. } => (
            Some(kept_for.as_secs()),
            match afterwards {
                Some(_) => {
                    "The call is repeated with the same key; once the platform has forgotten the key, it is asked."
                }
                None => {
                    "The call is repeated with the same key; once the platform has forgotten the key, a person decides."
                }
            },
        ),
        RepeatSafety::Handle { .. } => (None, "The platform is asked by the handle that was stored before the call."),
        RepeatSafety::LookUp(_) => (None, "The account's posts are listed and compared."),
        RepeatSafety::Nothing => (None, "Nobody can tell but a person, or the account's policy decides."),
    };
    api::Repeat {
        kind: repeat.name().into(),
        meaning: meaning.into(),
        kept_for_s,
        settles_after_s: repeat.settles_after().as_secs(),
        sure_after_s: repeat.sure_after().map(|span| span.as_secs()),
    }
}

pub(super) async fn accounts(State(console): State<Console>, caller: Caller) -> Result<Json<api::Accounts>, Problem> {
    let pauses = pauses_for(&caller, console.ledger.pauses().await?);
    let own = console.accounts.all().into_iter().filter(|card| caller.owns(&card.tenant));
    let accounts = own.map(|card| {
        let channel = console.channels.get(card.channel.as_str());
        let safety = channel.map(|channel| repeat(channel.safety(&card).repeat));
        api::Account {
            paused_by: pauses
                .iter()
                .filter(|pause| holds(&pause.scope, &card))
                .map(|pause| pause.scope.to_string())
                .collect(),
            tenant: card.tenant,
            channel: card.channel,
            id: card.id,
            app: card.app,
            on_doubt: card.on_doubt,
            repeat: safety,
        }
    });
    Ok(Json(api::Accounts { accounts: accounts.collect() }))
}

pub(super) async fn census(State(console): State<Console>, caller: Caller) -> Result<Json<api::Census>, Problem> {
    caller.operator()?;
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
