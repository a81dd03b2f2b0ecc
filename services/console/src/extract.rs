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

use crate::{Console, Problem};

/// What axum puts before the reason why a query cannot be read.
const AXUM_SAYS: &str = "Failed to deserialize query string: ";

/// A body as it came.
pub(crate) struct Body(pub Bytes);

/// A body of JSON.
pub(crate) struct Json<T>(pub T);

/// The query.
pub(crate) struct Ask<T>(pub T);

/// The one id in the path.
pub(crate) struct Id<T>(pub T);

impl FromRequest<Console> for Body {
    type Rejection = Problem;
    async fn from_request(request: Request, console: &Console) -> Result<Self, Problem> {
        match Bytes::from_request(request, console).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::too_large(console.options.body_limit))
            }
            Err(rejection) => Err(Problem::plain(
                rejection.into_response().status(),
                "The body did not arrive whole.",
                "Send the request again.",
            )),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<Console> for Json<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, console: &Console) -> Result<Self, Problem> {
        let Body(bytes) = Body::from_request(request, console).await?;
        // An empty body is an empty object: `POST …/cancel` needs none.
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let mut json = serde_json::Deserializer::from_slice(text);
        match serde_path_to_error::deserialize(&mut json) {
            Ok(value) => json.end().map(|()| Self(value)).map_err(|error| malformed(&error)),
            Err(error) if error.inner().is_data() => {
                let path = match error.path().to_string().as_str() {
                    "." => "$".to_owned(),
                    path => format!("$.{path}"),
                };
                Err(Problem::field(&path, Code::BAD_FIELD, error.into_inner().to_string()))
            }
            Err(error) => Err(malformed(error.inner())),
        }
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
