//! What Instagram would refuse, found before it is asked.

use std::collections::BTreeSet;

use domain::{Code, Draft, Failure, Fix, Scope, Worth};

use super::{MOST_MEDIA, WHO, comment::FIRST_COMMENT, post};
use crate::{Count, Limits, Objection, Unit, graph, limits, text};

/// What may be set about a reel. They go out as they are.
pub(super) const REEL_SETTINGS: [&str; 3] = ["share_to_feed", "thumb_offset", "cover_url"];
pub(super) const COMMENT: Count = Count::new(Unit::Utf16, 2196);
pub(super) const MOST_TAGS: usize = 30;
pub(super) const MOST_MENTIONS: usize = 20;

pub(super) fn draft(limits: &Limits, draft: &Draft) -> Vec<Objection> {
    let mut objections = limits.check(draft, 1);
    let post = post(draft);
    let remedy = format!("give it one picture or video, or up to {MOST_MEDIA}");
    limits::need_media(draft, "Instagram takes no text alone", remedy, &mut objections);
    let mut most = |path: &str, what: &str, found: usize, most: usize| {
        if found > most {
            let message = format!("there are {found} {what}; Instagram takes {most}");
            let objection = Objection::new(path, Code::CONTENT_REFUSED, message, "leave some out");
            objections.push(objection.with_excess(found, most));
        }
    };
    most("text", "hashtags", text::tags(&post.text).len(), MOST_TAGS);
    most("text", "mentions", mentions(&post.text), MOST_MENTIONS);
    let setting = |name: &str| draft.0.settings.get(name).map(String::as_str);
    let comment = COMMENT.of(setting(FIRST_COMMENT).unwrap_or_default());
    if comment > COMMENT.most {
        let message = format!("the comment has {comment} UTF-16 units; Instagram takes {}", COMMENT.most);
        let path = format!("settings.{FIRST_COMMENT}");
        let objection = Objection::new(path, Code::TEXT_TOO_LONG, message, "shorten it");
        objections.push(objection.with_excess(comment, COMMENT.most));
    }
    let is_address = |value: &str| url::Url::parse(value).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    let mut known = |name: &str, fits: &dyn Fn(&str) -> bool, wanted: &str| {
        if setting(name).is_some_and(|value| !fits(value)) {
            let message = format!("the value of \"{name}\" is none that Instagram knows");
            let remedy = format!("use {wanted}");
            objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
        }
    };
    known("share_to_feed", &|value| ["true", "false"].contains(&value), "true or false");
    known("thumb_offset", &|value| value.parse::<u32>().is_ok(), "milliseconds, as a whole number");
    known("cover_url", &is_address, "an https address of a picture");
    objections
}

/// How many accounts the text mentions.
fn mentions(text: &str) -> usize {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
    let words = text.split(|c: char| !(is_name(c) || c == '@'));
    words.filter(|word| word.len() > 1 && word.starts_with('@')).collect::<BTreeSet<_>>().len()
}

/// Only a draft that was never checked comes to this.
pub(super) fn without_media() -> Failure {
    let said = "Instagram takes no text alone";
    Failure {
        worth: Worth::AfterFix { fix: Fix::Content },
        ..graph::failure(Code::NOTHING_TO_SAY, "check the content", said)
    }
}

pub(super) fn without_user() -> Failure {
    let said = "settings.user_id is missing: with Facebook's login the account's number must be given";
    account(Code::APP_MISCONFIGURED, Fix::Setup, "open account", said)
}

pub(super) fn personal() -> Failure {
    let said = "it is a personal account; only business and creator accounts may publish";
    account(Code::ACCOUNT_RESTRICTED, Fix::Account, WHO, said)
}

fn account(code: Code, fix: Fix, step: &str, said: &str) -> Failure {
    Failure { worth: Worth::AfterFix { fix }, scope: Scope::Account, ..graph::failure(code, step, said) }
}
