//! Reading posts.

use axum::{
    Json,
    extract::{Path, State},
};
use domain::{ChannelName, PostId, State as TargetState, TenantId};
use jiff::Timestamp;
use ledger::{LedgerError, PostFilter};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::find;
use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::{Ask, Id},
    openapi::{Operation, operation},
    scope, show,
};

/// The most words of a search, and the longest one.
const MOST_WORDS: usize = 8;
const LONGEST_WORD: usize = 100;

/// Which posts to list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    /// Only this tenant's.
    tenant: Option<TenantId>,
    /// Only with a target on this channel.
    channel: Option<ChannelName>,
    /// Only with a target in this state.
    state: Option<TargetState>,
    /// Only those that say this: each of these words is in the post's text, its thread, its link or what its pictures show, or in what one of
    /// its targets says instead. In any case; a part of a word is enough. Some ten thousand posts are read for each page: it may hold little, or
    /// nothing, and have a `next` all the same.
    q: Option<String>,
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
            words: words(self.q.as_deref())?,
            limit: self.limit.min(Self::MOST),
            after: self.after,
        })
    }
}

/// The words to look for, in small letters.
fn words(q: Option<&str>) -> Result<Vec<String>, Problem> {
    let words: Vec<_> = q.unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
    if words.len() > MOST_WORDS || words.iter().any(|word| word.chars().count() > LONGEST_WORD) {
        let detail = format!("must be at most {MOST_WORDS} words of at most {LONGEST_WORD} characters");
        return Err(Problem::query("q", detail));
    }
    Ok(words)
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
    let filter = listing.filter(&console, &caller)?;
    let page = console.ledger.posts(&filter).await.map_err(no_page)?;
    let searched_to = page.next.as_deref().filter(|_| !filter.words.is_empty()).and_then(made_at);
    Ok(Json(api::Posts { posts: page.items.into_iter().map(show::line).collect(), next: page.next, searched_to }))
}

/// When the post was made that a page goes on after: its id begins with that.
fn made_at(next: &str) -> Option<Timestamp> {
    let (seconds, nanos) = next.parse::<Uuid>().ok()?.get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
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
    let post = find::post(console, caller, id, attempts).await?;
    let frame = find::frame_of(console, caller, post.targets.iter().map(|view| &view.target)).await?;
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
