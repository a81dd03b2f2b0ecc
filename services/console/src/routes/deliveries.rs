//! What was sent to hooks, and what came of it.

use axum::{Json, extract::State};
use domain::{EventId, PostId};
use ledger::{Delivery, DeliveryFilter};
use schemars::JsonSchema;
use serde::Deserialize;
use vault::HookName;

use super::{
    hooks::{own, state},
    posts::no_page,
};
use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::Ask,
    openapi::{Operation, operation},
};

/// The most deliveries on a page.
const MOST: u32 = 500;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    hook: Option<String>,
    event: Option<EventId>,
    post: Option<PostId>,
    state: Option<String>,
    #[serde(default)]
    limit: u32,
    after: Option<String>,
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(which): Ask<Which>,
) -> Result<Json<api::Deliveries>, Problem> {
    match &which.hook {
        Some(hook) => {
            let name: HookName = hook.parse().map_err(|why: String| Problem::query("hook", why))?;
            own(&console, &caller, &name).await?;
        }
        // Hooks of others may be told of its events, and are none of its business.
        None if caller.tenant.is_some() => return Err(Problem::query("hook", "must name one of your hooks")),
        None => {}
    }
    let state = which.state.as_deref().map(state).transpose().map_err(|why| Problem::query("state", why))?;
    let filter = DeliveryFilter {
        hook: which.hook,
        event: which.event,
        post: which.post,
        state,
        limit: which.limit.min(MOST),
        after: which.after,
    };
    let page = console.deliveries.deliveries(&filter).await.map_err(no_page)?;
    Ok(Json(api::Deliveries { deliveries: page.items.into_iter().map(shown).collect(), next: page.next }))
}

fn shown(delivery: Delivery) -> api::Delivery {
    let Delivery { hook, event, state, due_at, attempt, log, .. } = delivery;
    let attempts = log.into_iter().map(|made| api::DeliveryAttempt {
        number: made.number,
        at: made.at,
        millis: made.millis,
        status: made.status,
        why: made.why,
    });
    api::Delivery {
        hook,
        event: event.id,
        name: event.name,
        at: event.at,
        post: event.post,
        target: event.target,
        tenant: event.tenant,
        channel: event.channel,
        account: event.account,
        state: state.name().into(),
        due_at,
        begun: attempt,
        attempts: attempts.collect(),
    }
}

/// What the API tells of this address.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_deliveries", "GET", "/v1/deliveries", "What was sent to hooks, and what came of it")
            .query::<Which>()
            .answers::<api::Deliveries>(200, "The deliveries, newest first")
            .fails(404, "There is no such hook of yours"),
    ]
}
