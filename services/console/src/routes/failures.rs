//! The operators' list.

use axum::{Json, extract::State};
use domain::{ChannelName, State as TargetState, TenantId};
use ledger::{PostFilter, Within};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    find, groups,
    posts::{Listing, no_page},
};
use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::Ask,
    openapi::{Operation, operation},
    scope, show,
};

/// Which targets of the list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    tenant: Option<TenantId>,
    channel: Option<ChannelName>,
    account: Option<String>,
    state: Option<TargetState>,
    group: Option<String>,
    #[serde(default)]
    limit: u32,
    after: Option<String>,
}

impl Which {
    fn filter(self, console: &Console, caller: &Caller) -> Result<PostFilter, Problem> {
        scope::known(console, self.channel.as_ref())?;
        let tenant = caller.narrow(self.tenant)?;
        let within = Within { tenant, channel: self.channel, account: None };
        let within = groups::of_account(caller, self.account.as_deref(), within)?;
        Ok(PostFilter {
            tenant: within.tenant,
            channel: within.channel,
            account: within.account,
            state: self.state,
            group: self.group,
            words: Vec::new(),
            limit: self.limit.min(Listing::MOST),
            after: self.after,
        })
    }
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(which): Ask<Which>,
) -> Result<Json<api::Failures>, Problem> {
    let filter = which.filter(&console, &caller)?;
    let (found, frame, taken) = futures::try_join!(
        async { console.ledger.failures(&filter).await.map_err(no_page) },
        find::frame(&console, &caller),
        async { Ok(console.taken(&caller).await) },
    )?;
    let shown = |view| {
        let mut target = frame.target(view, None, false);
        target.assigned = taken.of_target(&target);
        target
    };
    Ok(Json(api::Failures {
        groups: found.groups.into_iter().map(show::group).collect(),
        targets: found.page.items.into_iter().map(shown).collect(),
        next: found.page.next,
    }))
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_failures", "GET", "/v1/failures", "What needs a person: by cause, and target by target")
            .query::<Which>()
            .answers::<api::Failures>(200, "All causes, and a page of targets"),
    ]
}
