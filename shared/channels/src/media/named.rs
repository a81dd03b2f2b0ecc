//! Which file a failure is about, in its words: of several, a person has to mend one.

use domain::{Code, Draft, Failure, Media, PlatformWords};
use url::Url;

use crate::text;

/// The longest address that is told, in characters.
const LONGEST: usize = 200;

/// The failure, naming the file of the draft that it is about: its number, or the setting that holds its address, and the address.
/// What is no fault of the file stays as it is.
pub(crate) fn named(draft: &Draft, media: &Media, failure: Failure) -> Failure {
    if !matches!(failure.code, Code::BAD_MEDIA_URL | Code::MEDIA_UNREACHABLE | Code::MEDIA_REFUSED) {
        return failure;
    }
    let text = format!("{} ({}): {}", place(draft, media), shown_address(&media.url), failure.said.text);
    Failure { said: PlatformWords { text: PlatformWords::text(text).text, ..failure.said }, ..failure }
}

fn place(draft: &Draft, media: &Media) -> String {
    let parts = text::parts(draft);
    let in_part = |(p, part): (usize, &domain::Part)| {
        let n = part.media.iter().position(|one| one == media)?;
        let of = if parts.len() > 1 { format!(" of part {}", p + 1) } else { String::new() };
        Some(format!("media {} of {}{of}", n + 1, part.media.len()))
    };
    let in_settings = || draft.0.settings.iter().find(|(_, value)| **value == media.url);
    let in_parts = parts.iter().enumerate().find_map(|(p, part)| in_part((p, part)));
    in_parts.or_else(|| in_settings().map(|(name, _)| format!("settings.{name}"))).unwrap_or_else(|| "the file".into())
}

/// A file's address as it may be shown and logged: without what lets others read the file, its query and a name with its password.
pub fn shown_address(address: &str) -> String {
    let plain = Url::parse(address).map(|mut url| {
        url.set_query(None);
        url.set_fragment(None);
        // An address without a host has neither.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        url.to_string()
    });
    plain.unwrap_or_else(|_| "no web address".into()).chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use domain::{Content, Part};

    use super::*;
    use crate::media::refused;

    #[test]
    fn a_failure_says_which_file_it_is_about_and_where_that_is() {
        let media = |url: &str| Media { url: url.into(), alt: None };
        let (one, two) = (media("https://a.example/1.png"), media("https://me:pw@a.example/2.png?sig=hush#x"));
        let cover = "https://a.example/cover.png";
        let mut draft = Draft(Content {
            media: vec![one.clone(), two.clone()],
            settings: [("thumbnail".to_owned(), cover.to_owned())].into(),
            ..Content::default()
        });
        let said = |draft: &Draft, media: &Media| named(draft, media, refused("it is odd".into())).said.text;
        assert_eq!(said(&draft, &two), "media 2 of 2 (https://a.example/2.png): it is odd");
        assert_eq!(said(&draft, &media(cover)), "settings.thumbnail (https://a.example/cover.png): it is odd");
        assert_eq!(said(&draft, &media("a.png")), "the file (no web address): it is odd");
        draft.0.thread = vec![Part { text: "more".into(), media: vec![media("https://a.example/3.png")] }];
        assert_eq!(said(&draft, &one), "media 1 of 2 of part 1 (https://a.example/1.png): it is odd");
        let third = draft.0.thread[0].media[0].clone();
        assert_eq!(said(&draft, &third), "media 1 of 1 of part 2 (https://a.example/3.png): it is odd");
        let ours = Failure::system(Code::OWN_HICCUP, "fetch media", "the disk is full");
        assert_eq!(named(&draft, &one, ours.clone()), ours);
    }
}
