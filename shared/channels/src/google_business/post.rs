//! A local post: as it is sent, and as Google describes it.

use domain::{Code, Draft, Failure, Receipt, Scope, Worth};
use jiff::{Timestamp, civil::DateTime};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Account, Answer, article::option, google::failure};

/// What we read of a post.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Post {
    /// Its name, as `accounts/1/locations/2/localPosts/3`.
    pub name: String,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub state: State,
    pub create_time: Option<Timestamp>,
    #[serde(default)]
    pub topic_type: String,
    #[serde(default)]
    pub media: Vec<Value>,
    pub event: Option<Event>,
    search_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Event {
    #[serde(default)]
    pub title: String,
}

/// What Google has decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum State {
    Processing,
    Live,
    Rejected,
    /// It does not say, or in a word that we do not know.
    #[default]
    #[serde(other)]
    Unknown,
}

impl Post {
    /// The proof that it is out.
    pub(super) fn receipt(&self) -> Receipt {
        Receipt { id: self.name.clone(), url: self.search_url.clone().filter(|url| !url.is_empty()) }
    }
}

/// The post in an answer; without its name and its state the answer proves nothing.
pub(super) fn of(answer: &Answer) -> Option<Post> {
    let is_whole = |post: &Post| post.name.contains("/localPosts/") && post.state != State::Unknown;
    answer.json().filter(|post| answer.is_success() && is_whole(post))
}

/// The kinds of posts, by the setting `type`.
pub(super) fn topic(draft: &Draft) -> &'static str {
    match draft.0.settings.get("type").map(String::as_str) {
        Some("event") => "EVENT",
        Some("offer") => "OFFER",
        _ => "STANDARD",
    }
}

/// The title of an event or offer.
pub(super) fn title(draft: &Draft) -> &str {
    draft.0.settings.get("title").map(|title| title.trim()).unwrap_or_default()
}

/// A post with the picture at this address.
pub(super) fn body(draft: &Draft, account: &Account, picture: Option<&str>) -> Value {
    let content = &draft.0;
    let setting = |name: &str| content.settings.get(name).filter(|value| !value.is_empty());
    let topic = topic(draft);
    let mut body = json!({ "summary": content.text, "topicType": topic });
    if let Some(language) = option(draft, account, "language") {
        body["languageCode"] = json!(language);
    }
    if topic != "STANDARD" {
        let mut schedule = json!({});
        for (name, date, time) in [("start", "startDate", "startTime"), ("end", "endDate", "endTime")] {
            if let Some(when) = setting(name).and_then(|value| When::of(value)) {
                schedule[date] = json!({ "year": when.at.year(), "month": when.at.month(), "day": when.at.day() });
                if when.has_time {
                    schedule[time] = json!({ "hours": when.at.hour(), "minutes": when.at.minute() });
                }
            }
        }
        body["event"] = json!({ "title": title(draft), "schedule": schedule });
    }
    let link = content.link.as_ref();
    if topic == "OFFER" {
        let mut offer = json!({});
        for (field, value) in
            [("couponCode", setting("coupon")), ("redeemOnlineUrl", link), ("termsConditions", setting("terms"))]
        {
            if let Some(value) = value {
                offer[field] = json!(value);
            }
        }
        body["offer"] = offer;
    } else if let Some(action) = action(setting("call_to_action"), link) {
        body["callToAction"] = action;
    }
    if let Some(picture) = picture {
        body["media"] = json!([{ "mediaFormat": "PHOTO", "sourceUrl": picture }]);
    }
    body
}

/// The button under the post. A link without one is a link to learn more by.
fn action(kind: Option<&String>, link: Option<&String>) -> Option<Value> {
    match (kind.map(String::as_str), link) {
        (Some("call"), _) => Some(json!({ "actionType": "CALL" })),
        (kind, Some(link)) => Some(json!({ "actionType": kind.unwrap_or("learn_more").to_uppercase(), "url": link })),
        (_, None) => None,
    }
}

/// A day, or a minute of one, by the location's own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct When {
    pub at: DateTime,
    has_time: bool,
}

impl When {
    /// Reads `2026-11-25` or `2026-11-25T18:30`.
    pub(super) fn of(value: &str) -> Option<Self> {
        let has_time = match value.len() {
            10 => false,
            16 => true,
            _ => return None,
        };
        value.parse().ok().map(|at| Self { at, has_time })
    }
}

/// Google has looked at the post and does not show it.
pub(super) fn rejected(step: &str) -> Failure {
    let said = "Google has rejected the post; it does not say why. Its rules for posts: no phone numbers in the text, nothing \
                regulated, no links but in the button";
    failure(Code::CONTENT_REFUSED, Worth::Never, Scope::Post, step, said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::answer;

    #[test]
    fn o10_an_answer_without_a_name_or_a_state_that_we_know_proves_nothing() {
        let state = |body: &str| of(&answer(true, 200, &[], body)).map(|post| post.state);
        let name = "accounts/1/locations/2/localPosts/3";
        for (said, known) in [("LIVE", State::Live), ("PROCESSING", State::Processing), ("REJECTED", State::Rejected)] {
            assert_eq!(state(&format!(r#"{{"name":"{name}","state":"{said}"}}"#)), Some(known));
        }
        for body in [
            format!(r#"{{"name":"{name}"}}"#),
            format!(r#"{{"name":"{name}","state":"LOCAL_POST_STATE_UNSPECIFIED"}}"#),
            r#"{"name":"accounts/1/locations/2","state":"LIVE"}"#.into(),
            r#"{"state":"LIVE"}"#.into(),
            "<html>".into(),
        ] {
            assert_eq!(state(&body), None, "{body}");
        }
    }

    #[test]
    fn a_day_or_a_minute_of_one() {
        let when = |value| When::of(value).map(|when| (when.at.to_string(), when.has_time));
        assert_eq!(when("2026-11-25"), Some(("2026-11-25T00:00:00".into(), false)));
        assert_eq!(when("2026-11-25T18:30"), Some(("2026-11-25T18:30:00".into(), true)));
        for nonsense in ["", "tomorrow", "2026-02-30", "2026-11-25T25:00", "2026-11-25T18:30:00Z"] {
            assert_eq!(when(nonsense), None, "{nonsense}");
        }
    }
}
