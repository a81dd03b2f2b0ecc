//! How a schedule message is read: everything that can be read, and everything that is wrong.

use domain::{AccountId, ChannelName, Code, Content, Media, Override, Part, PostId, TenantId};
use serde_json::Value;

use crate::{
    Path, Problem, Schedule, TargetAsk, V1, When,
    reader::{Fields, Reader},
};

/// The fields of a schedule message.
const MESSAGE: [&str; 9] =
    ["version", "idempotency_key", "tenant", "post", "content", "publish_at", "deadline", "targets", "traceparent"];

/// What could be read of a schedule message. What is `None` here was missing or wrong, and a problem says so, unless it may
/// be missing. So checks that look further can go on with the rest, and the sender hears of all problems at once.
#[derive(Debug, Default)]
pub struct Reading {
    /// What is wrong with the message's form.
    pub problems: Vec<Problem>,
    /// The fields that are not known here, and are ignored: warnings.
    pub ignored: Vec<Problem>,
    /// The sender's key.
    pub key: Option<String>,
    /// Whose post.
    pub tenant: Option<TenantId>,
    /// The post's id. May be missing.
    pub post: Option<PostId>,
    /// What it says.
    pub content: Option<Content>,
    /// When.
    pub publish_at: Option<When>,
    /// The deadline. May be missing.
    pub deadline: Option<When>,
    /// Where.
    pub targets: Vec<ReadTarget>,
    /// The trace. May be missing.
    pub traceparent: Option<String>,
}

/// What could be read of one target.
#[derive(Debug, Default)]
pub struct ReadTarget {
    /// The channel.
    pub channel: Option<ChannelName>,
    /// The account.
    pub account: Option<AccountId>,
    /// What it changes.
    pub changes: Option<Override>,
    /// Its own time: `None` is wrong, `Some(None)` is missing, which is fine.
    pub publish_at: Option<Option<When>>,
}

impl Reading {
    /// Reads a message, as far as it can be read.
    pub fn of(body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(value) => Self::of_value(&value),
            Err(error) => {
                let message = format!("cannot be read as JSON: {error}");
                Self { problems: vec![Problem::new(Path::Root, Code::MALFORMED, message)], ..Self::default() }
            }
        }
    }

    /// Reads a message that is JSON already.
    pub fn of_value(value: &Value) -> Self {
        let mut reader = Reader::default();
        let reading = match value {
            Value::Object(_) => reader.object(&Path::Root, value).and_then(|fields| message(&mut reader, fields)),
            _ => reader.problem(&Path::Root, Code::MALFORMED, "must be one JSON object"),
        };
        let ignored = reader.ignored();
        Self { problems: reader.finish(), ignored, ..reading.unwrap_or_default() }
    }

    /// The message, if nothing is wrong with its form.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn whole(self) -> Result<Schedule, Vec<Problem>> {
        let problems = self.problems.clone();
        if problems.is_empty() { self.complete().ok_or(problems) } else { Err(problems) }
    }

    fn complete(self) -> Option<Schedule> {
        Some(Schedule {
            version: V1,
            idempotency_key: self.key?,
            tenant: self.tenant?,
            post: self.post,
            content: self.content?,
            publish_at: self.publish_at?,
            deadline: self.deadline,
            targets: self.targets.into_iter().map(ReadTarget::complete).collect::<Option<_>>()?,
            traceparent: self.traceparent,
        })
    }
}

impl ReadTarget {
    fn complete(self) -> Option<TargetAsk> {
        let changes = self.changes?;
        Some(TargetAsk {
            channel: self.channel?,
            account: self.account?,
            text: changes.text,
            settings: changes.settings,
            publish_at: self.publish_at?,
        })
    }
}

fn message(reader: &mut Reader, fields: Fields<'_>) -> Option<Reading> {
    version(reader, fields)?;
    reader.only(fields, &MESSAGE);
    Some(Reading {
        problems: Vec::new(),
        ignored: Vec::new(),
        key: reader.need(fields, "idempotency_key", key),
        tenant: reader.need(fields, "tenant", Reader::name),
        post: reader.may(fields, "post", Reader::id),
        content: reader.need(fields, "content", content),
        publish_at: reader.need(fields, "publish_at", When::read),
        deadline: reader.may(fields, "deadline", When::read),
        targets: reader.need(fields, "targets", targets).unwrap_or_default(),
        traceparent: fields.get("traceparent").and_then(trace),
    })
}

