//! Shapes of what is served as it is and has no schema of its own. Never made; named in `schemars(with)`.

use domain::{AttemptKind, Content, TargetId, WorkerName};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The right to work on a target: the shape of [`domain::Lease`].
#[derive(JsonSchema)]
#[schemars(rename = "Lease")]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) struct Lease {
    /// Who.
    worker: WorkerName,
    /// What for.
    kind: AttemptKind,
    /// Since when.
    #[schemars(with = "domain::Rfc3339")]
    since: jiff::Timestamp,
    /// Until when, unless the work ends sooner.
    #[schemars(with = "domain::Rfc3339")]
    until: jiff::Timestamp,
}

/// A change of a post: `content`, or `publish_at` with or without `deadline`.
#[derive(JsonSchema)]
#[schemars(rename = "PostChange")]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) struct PostChange {
    /// The revision that the change is based on.
    revision: u32,
    /// What the post says from now on.
    content: Option<Content>,
    /// The new time.
    publish_at: Option<contract::When>,
    /// The new deadline; without one the targets keep theirs.
    deadline: Option<contract::When>,
    /// Only these of the post's targets.
    #[serde(default)]
    targets: Vec<TargetId>,
}

/// A secret on its way in. It is never given out.
pub(crate) struct SecretText;

impl JsonSchema for SecretText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "password", "writeOnly": true })
    }
}
