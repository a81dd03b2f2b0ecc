//! What LinkedIn offers against doing a thing twice, which depends on for whom the account writes and on what it dares.

use std::time::Duration;

use domain::{Code, Failure, Landed, LookUp, Part, PlatformWords, Receipt, RepeatSafety, Scope, Worth};
use jiff::Timestamp;

use super::{AUTHOR, CREATE, receipt};
use crate::{AccountCard, Call};

/// The setting that says whether the refusal of a duplicate may be taken for a member's key, and its values.
pub(super) const GUARD: &str = "duplicate_guard";
const IGNORED: &str = "ignored";
pub(super) const TRUSTED: &str = "trusted";
/// How long the guard is relied on. How long it holds is not known; nobody saw it end so soon.
const GUARD_KEPT_FOR: Duration = Duration::from_secs(10 * 60);
const LOOK_UP: LookUp = LookUp {
    // Longer than LinkedIn works on a request.
    settles_after: Duration::from_secs(90),
    // How far its listings lag is not known; this is far more than was ever seen.
    sure_after: Duration::from_secs(10 * 60),
};
/// How far the platform's clock may be behind ours.
pub(super) const SKEW: Duration = Duration::from_secs(60);

pub(super) fn is_page(author: Option<&str>) -> bool {
    author.is_some_and(|author| author.starts_with("urn:li:organization:"))
}

pub(super) fn safety(account: &AccountCard) -> RepeatSafety {
    let look_up = account.look_up(LOOK_UP);
    if is_page(account.setting(AUTHOR)) {
        return RepeatSafety::LookUp(look_up);
    }
    match account.setting(GUARD) {
        Some(TRUSTED) => RepeatSafety::PlatformKey {
            kept_for: GUARD_KEPT_FOR,
            settles_after: look_up.settles_after,
            afterwards: None,
        },
        _ => RepeatSafety::Nothing,
    }
}

pub(super) fn check_account(account: &AccountCard) -> Vec<String> {
    let mut wrong = Vec::new();
    account.check_choice(GUARD, &[IGNORED, TRUSTED], &mut wrong);
    account.check_look_up(LOOK_UP, &mut wrong);
    let known = |author: &str| {
        let id = author.strip_prefix("urn:li:person:").or_else(|| author.strip_prefix("urn:li:organization:"));
        id.is_some_and(|id| !id.is_empty())
    };
    if let Some(author) = account.setting(AUTHOR).filter(|author| !known(author)) {
        wrong.push(format!("settings.{AUTHOR} is \"{author}\"; write urn:li:person:… or urn:li:organization:…"));
    }
    wrong
}

/// Whether this attempt repeats a call whose outcome is not known, and may. LinkedIn's guard is known to stand before equal texts only:
/// media, comments, and a doubt that the guard itself has made are left to a person.
pub(super) fn check(call: &Call<'_>, number: u16, part: &Part) -> Result<bool, Failure> {
    if !call.is_repeat(number) {
        return Ok(false);
    }
    let refused = call.target.last_failure.as_ref().is_some_and(|last| last.code == Code::DUPLICATE_REFUSED);
    if number > 0 || !part.media.is_empty() || refused {
        return Err(stop("a repeat of media, of a comment or of a refused duplicate is not safe".into()));
    }
    Ok(true)
}

/// What a repeat's refusal says: that the call before it worked, if it names a post made since that call that no other target has.
pub(super) async fn named(call: &Call<'_>, refusal: Failure) -> Result<Receipt, Failure> {
    let mark = call.mark(0);
    let since = mark.since.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
    let named = urn_in(&refusal.said.text).filter(|urn| made_at(urn).is_some_and(|made| made >= since));
    match mark.free(Vec::from_iter(named), |urn| urn).await?.as_slice() {
        [urn] => Ok(receipt(urn, urn)),
        _ => Err(stop(refusal.said.text)),
    }
}

/// Nothing more is to be tried: the doubt stays, and a person is asked.
fn stop(why: String) -> Failure {
    Failure {
        code: Code::DUPLICATE_REFUSED,
        landed: Landed::No,
        worth: Worth::Never,
        scope: Scope::Post,
        step: CREATE.into(),
        said: PlatformWords::text(why),
    }
}

/// The post that a refusal names.
pub(super) fn urn_in(text: &str) -> Option<&str> {
    let start = ["urn:li:share:", "urn:li:ugcPost:"].iter().find_map(|kind| text.find(kind))?;
    let urn = &text[start..];
    Some(&urn[..urn.find(|c: char| !(c.is_ascii_alphanumeric() || c == ':')).unwrap_or(urn.len())])
}

/// When a post was made, by its number: milliseconds above 22 bits.
fn made_at(urn: &str) -> Option<Timestamp> {
    let number: u64 = urn.rsplit(':').next()?.parse().ok()?;
    Timestamp::from_millisecond(i64::try_from(number >> 22).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_a_post_whose_number_tells_its_time() {
        let said = "Content is a duplicate of urn:li:share:7141138937766391808.";
        let urn = urn_in(said).unwrap();
        assert_eq!(urn, "urn:li:share:7141138937766391808");
        assert_eq!(made_at(urn).unwrap().to_string().get(..10), Some("2023-12-14"));
        assert_eq!((urn_in("Content is a duplicate"), made_at("urn:li:share:x")), (None, None));
    }
}
