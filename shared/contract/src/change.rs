//! A change of a post that was accepted: cancel, edit, reschedule.

use domain::{Code, Content, TargetId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    Path, Problem, V1, When,
    reader::{Fields, Reader},
    reading::{content, version},
};

/// A change of a post, version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "oncepost change message v1")]
pub struct ChangeAsk {
    /// The message's version.
    pub version: V1,
    /// The post's revision that the sender has seen. If the post has another, nothing is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// The targets to change; all of the post's if none are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<TargetId>,
    /// What to change.
    #[serde(flatten)]
    pub change: Change,
}

/// What to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// Do not publish it.
    Cancel,
    /// Publish something else. An edit of the whole post leaves each target's own text and settings in place; one that
    /// names targets replaces these as well.
    Edit {
        /// What it says from now on.
        content: Content,
    },
    /// Publish it at another time.
    Reschedule {
        /// The new time, for all targets concerned.
        publish_at: When,
        /// The new deadline. Without one, the targets keep theirs, and the change is refused if that comes too early.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<When>,
    },
}

impl ChangeAsk {
    /// Reads a change.
    ///
    /// # Errors
    /// Everything that is wrong with its form, at once.
    pub fn decode(body: &[u8]) -> Result<Self, Vec<Problem>> {
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            vec![Problem::new(Path::Root, Code::MALFORMED, format!("cannot be read as JSON: {error}"))]
        })?;
        let mut reader = Reader::default();
        let ask = match &value {
            Value::Object(_) => reader.object(&Path::Root, &value).and_then(|fields| ask(&mut reader, fields)),
            _ => reader.problem(&Path::Root, Code::MALFORMED, "must be one JSON object"),
        };
        let problems = reader.finish();
        ask.filter(|_| problems.is_empty()).ok_or(problems)
    }
}

fn ask(reader: &mut Reader, fields: Fields<'_>) -> Option<ChangeAsk> {
    version(reader, fields)?;
    let revision = reader.may(fields, "revision", |reader, path, value| {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.or_else(|| reader.problem(path, Code::BAD_FIELD, "must be a revision number"))
    });
    let targets = reader.may(fields, "targets", |reader, path, value| reader.list(path, value, Reader::id));
    let kind: Option<String> = reader.need(fields, "change", Reader::text);
    let change = match kind?.as_str() {
        "cancel" => Change::Cancel,
        "edit" => Change::Edit { content: reader.need(fields, "content", content)? },
        "reschedule" => {
            let publish_at = reader.need(fields, "publish_at", When::read);
            let deadline = reader.may(fields, "deadline", When::read);
            Change::Reschedule { publish_at: publish_at?, deadline }
        }
        _ => return reader.problem(&Path::Root.field("change"), Code::BAD_FIELD, "must be cancel, edit or reschedule"),
    };
    Some(ChangeAsk { version: V1, revision, targets: targets.unwrap_or_default(), change })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn decode(value: &Value) -> Result<ChangeAsk, Vec<Problem>> {
        ChangeAsk::decode(value.to_string().as_bytes())
    }

    #[test]
    fn every_kind_reads_what_it_writes() {
        let at = When::Instant("2026-12-01T09:00:00Z".parse().unwrap());
        let content = Content { text: "better".into(), ..Content::default() };
        for change in [
            Change::Cancel,
            Change::Edit { content },
            Change::Reschedule { publish_at: at.clone(), deadline: None },
            Change::Reschedule { publish_at: at.clone(), deadline: Some(at) },
        ] {
            let ask = ChangeAsk { version: V1, revision: Some(3), targets: vec![TargetId(uuid::Uuid::nil())], change };
            assert_eq!(decode(&serde_json::to_value(&ask).unwrap()), Ok(ask));
        }
    }

    #[test]
    fn problems_come_together_with_their_places() {
        let wrong = json!({ "revision": -1, "targets": ["x"], "change": "reschedule", "deadline": "soon" });
        let paths: Vec<_> = decode(&wrong).unwrap_err().into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["$.version", "$.revision", "$.targets[0]", "$.publish_at", "$.deadline"]);
        assert_eq!(decode(&json!({ "version": 1, "change": "burn" })).unwrap_err()[0].path, "$.change");
        assert_eq!(decode(&json!({ "version": 2, "change": 1 })).unwrap_err()[0].code, Code::UNKNOWN_VERSION);
        assert_eq!(ChangeAsk::decode(b"").unwrap_err()[0].code, Code::MALFORMED);
    }
}
