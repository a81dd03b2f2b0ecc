//! What will fail, or may, in the next hours.

use std::time::Duration;

use axum::{Json, extract::State};
use domain::{ChannelName, TenantId};
use forecast::Ask as Look;
use serde::Deserialize;
use vault::AccountName;

use crate::{Console, Problem, access::Caller, api, extract::Ask, scope, show::pauses_for};

/// The furthest that can be looked ahead, in hours: a month.
const FURTHEST: u32 = 31 * 24;
/// The most targets that are listed.
const MOST: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    #[serde(default = "day")]
    hours: u32,
    tenant: Option<TenantId>,
    channel: Option<ChannelName>,
    account: Option<String>,
    #[serde(default)]
    media: bool,
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
