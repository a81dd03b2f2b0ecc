//! What Google would refuse, found before it is asked.

use domain::{Code, Draft, Failure, Fix, Scope, Worth};

use super::{
    CREATE, LOCATION,
    post::{self, When},
};
use crate::{Count, Limits, Objection, Unit, google::failure, limits};

const TYPES: [&str; 3] = ["standard", "event", "offer"];
const ACTIONS: [&str; 6] = ["book", "order", "shop", "learn_more", "sign_up", "call"];
const TITLE: Count = Count::new(Unit::Utf16, 58);

/// Whether it is the name of a location, as `accounts/1/locations/2`.
pub(super) fn is_location(name: &str) -> bool {
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match name.split('/').collect::<Vec<_>>().as_slice() {
        ["accounts", account, "locations", location] => digits(account) && digits(location),
        _ => false,
    }
}

pub(super) fn without_location() -> Failure {
    let said = format!("settings.{LOCATION} is missing or no name such as accounts/1/locations/2");
    failure(Code::APP_MISCONFIGURED, Worth::AfterFix { fix: Fix::Setup }, Scope::Account, CREATE, said)
}

pub(super) fn draft(limits: &Limits, draft: &Draft) -> Vec<Objection> {
    let content = &draft.0;
    let setting = |name: &str| content.settings.get(name).map(String::as_str);
    // The link is no part of the text: it is behind the button.
    let mut alone = draft.clone();
    alone.0.link = None;
    let mut objections = limits.check(&alone, 1);
    objections.extend(limits::in_buckets(draft, "Google", |_| true));
    if content.text.trim().is_empty() && !content.media.is_empty() {
        let message = "Google takes no picture without a text";
        objections.push(Objection::new("text", Code::NOTHING_TO_SAY, message, "give it a text"));
    }
    let mut refuse = |path: &str, message: &str, remedy: &str| {
        objections.push(Objection::new(format!("settings.{path}"), Code::BAD_SETTING, message, remedy));
    };
    if setting("type").is_some_and(|value| !TYPES.contains(&value)) {
        refuse("type", "it is no type of post that Google knows", "use standard, event or offer");
    }
    let topic = post::topic(draft);
    match setting("call_to_action") {
        Some(value) if !ACTIONS.contains(&value) => {
            refuse("call_to_action", "it is no button that Google knows", &format!("use {}", ACTIONS.join(", ")));
        }
        Some(_) if topic == "OFFER" => {
            refuse("call_to_action", "an offer has no button of its own", "leave it out; the link redeems the offer");
        }
        Some(value) if value != "call" && content.link.is_none() => {
            refuse("call_to_action", "the button leads nowhere", "give the post a link, or use call");
        }
        _ => {}
    }
    if topic != "STANDARD" {
        let length = TITLE.of(post::title(draft));
        if length == 0 || length > TITLE.most {
            let message = format!("the title has {length} UTF-16 units; Google wants 1 to {}", TITLE.most);
            refuse("title", &message, "give an event or offer a short title");
        }
        let when = |name: &str| setting(name).and_then(When::of);
        for name in ["start", "end"] {
            if when(name).is_none() {
                let remedy = "write a day or a minute by the location's clock, as 2026-11-25 or 2026-11-25T18:30";
                refuse(name, "an event or offer needs its time", remedy);
            }
        }
        if let (Some(start), Some(end)) = (when("start"), when("end"))
            && end.at < start.at
        {
            refuse("end", "it ends before it starts", "write a later end");
        }
    }
    if setting("language").is_some_and(|value| !is_language(value)) {
        refuse("language", "it is no language code", "write one such as en or pt-BR");
    }
    objections
}

fn is_language(value: &str) -> bool {
    value.len() >= 2 && value.split('-').all(|part| (2..=8).contains(&part.len()) && part.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_named_by_two_numbers() {
        assert!(is_location("accounts/1/locations/234"));
        for name in ["", "locations/2", "accounts/1/locations/", "accounts/a/locations/2", "accounts/1/locations/2/x"] {
            assert!(!is_location(name), "{name}");
        }
    }
}
