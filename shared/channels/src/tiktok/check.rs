//! What TikTok would refuse, found before it is asked.

use domain::{Code, Draft, Media};

use crate::{Account, AccountCard, Count, Kind, Limits, Objection, Takes, Unit, limits, text};

/// Of a video.
pub(super) const CAPTION: &[Count] = &[Count::new(Unit::Utf16, 2200)];
/// Of pictures.
const DESCRIPTION: &[Count] = &[Count::new(Unit::Utf16, 4000)];
const TITLE: Count = Count::new(Unit::Utf16, 90);
pub(super) const MOST_PICTURES: usize = 35;
pub(super) const LARGEST_VIDEO: u64 = 4 << 30;
const LARGEST_PICTURE: u64 = 20 << 20;
/// The least is TikTok's, in seconds and in pixels; how long a video may play at most, the creator's word says.
const VIDEO: Takes = Takes::new(&["video/mp4", "video/quicktime", "video/webm"], LARGEST_VIDEO)
    .lasting(3, 3600)
    .across(360, 4096)
    .down(360, 4096);
const PICTURE: Takes = Takes::new(&["image/jpeg", "image/webp"], LARGEST_PICTURE);
/// What TikTok takes of files.
pub(super) const TAKES: &[Takes] = &[VIDEO, PICTURE];
/// The same, where there is more than one.
pub(super) const PICTURES: &[Takes] = &[PICTURE];

pub(super) const PRIVACY_LEVEL: &str = "privacy_level";
const AUDITED: &str = "audited";
/// Everybody.
pub(super) const PUBLIC: &str = "PUBLIC_TO_EVERYONE";
/// Nobody but the creator.
pub(super) const SELF_ONLY: &str = "SELF_ONLY";
const PRIVACY_LEVELS: [&str; 4] = [PUBLIC, "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", SELF_ONLY];
/// Settings that are yes or no, of both kinds of post.
pub(super) const SWITCHES: [&str; 4] =
    ["disable_comment", "brand_content_toggle", "brand_organic_toggle", "auto_add_music"];
/// Of videos only.
pub(super) const VIDEO_SWITCHES: [&str; 3] = ["disable_duet", "disable_stitch", "is_aigc"];
pub(super) const COVER_AT: &str = "video_cover_timestamp_ms";
pub(super) const COVER: &str = "photo_cover_index";
pub(super) const TITLE_OF: &str = "title";

pub(super) fn setting<'a>(draft: &'a Draft, name: &str) -> Option<&'a str> {
    draft.0.settings.get(name).map(String::as_str)
}

/// Whether a switch is on; `None` if the post does not say.
pub(super) fn switch(draft: &Draft, name: &str) -> Option<bool> {
    setting(draft, name).map(|value| value == "true")
}

/// Whether TikTok has audited the account's app. One that it has not may show posts to nobody but the creator.
pub(super) fn is_audited(account: &Account) -> bool {
    account.setting(AUDITED) != Some("false")
}

/// Who is to see the post: as it says, else as the account says, else everybody, as far as the app may.
pub(super) fn audience<'a>(draft: &'a Draft, account: &'a Account) -> &'a str {
    let chosen = setting(draft, PRIVACY_LEVEL).or_else(|| account.setting(PRIVACY_LEVEL));
    chosen.unwrap_or(if is_audited(account) { PUBLIC } else { SELF_ONLY })
}

/// How many videos the draft has, and how many pictures, by the endings of their addresses. Those that do not tell are in neither.
fn kinds(draft: &Draft) -> (usize, usize) {
    let told: Vec<bool> = draft.0.media.iter().filter_map(|media| Kind::says_video(&media.url)).collect();
    let videos = told.iter().filter(|video| **video).count();
    (videos, told.len() - videos)
}

pub(super) fn account(account: &AccountCard) -> Vec<String> {
    let mut wrong = Vec::new();
    account.check_choice(PRIVACY_LEVEL, &PRIVACY_LEVELS, &mut wrong);
    account.check_choice(AUDITED, &["true", "false"], &mut wrong);
    if account.setting(AUDITED) == Some("false")
        && account.setting(PRIVACY_LEVEL).is_some_and(|level| level != SELF_ONLY)
    {
        wrong.push(format!("settings.{PRIVACY_LEVEL} must be {SELF_ONLY} while settings.{AUDITED} is \"false\""));
    }
    wrong
}

