//! What Threads would refuse, found before it is asked, and the settings that go out with a post.

use std::collections::BTreeSet;

use domain::{Code, Draft};

use crate::{Count, Objection, Unit, text};

const REPLY_CONTROL: &str = "reply_control";
const TOPIC: &str = "topic_tag";
const WHO_MAY_REPLY: [&str; 5] =
    ["everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only"];
/// Different web addresses in one part.
pub(super) const MOST_LINKS: usize = 5;
pub(super) const TOPIC_LENGTH: Count = Count::new(Unit::Chars, 50);

/// The settings of the first part.
pub(super) fn settings(draft: &Draft) -> Vec<(&'static str, String)> {
    let value = |name: &'static str| Some((name, draft.0.settings.get(name)?.clone()));
    [REPLY_CONTROL, TOPIC].into_iter().filter_map(value).collect()
}

pub(super) fn draft(draft: &Draft) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (n, part) in text::parts(draft).iter().enumerate() {
        let links = links(&part.text);
        if links > MOST_LINKS {
            let path = if n == 0 { "text".to_owned() } else { format!("thread[{}].text", n - 1) };
            let message = format!("there are {links} different web addresses; Threads takes {MOST_LINKS}");
            let objection = Objection::new(path, Code::CONTENT_REFUSED, message, "leave some out");
            objections.push(objection.with_excess(links, MOST_LINKS));
        }
    }
    let setting = |name: &str| draft.0.settings.get(name).map(String::as_str);
    let mut refuse = |name: &str, wanted: &str| {
        let message = format!("the value of \"{name}\" is none that Threads knows");
        let remedy = format!("use {wanted}");
        objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
    };
    if setting(REPLY_CONTROL).is_some_and(|value| !WHO_MAY_REPLY.contains(&value)) {
        refuse(REPLY_CONTROL, &WHO_MAY_REPLY.join(", "));
    }
    if setting(TOPIC).is_some_and(|value| !is_topic(value)) {
        refuse(TOPIC, "1 to 50 characters without a point or an ampersand");
    }
    objections
}

/// How many different web addresses the text has, those without a scheme included.
fn links(part: &str) -> usize {
    let places = text::urls(part);
    let rest = text::without(part, &places);
    let bare = rest.split_whitespace().filter(|word| word.to_ascii_lowercase().starts_with("www."));
    places.iter().map(|place| &part[place.clone()]).chain(bare).collect::<BTreeSet<_>>().len()
}

fn is_topic(value: &str) -> bool {
    (1..=TOPIC_LENGTH.most).contains(&TOPIC_LENGTH.of(value)) && !value.contains(['.', '&'])
}
