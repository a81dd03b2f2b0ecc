//! Hooks: addresses that events are sent to.

use axum::{Json, extract::State, http::StatusCode};
use channels::SigningKeys;
use domain::{Code, EventId, EventName, TenantId};
use jiff::Timestamp;
use ledger::{DeliveryState, Replay};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use url::Url;
use vault::{Hook, HookAsk, HookName, NewSecret};

use super::connect::Hidden;
use crate::{
    Console, Problem,
    access::Caller,
    api,
    audited::Intent,
    extract::{Hushed, Id, Json as Body},
    openapi::{Operation, operation, shapes::SecretText},
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HookAsk")]
pub(super) struct Ask {
    url: Url,
    tenant: Option<TenantId>,
    #[serde(default)]
    events: Vec<EventName>,
    #[serde(default)]
    disabled: bool,
    #[schemars(with = "Option<SecretText>")]
    secret: Option<Hidden>,
    #[serde(default)]
    new_secret: bool,
}

pub(super) async fn list(State(console): State<Console>, caller: Caller) -> Result<Json<api::Hooks>, Problem> {
    let mut hooks = Vec::new();
    for hook in console.vault.hooks().await?.iter().filter(|hook| is_callers(&caller, hook)) {
        hooks.push(shown(&console, hook).await?);
    }
    Ok(Json(api::Hooks { hooks }))
}

pub(super) async fn show(
    State(console): State<Console>,
    caller: Caller,
    Id(name): Id<HookName>,
) -> Result<Json<api::Hook>, Problem> {
    let hook = own(&console, &caller, &name).await?;
    Ok(Json(shown(&console, &hook).await?))
}

/// 201 for a new hook, 200 for one that was put in anew.
pub(super) async fn put(
    State(console): State<Console>,
    caller: Caller,
    Id(name): Id<HookName>,
    Hushed(ask): Hushed<Ask>,
) -> Result<(StatusCode, Json<api::PutHook>), Problem> {
    let before = match console.vault.hook(&name).await {
        Ok(hook) if is_callers(&caller, &hook) => Some(hook),
        Ok(_) => return Err(Problem::forbidden(format!("The name {name} is taken, by a hook that is not yours."))),
        Err(vault::VaultError::NoHook(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let ask = fit(&console, &caller, ask)?;
    let mut intent = Intent::hook("put hook", &name, ask.tenant.as_ref());
    if let Some(before) = &before {
        intent = intent.before(json!({ "record": before.record }));
    }
    let put = async {
        if before.is_none() {
            // What another hook of this name has left behind is not for this one.
            console.deliveries.forget_hook(name.as_str()).await?;
        }
        Ok(console.vault.put_hook(&name, &ask, &caller.name).await?)
    };
    let after = |(hook, ..): &(Hook, bool, _)| Some(json!({ "record": hook.record }));
    let (hook, is_new, secret) = console.audited(&caller, intent, put, after).await?;
    let secret = secret.map(|secret| api::ShownOnce(secret.reveal().to_owned()));
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(api::PutHook { hook: shown(&console, &hook).await?, secret })))
}

pub(super) async fn remove(
    State(console): State<Console>,
    caller: Caller,
    Id(name): Id<HookName>,
) -> Result<Json<api::RemovedHook>, Problem> {
    let hook = own(&console, &caller, &name).await?;
    let intent = Intent::hook("remove hook", &name, hook.record.tenant.as_ref());
    let intent = intent.before(json!({ "record": hook.record }));
    let remove = async {
        console.vault.remove_hook(&hook).await?;
        Ok(console.deliveries.forget_hook(name.as_str()).await?)
    };
    let forgotten =
        console.audited(&caller, intent, remove, |forgotten| Some(json!({ "forgotten": forgotten }))).await?;
    Ok(Json(api::RemovedHook { hook: name.to_string(), forgotten }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReplayAsk")]
pub(super) struct Again {
    event: Option<EventId>,
    #[schemars(with = "Option<domain::Rfc3339>")]
    since: Option<Timestamp>,
    state: Option<String>,
}

pub(super) async fn replay(
    State(console): State<Console>,
    caller: Caller,
    Id(name): Id<HookName>,
    Body(again): Body<Again>,
) -> Result<Json<api::Replayed>, Problem> {
    let hook = own(&console, &caller, &name).await?;
    if hook.record.disabled.is_some() {
        let detail = format!("The hook {name} is switched off: nothing would be sent.");
        return Err(Problem::plain(
            StatusCode::CONFLICT,
            detail,
            "Put it in again (PUT) to switch it on, then replay.",
        ));
    }
    let which = match (again.event, again.since) {
        (Some(event), None) if again.state.is_none() => Replay::Event(event),
        (None, Some(since)) => Replay::Since(since, state_of(again.state.as_deref())?),
        _ => {
            let message = "must name either event, or since and, if need be, state";
            return Err(Problem::field("$", Code::BAD_FIELD, message));
        }
    };
    let why = match &which {
        Replay::Event(event) => format!("event {event}"),
        Replay::Since(since, state) => format!("since {since}, {}", state.map_or("all", DeliveryState::name)),
    };
    let intent = Intent::hook("replay", &name, hook.record.tenant.as_ref()).because(Some(&why));
    let replay = async {
        match (console.deliveries.replay(name.as_str(), &which).await?, &which) {
            (0, Replay::Event(event)) => Err(Problem {
                remedy: format!("`oncepost hooks deliveries {name}` lists those that there are."),
                ..Problem::not_found(format!("delivery of event {event} to {name}"))
            }),
            (replayed, _) => Ok(replayed),
        }
    };
    let replayed = console.audited(&caller, intent, replay, |replayed| Some(json!({ "replayed": replayed }))).await?;
    Ok(Json(api::Replayed { hook: name.to_string(), replayed }))
}

/// The hook, if it is the caller's.
pub(super) async fn own(console: &Console, caller: &Caller, name: &HookName) -> Result<Hook, Problem> {
    match console.vault.hook(name).await? {
        hook if is_callers(caller, &hook) => Ok(hook),
        _ => Err(vault::VaultError::NoHook(name.to_string()).into()),
    }
}

/// A tenant's token manages its own hooks; one that is told of everybody's events is the operators'.
fn is_callers(caller: &Caller, hook: &Hook) -> bool {
    caller.tenant.is_none() || caller.tenant == hook.record.tenant
}

fn state_of(name: Option<&str>) -> Result<Option<DeliveryState>, Problem> {
    name.map(state).transpose().map_err(|why| Problem::field("$.state", Code::BAD_FIELD, why))
}

/// A state of deliveries by its name.
///
/// # Errors
/// What there is instead.
pub(super) fn state(name: &str) -> Result<DeliveryState, String> {
    let names = DeliveryState::ALL.map(DeliveryState::name).join(", ");
    DeliveryState::named(name).ok_or_else(|| format!("must be one of {names}"))
}

/// What is asked for, if it can be.
fn fit(console: &Console, caller: &Caller, ask: Ask) -> Result<HookAsk, Problem> {
    let tenant = caller.narrow(ask.tenant)?;
    console.options.hooks.check(&ask.url).map_err(|why| Problem::field("$.url", Code::BAD_FIELD, why))?;
    let secret = match (ask.secret, ask.new_secret) {
        (Some(_), true) => {
            let message = "is given, and new_secret asks for one to be made: ask for one of them";
            return Err(Problem::field("$.secret", Code::BAD_FIELD, message));
        }
        (None, true) => NewSecret::Made,
        (None, false) => NewSecret::Keep,
        (Some(Hidden(secret)), false) => {
            if !SigningKeys::read(secret.reveal()).is_some_and(|keys| keys.are_long_enough()) {
                let message = "must be whsec_ and 24 to 64 bytes in Base64; leave it out, and a secret is made";
                return Err(Problem::field("$.secret", Code::BAD_FIELD, message));
            }
            NewSecret::Given(secret)
        }
    };
    Ok(HookAsk { url: ask.url, tenant, events: ask.events, disabled: ask.disabled, secret })
}

async fn shown(console: &Console, hook: &Hook) -> Result<api::Hook, Problem> {
    let tally = console.deliveries.tally(hook.name.as_str()).await?;
    let record = hook.record.clone();
    Ok(api::Hook {
        name: hook.name.to_string(),
        url: record.url,
        tenant: record.tenant,
        events: record.events,
        disabled: record.disabled,
        put: record.put,
        waiting: tally.waiting,
        oldest_waiting: tally.oldest,
    })
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_hooks", "GET", "/v1/hooks", "Addresses that events are sent to")
            .answers::<api::Hooks>(200, "The hooks"),
        operation("get_hook", "GET", "/v1/hooks/{name}", "One hook").answers::<api::Hook>(200, "The hook"),
        operation("put_hook", "PUT", "/v1/hooks/{name}", "Put a hook in, or change it")
            .body::<Ask>()
            .answers::<api::PutHook>(201, "The new hook, with its secret if one was made")
            .answers::<api::PutHook>(200, "The hook that was put in anew")
            .fails(422, "The address or the secret cannot be used"),
        operation("remove_hook", "DELETE", "/v1/hooks/{name}", "Remove a hook")
            .answers::<api::RemovedHook>(200, "What was forgotten with it"),
        operation("replay_hook", "POST", "/v1/hooks/{name}/replay", "Send events to a hook again")
            .body::<Again>()
            .answers::<api::Replayed>(200, "How many are sent again")
            .fails(409, "The hook is switched off")
            .fails(422, "What to send again is not named"),
    ]
}
