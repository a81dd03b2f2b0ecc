//! What a caller can ask of the API itself: who it is here, and what there is.

use axum::Json;
use serde_json::{Map, Value};

use crate::{
    access::Caller,
    api,
    openapi::{Operation, operation},
};

/// Who calls, and what they may do: for whoever does not know which token this is.
pub(super) async fn me(caller: Caller) -> Json<api::Me> {
    Json(api::Me { role: caller.role().name().into(), name: caller.name, tenant: caller.tenant })
}

pub(super) async fn openapi(_: Caller) -> Json<&'static Value> {
    Json(crate::openapi())
}

/// What the API tells of these addresses.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        operation("get_me", "GET", "/v1/me", "Whose token this is, and what it may do")
            .answers::<api::Me>(200, "The caller"),
        operation("get_openapi", "GET", "/v1/openapi.json", "This description")
            .answers::<Map<String, Value>>(200, "An OpenAPI 3.1 document"),
    ]
}
