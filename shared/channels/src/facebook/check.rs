//! What Facebook would refuse, found before it is asked.

use domain::{Code, Draft};

use super::{DRAFT_CHOICES, DRAFTS, PAGE_ID, comment::FIRST_COMMENT, video};
use crate::{AccountCard, Count, Kind, Limits, Objection, Takes, Unit, graph, oauth::servers};

/// Why a video with other media is refused.
pub(super) const ALONE: &str = "Facebook takes a video alone, without other media";
/// Some photos above 4 MB are known to be refused by Facebook itself.
pub(super) const PHOTO: Takes = Takes::new(&["image/jpeg", "image/png", "image/gif", "image/webp"], 10_000_000);
pub(super) const VIDEO: Takes = Takes::new(&["video/mp4", "video/quicktime"], 2_000_000_000).of_at_least(1024);
/// What Facebook takes of files.
pub(super) const TAKES: &[Takes] = &[PHOTO, VIDEO];
pub(super) const REEL: Takes = VIDEO.across(540, u32::MAX).down(960, u32::MAX).lasting(3, 90);
const COMMENT: Count = Count::new(Unit::Utf16, 8000);

pub(super) fn account(account: &AccountCard) -> Vec<String> {
    let mut wrong = graph::check_account(account);
    account.check_choice(DRAFTS, &DRAFT_CHOICES, &mut wrong);
    servers::FACEBOOK.check_account(account, &mut wrong);
    let is_number = |value: &str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(value) = account.setting(PAGE_ID).filter(|value| !is_number(value)) {
        wrong.push(format!("settings.{PAGE_ID} is \"{value}\"; write the page's number, or leave it out"));
    }
    wrong
}

pub(super) fn draft(limits: &Limits, draft: &Draft) -> Vec<Objection> {
    let mut objections = limits.check(draft, 1);
    let media = &draft.0.media;
    if media.len() > 1 && media.iter().any(|media| Kind::says_video(&media.url) == Some(true)) {
        objections.push(Objection::new("media", Code::MEDIA_REFUSED, ALONE, "make it a post of its own"));
    }
    let setting = |name: &str| draft.0.settings.get(name).map(String::as_str);
    let comment = COMMENT.of(setting(FIRST_COMMENT).unwrap_or_default());
    if comment > COMMENT.most {
        let message = format!("the comment has {comment} UTF-16 units; Facebook takes {}", COMMENT.most);
        let path = format!("settings.{FIRST_COMMENT}");
        objections.push(Objection::new(path, Code::TEXT_TOO_LONG, message, "shorten it"));
    }
    if setting(video::AS).is_some_and(|value| !video::KINDS.contains(&value)) {
        let message = format!("the value of \"{}\" is none that Facebook knows", video::AS);
        let remedy = format!("use {}", video::KINDS.join(" or "));
        objections.push(Objection::new(format!("settings.{}", video::AS), Code::BAD_SETTING, message, remedy));
    }
    objections
}
