//! Reading posts.

use axum::{
    Json,
    extract::{Path, State},
};
use domain::{ChannelName, PostId, State as TargetState, TenantId};
use ledger::{LedgerError, PostFilter};
use schemars::JsonSchema;
use serde::Deserialize;

use super::find;
use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::{Ask, Id},
    openapi::{Operation, operation},
    scope, show,
};

/// Which posts, or which targets, to list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    /// Only this tenant's.
    tenant: Option<TenantId>,
    /// Only with a target on this channel.
    channel: Option<ChannelName>,
    /// Only with a target in this state.
    state: Option<TargetState>,
    /// At most so many: 50 if not given, at most 500.
    #[serde(default)]
    #[schemars(extend("default" = 50, "maximum" = 500))]
    limit: u32,
    /// Go on where the last page ended: its `next`.
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

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Depth {
    /// With each target's attempts.
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

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_posts", "GET", "/v1/posts", "List posts, newest first")
            .query::<Listing>()
            .answers::<api::Posts>(200, "A page of posts"),
        operation("get_post", "GET", "/v1/posts/{id}", "One post with its targets")
            .query::<Depth>()
            .answers::<api::Post>(200, "The post"),
        operation(
            "get_post_by_key",
            "GET",
            "/v1/posts/by-key/{tenant}/{key}",
            "One post, by its sender's idempotency key",
        )
        .query::<Depth>()
        .answers::<api::Post>(200, "The post"),
    ]
}
