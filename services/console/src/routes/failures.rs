//! The operators' list.

use axum::{Json, extract::State};

use super::{
    find,
    posts::{Listing, no_page},
};
use crate::{Console, Problem, access::Caller, api, extract::Ask, show};

pub(super) async fn list(
    State(console): State<Console>,
    caller: Caller,
    Ask(listing): Ask<Listing>,
) -> Result<Json<api::Failures>, Problem> {
    let filter = listing.filter(&console, &caller)?;
    let (found, frame) = futures::try_join!(
        async { console.ledger.failures(&filter).await.map_err(no_page) },
        find::frame(&console, &caller)
    )?;
    Ok(Json(api::Failures {
        groups: found.groups.into_iter().map(show::group).collect(),
        targets: found.page.items.into_iter().map(|view| frame.target(view, None, false)).collect(),
        next: found.page.next,
    }))
}
