//! What could not go out and is tried again, and what went out last: whether delivery works at this moment.

use axum::{Json, extract::State};
use domain::{ChannelName, TenantId};
use jiff::Timestamp;
use ledger::{Postponed, Within};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::Ask,
    openapi::{Operation, operation},
    retrying::retrying,
    scope,
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    tenant: Option<TenantId>,
    channel: Option<ChannelName>,
}

/// What waits for a later time than it was due, and the ledger's time.
pub(super) async fn postponed(console: &Console, within: &Within) -> Result<(Postponed, Timestamp), Problem> {
    let at = console.ledger.now().await?;
    let tolerated = at.checked_sub(console.options.patience).unwrap_or(Timestamp::MIN);
    Ok((console.causes.postponed(within, tolerated).await?, at))
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(which): Ask<Which>,
) -> Result<Json<api::Retrying>, Problem> {
    scope::known(&console, which.channel.as_ref())?;
    let within = Within { tenant: caller.narrow(which.tenant)?, channel: which.channel, account: None };
    let (found, at) = postponed(&console, &within).await?;
    Ok(Json(retrying(&found, console.ledger.policy(), at)))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WhosePublish")]
pub(super) struct Whose {
    tenant: Option<TenantId>,
}

pub(super) async fn newest_publish(
    State(console): State<Console>,
    caller: Caller,
    Ask(whose): Ask<Whose>,
) -> Result<Json<api::NewestPublish>, Problem> {
    let tenant = caller.narrow(whose.tenant)?;
    let found = console.history.newest_publish(tenant.as_ref()).await?;
    Ok(Json(api::NewestPublish { at: found.at, since: found.since }))
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation(
            "list_retrying",
            "GET",
            "/v1/retrying",
            "What could not go out and is tried again by itself, and why",
        )
        .query::<Which>()
        .answers::<api::Retrying>(200, "By channel and cause"),
        operation("get_newest_publish", "GET", "/v1/newest-publish", "When something went out last")
            .query::<Whose>()
            .answers::<api::NewestPublish>(200, "When"),
    ]
}
