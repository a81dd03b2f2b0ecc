//! Reading posts.

use axum::{
    Json,
    extract::{Path, State},
};
use domain::{ChannelName, PostId, State as TargetState, TenantId};
use ledger::{LedgerError, PostFilter};
use serde::Deserialize;

use super::find;
use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::{Ask, Id},
    scope, show,
};

/// Which posts, or which targets, to list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    tenant: Option<TenantId>,
    channel: Option<ChannelName>,
    state: Option<TargetState>,
    #[serde(default)]
    limit: u32,
    after: Option<String>,
}

impl Listing {
    /// The most items on a page.
    pub(super) const MOST: u32 = 500;

    pub(super) fn filter(self, console: &Console, caller: &Caller) -> Result<PostFilter, Problem> {
        scope::known(console, self.channel.as_ref())?;
        Ok(PostFilter {
            tenant: caller.narrow(self.tenant)?,
            channel: self.channel,
            state: self.state,
            account: None,
            group: None,
            limit: self.limit.min(Self::MOST),
            after: self.after,
        })
    }
}

/// What the ledger says of a page it cannot find is the caller's slip, not the ledger's.
pub(super) fn no_page(error: LedgerError) -> Problem {
    match error {
        LedgerError::Settings { .. } => Problem::query("after", "is not a place that a page named as its `next`"),
        error => error.into(),
    }
}

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(listing): Ask<Listing>,
) -> Result<Json<api::Posts>, Problem> {
    let page = console.ledger.posts(&listing.filter(&console, &caller)?).await.map_err(no_page)?;
    Ok(Json(api::Posts { posts: page.items.into_iter().map(show::line).collect(), next: page.next }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Depth {
    #[serde(default)]
    attempts: bool,
}

pub(super) async fn show(
    State(console): State<Console>,
    caller: Caller,
    Id(id): Id<PostId>,
    Ask(Depth { attempts }): Ask<Depth>,
) -> Result<Json<api::Post>, Problem> {
    whole(&console, &caller, id, attempts).await
}

pub(super) async fn by_key(
    State(console): State<Console>,
    caller: Caller,
    Path((tenant, key)): Path<(String, String)>,
    Ask(Depth { attempts }): Ask<Depth>,
) -> Result<Json<api::Post>, Problem> {
    let missing = || Problem::not_found(format!("post of tenant {tenant} under the key \"{key}\""));
    let owner: TenantId = tenant.parse().map_err(|_| missing())?;
    if !caller.owns(&owner) {
        return Err(missing());
    }
    let id = console.ledger.post_by_key(&owner, &key).await?.ok_or_else(missing)?;
    whole(&console, &caller, id, attempts).await
}

async fn whole(console: &Console, caller: &Caller, id: PostId, attempts: bool) -> Result<Json<api::Post>, Problem> {
    let (post, frame) = futures::try_join!(find::post(console, caller, id, attempts), find::frame(console, caller))?;
    Ok(Json(frame.post(post, attempts)))
}
