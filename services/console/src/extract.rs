//! What handlers take from a request; whatever does not fit is answered with problem details.

use std::{fmt::Display, str::FromStr};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::{StatusCode, request::Parts},
    response::IntoResponse,
};
use domain::Code;
use serde::de::DeserializeOwned;

use crate::{Console, Problem, nul};

/// What axum puts before the reason why a query cannot be read.
const AXUM_SAYS: &str = "Failed to deserialize query string: ";

/// A body as it came.
pub(crate) struct Body(pub Bytes);

/// A body of JSON.
pub(crate) struct Json<T>(pub T);

/// A body of JSON that holds secrets: what does not fit is told by its place, and never repeated.
pub(crate) struct Hushed<T>(pub T);

/// The query.
pub(crate) struct Ask<T>(pub T);

/// The one id in the path.
pub(crate) struct Id<T>(pub T);

impl FromRequest<Console> for Body {
    type Rejection = Problem;
    async fn from_request(request: Request, console: &Console) -> Result<Self, Problem> {
        arrived(request, console, console.options.body_limit).await.map(Self)
    }
}

/// The whole body, if it is no longer than `limit` (which the route's own `DefaultBodyLimit` sees to) and not too slow.
pub(crate) async fn arrived(request: Request, console: &Console, limit: usize) -> Result<Bytes, Problem> {
    let time = console.options.body_time;
    let arrived = console.runtime.within(time, Bytes::from_request(request, console)).await;
    match arrived.ok_or_else(|| Problem::too_slow(time))? {
        Ok(bytes) => Ok(bytes),
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::too_large(limit)),
        Err(rejection) => Err(Problem::plain(
            rejection.into_response().status(),
            "The body did not arrive whole.",
            "Send the request again.",
        )),
    }
}

impl<T: DeserializeOwned> FromRequest<Console> for Json<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, console: &Console) -> Result<Self, Problem> {
        read(request, console, |error| error.to_string()).await.map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<Console> for Hushed<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, console: &Console) -> Result<Self, Problem> {
        read(request, console, hushed).await.map(Self)
    }
}

/// A body of JSON. `told`: what is said of a value that does not fit.
async fn read<T: DeserializeOwned>(
    request: Request,
    console: &Console,
    told: impl Fn(&serde_json::Error) -> String,
) -> Result<T, Problem> {
    let Body(bytes) = Body::from_request(request, console).await?;
    // An empty body is an empty object: `POST …/cancel` needs none.
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    // What is read into a structure takes a list as well, field by field.
    if text.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::field("$", Code::BAD_FIELD, "must be an object"));
    }
    if let Some(place) = nul::in_body(text) {
        return Err(Problem::field(&place, Code::BAD_FIELD, nul::HOLDS));
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    match serde_path_to_error::deserialize(&mut json) {
        Ok(value) => json.end().map(|()| value).map_err(|error| malformed(&error)),
        Err(error) if error.inner().is_data() => {
            let path = match error.path().to_string().as_str() {
                "." => "$".to_owned(),
                path => format!("$.{path}"),
            };
            Err(Problem::field(&path, Code::BAD_FIELD, told(error.inner())))
        }
        Err(error) => Err(malformed(error.inner())),
    }
}

/// What is said of a value without the value.
fn hushed(error: &serde_json::Error) -> String {
    let told = error.to_string();
    // Only serde's own words are known to end with the kind, and not with the value.
    let kinds = told.starts_with("invalid type");
    let expected = told.rsplit_once("expected ").map(|(_, expected)| expected).filter(|_| kinds);
    match expected {
        // Names of fields are no secrets; who mistypes one needs to see it.
        _ if told.starts_with("unknown field") || told.starts_with("missing field") => told,
        Some(expected) => format!("is of another kind than expected: {expected}"),
        None => "cannot be used: docs/api.md says what it is".into(),
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::field("$", Code::MALFORMED, format!("cannot be read as JSON: {error}"))
}

impl<T: DeserializeOwned> FromRequestParts<Console> for Ask<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, console).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => {
                let text = rejection.body_text();
                Err(Problem::query("query", text.strip_prefix(AXUM_SAYS).unwrap_or(&text)))
            }
        }
    }
}

impl<T: FromStr<Err: Display>> FromRequestParts<Console> for Id<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Problem> {
        let Path(text): Path<String> =
            Path::from_request_parts(parts, console).await.map_err(|_| Problem::not_found("such address"))?;
        let shown: String = text.chars().take(60).collect();
        text.parse().map(Self).map_err(|_| Problem::not_found(format!("thing with the id \"{shown}\"")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Holder {
        #[allow(dead_code, reason = "only read")]
        secrets: BTreeMap<String, String>,
    }

    #[test]
    fn what_does_not_fit_is_told_without_its_value() {
        for (body, told) in [
            (r#"{"secrets":"canary"}"#, "expected: a map"),
            (r#"{"secrets":{"token":["canary"]}}"#, "expected: a string"),
            (r#"{"secrets":{},"secretes":"canary"}"#, "unknown field `secretes`, expected `secrets`"),
        ] {
            let said = hushed(&serde_json::from_str::<Holder>(body).unwrap_err());
            assert!(said.contains(told) && !said.contains("canary"), "{said}");
        }
    }
}
