//! What YouTube would refuse, found before it is asked.

use domain::{Code, Draft};

use crate::{Count, Limits, Objection, Unit, article::Article, limits};

pub(super) const PRIVACY: [&str; 3] = ["public", "unlisted", "private"];
const SWITCH: [&str; 2] = ["true", "false"];
const TITLE: Count = Count::new(Unit::Chars, 100);
/// YouTube takes 500; our own mark is among them for a while.
const MOST_TAGS: usize = 458;

/// The tags in a setting: words with commas between.
pub(super) fn tags(setting: &str) -> impl Iterator<Item = String> + '_ {
    setting.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned)
}

/// What the tags come to: with the commas between them, and quotes around those with a space.
fn length_of_tags(setting: &str) -> usize {
    let lengths = tags(setting).map(|tag| tag.chars().count() + if tag.contains(' ') { 3 } else { 1 });
    lengths.sum::<usize>().saturating_sub(1)
}

pub(super) fn draft(limits: &Limits, draft: &Draft) -> Vec<Objection> {
    let mut objections = limits.check(draft, 1);
    limits::need_media(draft, "YouTube takes videos only, and the post has none", "give it one video", &mut objections);
    let article = Article::with_link(draft);
    objections.extend(article.check_title(draft, TITLE));
    let said = [&draft.0.text, &article.title];
    if said.iter().any(|text| text.contains(['<', '>'])) {
        let message = "YouTube takes neither < nor > in titles and descriptions";
        objections.push(Objection::new("text", Code::CONTENT_REFUSED, message, "write it without them"));
    }
    let setting = |name: &str| draft.0.settings.get(name).map(String::as_str);
    let length = length_of_tags(setting("tags").unwrap_or_default());
    if length > MOST_TAGS {
        let message = format!("the tags have {length} characters; the channel takes {MOST_TAGS}");
        objections.push(Objection::new("settings.tags", Code::TEXT_TOO_LONG, message, "leave some out"));
    }
    let mut known = |name: &str, fits: &dyn Fn(&str) -> bool, wanted: &str| {
        if setting(name).is_some_and(|value| !fits(value)) {
            let message = format!("the value of \"{name}\" is none that YouTube knows");
            let remedy = format!("use {wanted}");
            objections.push(Objection::new(format!("settings.{name}"), Code::BAD_SETTING, message, remedy));
        }
    };
    known("privacy", &|value| PRIVACY.contains(&value), "public, unlisted or private");
    for name in ["made_for_kids", "made_with_ai", "notify_subscribers"] {
        known(name, &|value| SWITCH.contains(&value), "true or false");
    }
    known("category", &|value| value.parse::<u16>().is_ok(), "the number of a category, as 22");
    known("thumbnail", &is_address, "an https address of a JPEG or PNG of up to 2 MB");
    known("playlist", &is_id, "a playlist's id, as PLx…");
    objections
}

fn is_address(value: &str) -> bool {
    url::Url::parse(value).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_id(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_count_with_commas_and_quotes() {
        assert_eq!(tags(" a, b c ,,d").collect::<Vec<_>>(), ["a", "b c", "d"]);
        assert_eq!(length_of_tags("a, b c ,,d"), "a,\"b c\",d".len());
        assert_eq!(length_of_tags(""), 0);
    }
}
