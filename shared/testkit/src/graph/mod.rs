//! What Meta's Graph APIs have in common, from their documentation: the shape of errors, tokens, versions in paths, fields on
//! request, cursors, usage headers, and containers that are made, worked on and published.

pub(crate) mod access;
pub(crate) mod connect;
pub(crate) mod containers;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Draft, Part, Post, Stage, parts};

/// A refusal: code and finer code, in words for developers and, if there are others, for people.
pub(crate) fn error(status: u16, code: i64, finer: u64, message: &str) -> Answer {
    let mut error = json!({"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A7fake"});
    if finer != 0 {
        error["error_subcode"] = Value::from(finer);
        error["is_transient"] = Value::from(false);
        error["error_user_msg"] = Value::from(message);
    }
    Answer::json(status, &json!({"error": error}))
}

/// What is said of an object that is not there, or not for the caller.
pub(crate) fn unsupported(method: &str, id: &str) -> Answer {
    let message = format!(
        "Unsupported {} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not \
         support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api",
        method.to_lowercase()
    );
    error(400, 100, 33, &message)
}

/// The path's parts without the version in front.
pub(crate) fn path(ask: &Ask) -> Vec<&str> {
    let mut segments = ask.segments();
    let is_version =
        |part: &str| part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if segments.first().is_some_and(|first| is_version(first)) {
        segments.remove(0);
    }
    segments
}

/// A parameter, from the query, a form of one or of several parts, or JSON alike.
pub(crate) fn parameter(ask: &Ask, name: &str) -> Option<String> {
    let of_query = ask.param(name).map(str::to_owned);
    of_query.or_else(|| match part(ask, |part| part.field == name) {
        Some(part) => Some(part.text()),
        None => ask.field(name).map(str::to_owned),
    })
}

/// The first part of a form of several parts that is `wanted`.
pub(crate) fn part(ask: &Ask, wanted: impl Fn(&Part) -> bool) -> Option<Part> {
    parts(ask).ok()?.into_iter().find(wanted)
}

/// A parameter that is a list: with commas, as JSON, or named several times.
pub(crate) fn list(ask: &Ask, name: &str) -> Vec<String> {
    let Some(value) = parameter(ask, name) else {
        let several = format!("{name}[]");
        return ask.fields().iter().filter(|(key, _)| *key == several).map(|(_, value)| value.clone()).collect();
    };
    serde_json::from_str(&value).unwrap_or_else(|_| {
        value.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    })
}

/// The fields that were asked for, and the id, which is always there.
pub(crate) fn pick(whole: &Value, ask: &Ask) -> Value {
    let wanted = ask.param("fields").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').chain(["id"]).collect();
    let fields = whole.as_object().into_iter().flatten();
    fields
        .filter(|(name, value)| wanted.contains(&name.as_str()) && !value.is_null())
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect()
}

/// A post that is under another one.
pub(crate) fn comment(id: &str, under: &Post, account: &str, text: &str) -> Draft {
    let native = json!({"kind": "comment", "object": under.id});
    Draft { id: id.into(), url: under.url.clone(), account: account.into(), text: text.into(), native }
}

/// Whether it is a post of its own. Comments are kept among the posts, but no listing shows them.
pub(crate) fn stands_alone(post: &Post) -> bool {
    post.native["kind"] != "comment"
}

/// The post of this id, unless it is a comment.
pub(crate) fn post(ask: &Ask, id: &str, stage: &Stage) -> Result<Post, Answer> {
    stage.post(id).filter(stands_alone).ok_or_else(|| unsupported(&ask.method, id))
}

/// A page of a listing: newest first, with cursors, and with a next page if there is one.
pub(crate) fn page(
    ask: &Ask,
    stage: &Stage,
    account: &str,
    wanted: impl Fn(&Post) -> bool,
    show: impl Fn(&Post) -> Value,
) -> Answer {
    let limit = ask.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(25).min(100);
    let below = ask.param("after").and_then(|after| after.parse::<u64>().ok());
    let since = ask.param("since").and_then(|since| Timestamp::from_second(since.parse().ok()?).ok());
    let number = |post: &Post| post.id.rsplit('_').next().and_then(|id| id.parse::<u64>().ok()).unwrap_or_default();
    let mut posts = stage.listed(account, limit + 1, |post| {
        wanted(post)
            && below.is_none_or(|bound| number(post) < bound)
            && since.is_none_or(|since| post.created_at >= since)
    });
    let more = posts.len() > limit;
    posts.truncate(limit);
    let mut body = json!({"data": posts.iter().map(|post| pick(&show(post), ask)).collect::<Vec<_>>()});
    if let (Some(first), Some(last)) = (posts.first(), posts.last()) {
        body["paging"] = json!({"cursors": {"before": number(first).to_string(), "after": number(last).to_string()}});
        if more {
            body["paging"]["next"] = Value::from(format!("https://graph.test{}?after={}", ask.path, number(last)));
        }
    }
    Answer::json(200, &body)
}

/// How Graph APIs write times.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// A number for an account, the same every time.
pub(crate) fn person_id(name: &str) -> String {
    let hash = name.bytes().fold(5381_u64, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte));
    (17_841_400_000_000_000 + hash % 100_000_000_000).to_string()
}

/// The usage that every answer carries, in percent, and the minutes until an account that used up its share gets more.
pub(crate) fn with_usage(answer: Answer, person: &str, kind: &str, percent: u64, minutes: u64) -> Answer {
    let case = json!({
        "type": kind, "call_count": percent, "total_cputime": 1, "total_time": 1, "estimated_time_to_regain_access": minutes,
    });
    answer.with("X-Business-Use-Case-Usage", json!({person: [case]}))
}

/// "Too many requests", as the platform says it: a status of 400, and minutes in the usage header.
pub(crate) fn limited(person: &str, kind: &str, code: i64, seconds: u64) -> Answer {
    let message = format!("There have been too many calls to this {kind} account. Wait a bit and try again.");
    with_usage(error(400, code, 0, &message), person, kind, 100, seconds.div_ceil(60))
}
