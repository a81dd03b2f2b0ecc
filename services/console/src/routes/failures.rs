//! The operators' list.

use axum::{Json, extract::State};

use super::{
    find,
    posts::{Listing, no_page},
};
use crate::{
    Console, Problem,
    access::Caller,
    api,
    extract::Ask,
    openapi::{Operation, operation},
    show,
};

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

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_failures", "GET", "/v1/failures", "What needs a person: by cause, and target by target")
            .query::<Listing>()
            .answers::<api::Failures>(200, "All causes, and a page of targets"),
    ]
}