/// Of a version that is not known nothing more is read: its fields may mean something else. A missing one is a slip.
pub(crate) fn version(reader: &mut Reader, fields: Fields<'_>) -> Option<()> {
    let path = Path::Root.field("version");
    match fields.get("version") {
        Some(version) if version.as_u64() == Some(V1::NUMBER) => Some(()),
        Some(version) => {
            let shown: String = version.to_string().chars().take(20).collect();
            reader.problem(&path, Code::UNKNOWN_VERSION, format!("is {shown}; the version that is read here is 1"))
        }
        None => {
            reader.problem::<()>(&path, Code::UNKNOWN_VERSION, "is missing; the version that is read here is 1");
            Some(())
        }
    }
}

fn key(reader: &mut Reader, path: &Path<'_>, value: &Value) -> Option<String> {
    let key = reader.text(path, value)?;
    if key.is_empty() || key.len() > Schedule::LONGEST_KEY || key.chars().any(char::is_control) {
        let message = format!("must be 1 to {} bytes without control characters", Schedule::LONGEST_KEY);
        return reader.problem(path, Code::BAD_FIELD, message);
    }
    Some(key)
}

fn targets(reader: &mut Reader, path: &Path<'_>, value: &Value) -> Option<Vec<ReadTarget>> {
    let targets =
        reader.list(path, value, |reader, path, value| Some(target(reader, path, value).unwrap_or_default()))?;
    if targets.is_empty() {
        return reader.problem(path, Code::BAD_FIELD, "names no target");
    }
    Some(targets)
}

fn target(reader: &mut Reader, path: &Path<'_>, value: &Value) -> Option<ReadTarget> {
    let fields = reader.object(path, value)?;
    reader.only(fields, &["channel", "account", "text", "settings", "publish_at"]);
    Some(ReadTarget {
        channel: reader.need(fields, "channel", Reader::name),
        account: reader.need(fields, "account", Reader::name),
        changes: reader.whole(|reader| {
            let text = reader.may(fields, "text", Reader::text);
            let settings = reader.may(fields, "settings", Reader::texts).unwrap_or_default();
            Some(Override { text, content: None, settings })
        }),
        publish_at: reader.whole(|reader| Some(reader.may(fields, "publish_at", When::read))),
    })
}

/// Reads a post's content.
pub(crate) fn content(reader: &mut Reader, path: &Path<'_>, value: &Value) -> Option<Content> {
    reader.whole(|reader| {
        let fields = reader.object(path, value)?;
        reader.only(fields, &["text", "link", "media", "thread", "settings"]);
        Some(Content {
            text: reader.may(fields, "text", Reader::text).unwrap_or_default(),
            link: reader.may(fields, "link", Reader::text),
            media: reader.may(fields, "media", media).unwrap_or_default(),
            thread: reader.may(fields, "thread", thread).unwrap_or_default(),
            settings: reader.may(fields, "settings", Reader::texts).unwrap_or_default(),
        })
    })
}

fn thread(reader: &mut Reader, path: &Path<'_>, value: &Value) -> Option<Vec<Part>> {
    reader.list(path, value, |reader, path, value| {
        let fields = reader.object(path, value)?;
        reader.only(fields, &["text", "media"]);
        Some(Part {
            text: reader.may(fields, "text", Reader::text).unwrap_or_default(),
            media: reader.may(fields, "media", media).unwrap_or_default(),
        })
    })
}

fn media(reader: &mut Reader, path: &Path<'_>, value: &Value) -> Option<Vec<Media>> {
    reader.list(path, value, |reader, path, value| {
        let fields = reader.object(path, value)?;
        reader.only(fields, &["url", "alt"]);
        let (url, alt) = (reader.need(fields, "url", Reader::text), reader.may(fields, "alt", Reader::text));
        Some(Media { url: url?, alt })
    })
}

/// A W3C trace context; one that is malformed is ignored, as that specification asks: a post is worth more than its trace.
fn trace(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let digits = |byte: u8| byte == b'-' || byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = lengths == [2, 32, 16, 2] && text.bytes().all(digits) && !text.starts_with("ff");
    fits.then(|| text.to_owned())
}
