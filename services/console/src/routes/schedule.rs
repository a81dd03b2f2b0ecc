//! What is still to go out, and when.

use std::time::Duration;

use axum::{Json, extract::State};
use domain::{TargetId, TenantId};
use jiff::Timestamp;
use ledger::{LedgerError, Upcoming, UpcomingTarget};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;
use vault::AccountName;

use crate::{
    Console, Problem,
    access::Caller,
    api,
    doubt::short,
    extract::Ask,
    openapi::{Operation, operation},
};

/// The most targets on a page.
const MOST: u32 = 500;
const PAGE: u32 = 50;
/// How far ahead is looked before all is, in hours: most pages are full of what is near.
const NEAR: [u64; 4] = [1, 24, 7 * 24, 31 * 24];

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    #[schemars(with = "Option<domain::Rfc3339>")]
    from: Option<Timestamp>,
    #[schemars(with = "Option<domain::Rfc3339>")]
    until: Option<Timestamp>,
    tenant: Option<TenantId>,
    account: Option<String>,
    #[serde(default)]
    limit: u32,
    after: Option<String>,
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(which): Ask<Which>,
) -> Result<Json<api::Schedule>, Problem> {
    let ask = which.ask(&caller)?;
    let at = console.ledger.now().await?;
    let found = first(&console, &ask, at).await?;
    // A short page is not the end: rows that cannot be read are left out of it.
    let next = found.last().map(|last| format!("{}.{}", last.next.as_millisecond(), last.target));
    Ok(Json(api::Schedule { at, targets: found.into_iter().map(shown).collect(), next }))
}

/// The first page of it. The ledger reads as far ahead as it is asked to, so it is asked for little before it is asked for all.
async fn first(console: &Console, ask: &Upcoming, now: Timestamp) -> Result<Vec<UpcomingTarget>, LedgerError> {
    let start = ask.after.map_or(now, |(at, _)| at.max(now));
    for hours in NEAR {
        let until = start.saturating_add(Duration::from_secs(hours * 3600)).unwrap_or(Timestamp::MAX);
        if ask.until <= until {
            break;
        }
        let found = console.ledger.upcoming(&Upcoming { until, ..ask.clone() }).await?;
        if found.len() >= ask.limit as usize {
            return Ok(found);
        }
    }
    console.ledger.upcoming(ask).await
}

impl Which {
    fn ask(self, caller: &Caller) -> Result<Upcoming, Problem> {
        let account = self.account.map(|name| name.parse::<AccountName>());
        let account = account.transpose().map_err(|wrong| Problem::query("account", wrong))?;
        if let Some(name) = &account {
            caller.narrow(Some(name.tenant.clone()))?;
        }
        let first = self.from.map(|from| (from, TargetId(Uuid::nil())));
        let after = match &self.after {
            Some(place) => Some(
                read(place).ok_or_else(|| Problem::query("after", "is not a place that a page named as its `next`"))?,
            ),
            None => first,
        };
        Ok(Upcoming {
            account: account.map(|name| (name.tenant, name.channel, name.account)),
            tenant: caller.narrow(self.tenant)?,
            after,
            limit: if self.limit == 0 { PAGE } else { self.limit.min(MOST) },
            ..Upcoming::until(self.until.unwrap_or(Timestamp::MAX))
        })
    }
}

fn read(place: &str) -> Option<(Timestamp, TargetId)> {
    let (at, id) = place.split_once('.')?;
    Some((Timestamp::from_millisecond(at.parse().ok()?).ok()?, id.parse().ok()?))
}

fn shown(target: UpcomingTarget) -> api::Waiting {
    api::Waiting {
        excerpt: short(&target.draft.0.text),
        target: target.target,
        post: target.post,
        tenant: target.tenant,
        channel: target.channel,
        account: target.account,
        state: target.state,
        due_at: target.due_at,
        goes_at: target.next,
        deadline: target.deadline,
    }
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_schedule", "GET", "/v1/schedule", "What waits to be sent, in the order of its times")
            .query::<Which>()
            .answers::<api::Schedule>(200, "The targets"),
    ]
}
