//! What will fail, or may, in the next hours.

use std::time::Duration;

use axum::{Json, extract::State};
use domain::{ChannelName, TenantId};
use forecast::Ask as Look;
use schemars::JsonSchema;
use serde::Deserialize;
use vault::AccountName;

use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::Ask,
    openapi::{Operation, operation},
    scope,
    show::pauses_for,
};

/// The furthest that can be looked ahead, in hours: a month.
const FURTHEST: u32 = 31 * 24;
/// The most targets that are listed.
const MOST: usize = 1_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// How far to look ahead: 24 if not given, at most 744.
    #[serde(default = "day")]
    hours: u32,
    /// Only this tenant's.
    tenant: Option<TenantId>,
    /// Only on this channel.
    channel: Option<ChannelName>,
    /// Only this account, written TENANT/CHANNEL/NAME.
    account: Option<String>,
    /// Ask the posts' files, too, whether they are still there. Takes up to 40 seconds.
    #[serde(default)]
    media: bool,
    /// List at most so many targets: 200 if not given, at most 1,000.
    #[serde(default = "page")]
    limit: usize,
}

fn day() -> u32 {
    24
}

fn page() -> usize {
    200
}

pub(super) async fn look(
    State(console): State<Console>,
    caller: Caller,
    Ask(which): Ask<Which>,
) -> Result<Json<api::Forecast>, Problem> {
    let limit = which.limit.min(MOST);
    let look = which.look(&console, &caller)?;
    let report = console.forecast.look(&look, |pauses| pauses_for(&caller, pauses)).await?;
    // A slip in a name must not read as an all-clear. The look has read the accounts anew.
    if let Some(name) = look.account.filter(|_| report.looked_at == 0)
        && console.accounts.find(&name.tenant, &name.channel, &name.account).is_none()
    {
        return Err(Problem::query("account", format!("there is no account {name}, and nothing is scheduled on it")));
    }
    Ok(Json(api::Forecast::listing(report, limit)))
}

impl Which {
    fn look(self, console: &Console, caller: &Caller) -> Result<Look, Problem> {
        scope::known(console, self.channel.as_ref())?;
        if !(1..=FURTHEST).contains(&self.hours) {
            return Err(Problem::query("hours", format!("must be 1 to {FURTHEST}")));
        }
        let account = self.account.map(|name| name.parse::<AccountName>());
        let account = account.transpose().map_err(|wrong| Problem::query("account", wrong))?;
        if let Some(name) = &account {
            caller.narrow(Some(name.tenant.clone()))?;
        }
        let tenant = caller.narrow(self.tenant)?;
        let ahead = Duration::from_secs(u64::from(self.hours) * 3600);
        Ok(Look { ahead, tenant, channel: self.channel, account, media: self.media })
    }
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("get_forecast", "GET", "/v1/forecast", "What will fail, or may, in the next hours")
            .query::<Which>()
            .answers::<api::Forecast>(200, "By cause, then target by target"),
    ]
}
