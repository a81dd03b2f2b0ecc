//! The version that every message carries.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The number 1. Reading any other fails, because guessing at another version could publish something else than was meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct V1;

impl V1 {
    /// The number itself.
    pub const NUMBER: u64 = 1;
}

/// The version of the message in `body`, if it is one newer than what is read here. Nothing else of it is looked at.
pub(crate) fn newer(body: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    let Versioned { version } = serde_json::from_slice(body).ok()?;
    (body.trim_ascii_start().starts_with(b"{") && version > V1::NUMBER).then_some(version)
}

impl Serialize for V1 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(Self::NUMBER)
    }
}

impl<'de> Deserialize<'de> for V1 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u64::deserialize(from)? {
            Self::NUMBER => Ok(V1),
            other => Err(D::Error::custom(format!("version {other} is not one that is read here (1)"))),
        }
    }
}

impl JsonSchema for V1 {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": Self::NUMBER })
    }
}
