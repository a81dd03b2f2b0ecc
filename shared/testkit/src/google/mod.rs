//! What Google's fake APIs share: tokens and their calls, and how errors are written.

mod access;
mod connect;

pub(crate) use access::{Access, CLIENT, refresh_token, token};

use serde_json::json;

use crate::fake::Answer;

/// An error as the older APIs write it: with a reason.
pub(crate) fn error(status: u16, domain: &str, reason: &str, message: &str) -> Answer {
    let errors = json!([{"message": message, "domain": domain, "reason": reason}]);
    let mut body = json!({"error": {"code": status, "message": message, "errors": errors}});
    if let Some(name) = name(status) {
        body["error"]["status"] = json!(name);
    }
    Answer::json(status, &body)
}

/// An error as the newer ones write it.
pub(crate) fn rpc_error(status: u16, message: &str) -> Answer {
    let name = name(status).unwrap_or("UNKNOWN");
    Answer::json(status, &json!({"error": {"code": status, "message": message, "status": name}}))
}

fn name(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => return None,
    })
}