/// How long the text may be: a description if all media surely are pictures, else a caption.
pub(super) fn texts(pictures: bool) -> &'static [Count] {
    if pictures { DESCRIPTION } else { CAPTION }
}

pub(super) fn draft(draft: &Draft) -> Vec<Objection> {
    let (videos, pictures) = kinds(draft);
    let media = draft.0.media.len();
    let limits = Limits { text: texts(media > 0 && pictures == media), media: MOST_PICTURES, takes: TAKES };
    let mut said = draft.clone();
    // The link goes with the text, and counts.
    said.0.text = text::parts(draft).into_iter().next().unwrap_or_default().text;
    let mut objections = limits.check(&said, 1);
    let remedy = format!("give it one video, or up to {MOST_PICTURES} pictures");
    limits::need_media(draft, "TikTok takes no text alone", remedy, &mut objections);
    if videos > 1 || (videos == 1 && media > 1) {
        let message = "TikTok takes one video alone, or pictures";
        objections.push(Objection::new("media", Code::TOO_MANY_MEDIA, message, "leave the others out"));
    }
    // More than one are pictures, whatever their addresses say.
    let fetched = |media: &Media| draft.0.media.len() > 1 || Kind::says_video(&media.url) == Some(false);
    objections.extend(limits::in_buckets(draft, "TikTok", fetched));
    for (n, media) in draft.0.media.iter().enumerate() {
        // TikTok fetches pictures itself: none is made to fit here.
        let kind = Kind::by_ending(&media.url).filter(|kind| kind.is_image() && !PICTURE.is_for(*kind));
        if let Some(kind) = kind {
            let message = format!("TikTok does not take {}", kind.mime);
            let path = format!("media[{n}].url");
            // Said once, and by what holds for pictures.
            objections.retain(|known| known.code != Code::MEDIA_REFUSED || known.path != path);
            objections.push(Objection::new(path, Code::MEDIA_REFUSED, message, "give JPEG or WebP"));
        }
    }
    settings(draft, &mut objections);
    objections
}

fn settings(draft: &Draft, objections: &mut Vec<Objection>) {
    let mut known = |name: &str, fits: &dyn Fn(&str) -> bool, wanted: &str| {
        if setting(draft, name).is_some_and(|value| !fits(value)) {
            let message = format!("the value of \"{name}\" is none that TikTok takes here");
            let path = format!("settings.{name}");
            objections.push(Objection::new(path, Code::BAD_SETTING, message, format!("use {wanted}")));
        }
    };
    known(PRIVACY_LEVEL, &|value| PRIVACY_LEVELS.contains(&value), &PRIVACY_LEVELS.join(", "));
    for name in SWITCHES.iter().chain(&VIDEO_SWITCHES) {
        known(name, &|value| ["true", "false"].contains(&value), "true or false");
    }
    known(COVER_AT, &|value| value.parse::<u32>().is_ok(), "milliseconds, as a whole number");
    let media = draft.0.media.len();
    known(
        COVER,
        &|value| value.parse::<usize>().is_ok_and(|index| index < media),
        "the number of one of the pictures, counted from 0",
    );
    if switch(draft, "brand_content_toggle") == Some(true) {
        known(PRIVACY_LEVEL, &|value| value != SELF_ONLY, "another: paid partnerships cannot be private");
    }
    let title = TITLE.of(setting(draft, TITLE_OF).unwrap_or_default());
    if title > TITLE.most {
        let message = format!("the title has {title} UTF-16 units; TikTok takes {}", TITLE.most);
        objections.push(Objection::new("settings.title", Code::TEXT_TOO_LONG, message, "shorten it"));
    }
}

#[cfg(test)]
mod tests {
    use domain::Content;

    use super::*;

    #[test]
    fn a_picture_of_the_wrong_kind_is_refused_once_and_no_video_is_offered_for_it() {
        let gif = Media { url: "https://cdn.example/a.gif".into(), alt: None };
        let objections = draft(&Draft(Content { media: vec![gif], ..Content::default() }));
        let refused: Vec<_> = objections.iter().filter(|one| one.code == Code::MEDIA_REFUSED).collect();
        assert_eq!(refused.len(), 1, "{objections:?}");
        assert_eq!((refused[0].path.as_str(), refused[0].remedy.as_str()), ("media[0].url", "give JPEG or WebP"));
    }
}
