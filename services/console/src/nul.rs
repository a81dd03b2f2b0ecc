//! No text that arrives may hold the character NUL: no platform shows it, and PostgreSQL cannot keep it. One guard for all of the API: the
//! address is looked at here, a body where it is read.

use axum::{
    extract::Request,
    http::Uri,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::Problem;

/// What is said of a text that holds it.
pub(crate) const HOLDS: &str = "holds the character NUL (U+0000)";
/// How an address writes it.
const ESCAPED: &str = "%00";
/// How JSON writes it.
const IN_JSON: &[u8] = br"\u0000";

/// Lets a request through whose address holds no NUL. Nothing has a name that does.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    if request.uri().path().contains(ESCAPED) {
        return Problem::not_found(format!("thing whose name {HOLDS}")).into_response();
    }
    match in_query(request.uri()) {
        Some(place) => Problem::query(&place, HOLDS).into_response(),
        None => next.run(request).await,
    }
}

/// Which field of a query holds it.
fn in_query(uri: &Uri) -> Option<String> {
    let field = uri.query()?.split('&').find(|field| field.contains(ESCAPED))?;
    let name = field.split_once('=').map_or(field, |(name, _)| name);
    Some(if name.contains(ESCAPED) { "query".into() } else { name.to_owned() })
}

/// Where a body of JSON holds it, in a text or a name, as `$.reason`. What is no JSON holds none: whoever reads it says what is wrong.
pub(crate) fn in_body(body: &[u8]) -> Option<String> {
    // Hardly any body has it, and only those are read twice.
    body.windows(IN_JSON.len()).any(|bytes| bytes == IN_JSON).then_some(())?;
    place(&serde_json::from_slice(body).ok()?, "$".into())
}

fn place(value: &Value, path: String) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then_some(path),
        Value::Array(values) => values.iter().enumerate().find_map(|(n, value)| place(value, format!("{path}[{n}]"))),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| match name.contains('\0') {
            true => Some(path.clone()),
            false => place(value, format!("{path}.{name}")),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_where_it_is_and_nowhere_else() {
        for (body, found) in [
            (r#"{"reason":"a\u0000b"}"#, Some("$.reason")),
            (r#"{"select":{"group":"x"},"targets":["a","\u0000"]}"#, Some("$.targets[1]")),
            (r#"{"content":{"settings":{"a\u0000":"b"}}}"#, Some("$.content.settings")),
            (r#"{"reason":"a\\u0000b"}"#, None),
            (r#"{"reason":"a\u0001b"}"#, None),
            (r#"{"reason":"\u0000""#, None),
        ] {
            assert_eq!(in_body(body.as_bytes()).as_deref(), found, "{body}");
        }
        for (address, found) in [
            ("/v1/failures?limit=1&group=a%00b", Some("group")),
            ("/v1/failures?a%00=b", Some("query")),
            ("/v1/failures?group=a%2500", None),
            ("/v1/failures", None),
        ] {
            assert_eq!(in_query(&address.parse().unwrap()).as_deref(), found, "{address}");
        }
    }
}
