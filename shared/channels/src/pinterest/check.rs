//! What Pinterest would refuse, found before it is asked.

use domain::{Code, Draft};

use super::{BOARD, LOOK_UP, MOST_PICTURES};
use crate::{AccountCard, Count, Kind, Limits, Objection, Takes, Unit, article::TITLE, limits};

/// A video goes with its cover, and without pictures.
pub(super) const ALONE: &str = "Pinterest takes a video alone, without other media";
pub(super) const COVER: &str = "cover_url";
pub(super) const COVER_AT: &str = "cover_second";
/// The most bytes of pictures that go along in a pin: as text a third more, they stay below the ten million that Pinterest takes.
const MOST_BYTES: u64 = 7_000_000;
pub(super) const PICTURE: Takes = pictures(1);
pub(super) const VIDEO: Takes = Takes::new(&["video/mp4", "video/quicktime"], 2_000_000_000).lasting(4, 900);
const MOST_TITLE: Count = Count::new(Unit::Utf16, 100);
const MOST_ALT: Count = Count::new(Unit::Utf16, 500);
const MOST_LINK: Count = Count::new(Unit::Utf16, 2048);

/// What is taken of each of so many pictures.
pub(super) const fn pictures(several: u64) -> Takes {
    Takes::new(&["image/jpeg", "image/png"], MOST_BYTES / several)
}

pub(super) fn account(account: &AccountCard) -> Vec<String> {
    let mut wrong = Vec::new();
    account.check_look_up(LOOK_UP, &mut wrong);
    if let Some(value) = account.setting(BOARD).filter(|value| !is_number(value)) {
        wrong.push(format!("settings.{BOARD} is \"{value}\"; write the board's number"));
    }
    if let Some(value) = account.setting("api_version").filter(|value| !value.strip_prefix('v').is_some_and(is_number))
    {
        wrong.push(format!("settings.api_version is \"{value}\"; write a version such as v5"));
    }
    wrong
}

/// A link is a field of its own: the text is counted without it.
pub(super) fn draft(limits: &Limits, draft: &Draft) -> Vec<Objection> {
    let mut plain = draft.clone();
    plain.0.link = None;
    let mut objections = limits.check(&plain, 1);
    let media = &draft.0.media;
    let remedy = format!("give it one picture or video, or up to {MOST_PICTURES} pictures");
    limits::need_media(draft, "Pinterest takes no text alone", remedy, &mut objections);
    if media.len() > 1 && media.iter().any(|media| Kind::says_video(&media.url) == Some(true)) {
        objections.push(Objection::new("media", Code::MEDIA_REFUSED, ALONE, "make it a post of its own"));
    }
    let mut counted = |path: String, text: &str, count: Count| {
        let length = count.of(text);
        if length > count.most {
            let message = format!("it has {length} {}; Pinterest takes {}", count.unit.name(), count.most);
            objections.push(Objection::new(path, Code::TEXT_TOO_LONG, message, "shorten it"));
        }
    };
    let setting = |name: &str| draft.0.settings.get(name).map(String::as_str);
    counted(format!("settings.{TITLE}"), setting(TITLE).unwrap_or_default(), MOST_TITLE);
    counted("link".into(), draft.0.link.as_deref().unwrap_or_default(), MOST_LINK);
    for (n, media) in media.iter().enumerate() {
        counted(format!("media[{n}].alt"), media.alt.as_deref().unwrap_or_default(), MOST_ALT);
    }
    let is_address = |value: &str| url::Url::parse(value).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    let mut known = |name: &str, fits: &dyn Fn(&str) -> bool, wanted: &str| {
        if setting(name).is_some_and(|value| !fits(value)) {
            let message = format!("the value of \"{name}\" is none that Pinterest knows");
            let remedy = format!("use {wanted}");
            objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
        }
    };
    known(BOARD, &is_number, "the board's number");
    known("board_section_id", &is_number, "the section's number");
    known(COVER, &is_address, "an https address of a picture");
    known(COVER_AT, &|value| value.parse::<u32>().is_ok(), "seconds, as a whole number");
    objections
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
}
