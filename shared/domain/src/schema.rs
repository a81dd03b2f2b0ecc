//! How values of other crates show in the JSON Schemas.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// An instant, as RFC 3339 text: the schema of [`jiff::Timestamp`]. Never made; named in `schemars(with)`.
pub struct Rfc3339;

impl JsonSchema for Rfc3339 {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}
