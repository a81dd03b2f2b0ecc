//! The processes, and what they stand on.

use axum::{Json, extract::State};

use crate::{
    Console,
    access::Caller,
    api,
    openapi::{Operation, operation},
};

/// It answers whatever is away: what cannot be told is absent.
pub(super) async fn list(State(console): State<Console>, caller: Caller) -> Json<api::Processes> {
    Json(console.system(&caller).await)
}

/// What the API tells of this address.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("list_processes", "GET", "/v1/processes", "Who is there, who is missing, and what answers")
            .answers::<api::Processes>(200, "Every process and part; what cannot be told is absent"),
    ]
}
