//! What platforms take, as data, counted the way each platform counts.

mod takes;

use domain::{Code, Draft, Media, Part};
use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    Kind, Picture, Probe,
    media::{
        self,
        variant::{self, Fit},
    },
    text, weighted,
};
pub use takes::{Misfit, Shape, Takes};

/// What a channel takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a part's text may be; all must hold.
    pub text: &'static [Count],
    /// The most media per part.
    pub media: usize,
    /// Which media: each is held against the first entry for its kind. With no entry at all, any file whatever: for a channel that only
    /// passes addresses on.
    pub takes: &'static [Takes],
}

/// One way to count a text, and the most it may come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// What is counted.
    pub unit: Unit,
    /// The most of them.
    pub most: usize,
    /// What every web address counts, however long it is.
    pub url: Option<usize>,
    /// `@user@domain` counts as `@user`.
    pub short_handles: bool,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// What a reader takes for one character.
    Graphemes,
    /// Unicode characters.
    Chars,
    /// UTF-16 code units.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
    /// X's own count: most letters one, others and emoji two, web addresses 23.
    Weighted,
    /// Unicode characters, but of emoji the bytes of UTF-8, as Threads counts.
    EmojiBytes,
}

impl Unit {
    fn of(self, text: &str) -> usize {
        match self {
            Unit::Graphemes => text.graphemes(true).count(),
            Unit::Chars => text.chars().count(),
            Unit::Utf16 => text.encode_utf16().count(),
            Unit::Bytes => text.len(),
            Unit::Weighted => weighted::length(text),
            Unit::EmojiBytes => text.graphemes(true).map(with_emoji_as_bytes).sum(),
        }
    }

    /// The units' name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Graphemes | Unit::Chars => "characters",
            Unit::Utf16 => "UTF-16 units",
            Unit::Bytes => "bytes",
            Unit::Weighted => "weighted characters",
            Unit::EmojiBytes => "characters (emoji count by their bytes)",
        }
    }
}

/// The length of one grapheme. Digits and signs that could begin an emoji are none by themselves.
fn with_emoji_as_bytes(grapheme: &str) -> usize {
    let is_emoji = |c: char| c == '\u{fe0f}' || (!c.is_ascii() && c.is_emoji_char());
    if grapheme.chars().any(is_emoji) { grapheme.len() } else { grapheme.chars().count() }
}

impl Count {
    /// At most `most` of `unit`.
    pub const fn new(unit: Unit, most: usize) -> Self {
        Self { unit, most, url: None, short_handles: false }
    }

    /// The same, with every web address counting `length`.
    pub const fn with_urls_as(mut self, length: usize) -> Self {
        self.url = Some(length);
        self
    }

    /// The same, with `@user@domain` counting as `@user`.
    pub const fn with_short_handles(mut self) -> Self {
        self.short_handles = true;
        self
    }

    /// How much `text` comes to.
    pub fn of(&self, text: &str) -> usize {
        let mut fixed = 0;
        let mut rest = std::borrow::Cow::Borrowed(text);
        if let Some(length) = self.url {
            let urls = text::urls(text);
            fixed = urls.len() * length;
            rest = text::without(text, &urls).into();
        }
        if self.short_handles {
            rest = text::short_handles(&rest).into();
        }
        fixed + self.unit.of(&rest)
    }
}

/// Something that the platform would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// Where in the content, as `text`, `thread[0].media`, `settings.visibility`.
    pub path: String,
    /// Which failure it would be.
    pub code: Code,
    /// What is wrong, in words.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// How much there is of what is limited, and how much the platform takes.
    pub excess: Option<(usize, usize)>,
}

impl Objection {
    /// An objection.
    pub fn new(path: impl Into<String>, code: Code, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.into(), code, message: message.into(), remedy: remedy.into(), excess: None }
    }

    /// The same, with how much there is and how much the platform takes.
    #[must_use]
    pub fn with_excess(self, actual: usize, limit: usize) -> Self {
        Self { excess: Some((actual, limit)), ..self }
    }
}

/// Where part `n` of a draft has this field.
fn path_of(n: usize, field: &str) -> String {
    if n == 0 { field.to_owned() } else { format!("thread[{}].{field}", n - 1) }
}

/// The media of part `n`, each with where its address stands in the draft.
fn media_of(n: usize, part: &Part) -> impl Iterator<Item = (String, &Media)> {
    part.media.iter().enumerate().map(move |(m, media)| (path_of(n, &format!("media[{m}].url")), media))
}

/// The parts of `draft` in which a video, by its address's ending, is not alone.
pub(crate) fn videos_in_company(draft: &Draft) -> Vec<Objection> {
    let parts = text::parts(draft);
    let is_one =
        |part: &Part| part.media.len() > 1 && part.media.iter().any(|one| Kind::says_video(&one.url) == Some(true));
    let company = parts.iter().enumerate().filter(|(_, part)| is_one(part));
    let objection = |(n, _): (usize, &Part)| {
        let message = "a video goes out alone, without other media";
        Objection::new(
            path_of(n, "media"),
            Code::MEDIA_REFUSED,
            message,
            "leave the others out, or make it a post or part of its own",
        )
    };
    company.map(objection).collect()
}

/// Says that a post needs media, in place of what is said in general of a post without anything: a text alone would not do.
pub(crate) fn need_media(draft: &Draft, message: &str, remedy: impl Into<String>, objections: &mut Vec<Objection>) {
    if draft.0.media.is_empty() {
        objections.retain(|objection| (objection.code, objection.path.as_str()) != (Code::NOTHING_TO_SAY, "text"));
        objections.push(Objection::new("media", Code::NOTHING_TO_SAY, message, remedy));
    }
}

/// The media of `draft` that others fetch (`fetched` says which) from a bucket that only we can read.
pub(crate) fn in_buckets(draft: &Draft, who: &str, fetched: impl Fn(&Media) -> bool) -> Vec<Objection> {
    let parts = text::parts(draft);
    let media = parts.iter().enumerate().flat_map(|(n, part)| media_of(n, part));
    let hidden = media.filter(|(_, media)| media::is_in_bucket(media) && fetched(media));
    let objection = |(path, _): (String, &Media)| {
        let message = format!("{who} fetches the file itself and cannot read the bucket");
        Objection::new(path, Code::BAD_MEDIA_URL, message, "give an http or https address of the file")
    };
    hidden.map(objection).collect()
}

/// What to do about a text that is too long for part `n`: what the channel has no threads for, no thread helps.
fn too_long(n: usize, most_parts: u16) -> &'static str {
    match (n, most_parts) {
        (0, 1) => "shorten it, or give this target a text of its own",
        (0, _) => "shorten it, give this target a text of its own, or make it a thread",
        _ => "shorten it, or divide it into further parts",
    }
}

impl Limits {
    /// Nothing is limited.
    pub const NONE: Limits = Limits { text: &[], media: usize::MAX, takes: &[] };

    /// Whether files of this kind are taken, as they are or made into another kind.
    fn may_take(&self, kind: Kind) -> bool {
        let probe = Probe { picture: Some(Picture { width: 1, height: 1, animated: false }), video: None };
        let kinds: Vec<_> = self.takes.iter().map(|row| Takes::new(row.kinds, u64::MAX)).collect();
        !matches!(variant::fit(kind, 1, probe, &kinds, 1), Fit::Refused(_))
    }

    /// Everything in `draft` that is over a limit, empty, or longer a thread than `most_parts`.
    pub fn check(&self, draft: &Draft, most_parts: u16) -> Vec<Objection> {
        let parts = text::parts(draft);
        let mut objections = Vec::new();
        if parts.len() > usize::from(most_parts) {
            let message = match most_parts {
                1 => "the channel has no threads".to_owned(),
                most => format!("the thread has {} parts; the channel takes {most}", parts.len()),
            };
            let remedy = "split it into posts of its own";
            let objection = Objection::new("thread", Code::THREAD_NOT_TAKEN, message, remedy);
            objections.push(objection.with_excess(parts.len(), usize::from(most_parts)));
        }
        for (n, part) in parts.iter().enumerate() {
            let path = |field: &str| path_of(n, field);
            if part.text.trim().is_empty() && part.media.is_empty() {
                let remedy = "give it a text, a link or a picture";
                objections.push(Objection::new(
                    path("text"),
                    Code::NOTHING_TO_SAY,
                    "there is nothing to publish",
                    remedy,
                ));
            }
            for count in self.text {
                let length = count.of(&part.text);
                if length > count.most {
                    let unit = count.unit.name();
                    let message = format!("the text has {length} {unit}; the channel takes {}", count.most);
                    let remedy = too_long(n, most_parts);
                    let objection = Objection::new(path("text"), Code::TEXT_TOO_LONG, message, remedy);
                    objections.push(objection.with_excess(length, count.most));
                }
            }
            if part.media.len() > self.media {
                let message = format!("there are {} media; the channel takes {}", part.media.len(), self.media);
                let objection = Objection::new(path("media"), Code::TOO_MANY_MEDIA, message, "leave some out");
                objections.push(objection.with_excess(part.media.len(), self.media));
            }
            for (path, media) in media_of(n, part) {
                let is_address = |url: url::Url| matches!(url.scheme(), "http" | "https" | "s3") && url.has_host();
                if !url::Url::parse(&media.url).is_ok_and(is_address) {
                    let message = "the media address is not a web address";
                    let remedy = "give an http or https address that the outside world can fetch";
                    objections.push(Objection::new(path, Code::BAD_MEDIA_URL, message, remedy));
                } else if let Some(kind) = Kind::by_ending(&media.url).filter(|kind| !self.may_take(*kind)) {
                    objections.push(self.not_taken(path, kind.mime));
                } else if let Some(ending) = Kind::says_neither(&media.url).filter(|_| !self.takes.is_empty()) {
                    objections.push(self.not_taken(path, &format!("a file of the kind .{ending}")));
                }
            }
        }
        objections
    }

    /// The pictures of `draft` that are of no kind that is taken, where nobody makes another of them because the platform fetches them
    /// from where the post says.
    pub(crate) fn unmade(&self, draft: &Draft, who: &str) -> Vec<Objection> {
        let parts = text::parts(draft);
        let media = parts.iter().enumerate().flat_map(|(n, part)| media_of(n, part));
        let unmade = media.filter_map(|(path, media)| {
            let kind = Kind::by_ending(&media.url).filter(|kind| self.may_take(*kind))?;
            let message = format!("{who} fetches the file itself and does not take {}", kind.mime);
            let remedy = "give a file of a kind that it takes, or set media.serve, with which another is made of it";
            let is_taken = self.takes.iter().any(|row| row.is_for(kind));
            (!is_taken).then(|| Objection::new(path, Code::MEDIA_REFUSED, message, remedy))
        });
        unmade.collect()
    }

    fn not_taken(&self, path: String, what: &str) -> Objection {
        let message = format!("the address leads to {what}, which the channel does not take");
        let takes: Vec<_> = self.takes.iter().flat_map(|row| row.kinds).copied().collect();
        Objection::new(path, Code::MEDIA_REFUSED, message, format!("give one of {}", takes.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use domain::{Content, Part};
    use proptest::prelude::*;

    use super::*;

    const MASTODON: Count = Count::new(Unit::Graphemes, 500).with_urls_as(23).with_short_handles();

    #[test]
    fn one_family_is_one_character_and_many_bytes() {
        let family = "👨‍👩‍👧‍👦";
        let counts =
            [Unit::Graphemes, Unit::Chars, Unit::Utf16, Unit::Bytes].map(|unit| Count::new(unit, 0).of(family));
        assert_eq!(counts, [1, 7, 11, 25]);
    }

    #[test]
    fn emoji_count_by_their_bytes_and_nothing_else_does() {
        let table = [
            ("plain, 7 #1 *", 13),
            ("Größe 日本", 8),
            ("e\u{301}", 2),
            ("🎉", 4),
            ("👨‍👩‍👧‍👦", 25),
            ("1\u{fe0f}\u{20e3}", 7),
            ("🇩🇪!", 9),
            ("❤\u{fe0f}", 6),
        ];
        for (text, length) in table {
            assert_eq!(Count::new(Unit::EmojiBytes, 0).of(text), length, "{text}");
        }
    }

    #[test]
    fn an_address_counts_the_same_however_long() {
        assert_eq!(MASTODON.of("see http://a.b"), 4 + 23);
        assert_eq!(MASTODON.of(&format!("see https://example.org/{}", "x".repeat(600))), 4 + 23);
        assert_eq!(MASTODON.of("(https://a.example) and https://b.example."), "() and .".len() + 46);
    }

    #[test]
    fn a_far_handle_counts_as_a_near_one() {
        assert_eq!(MASTODON.of("hi @ann@example.social!"), "hi @ann!".len());
        assert_eq!(MASTODON.of("mail ann@example.social"), "mail ann@example.social".len());
    }

    fn draft(text: &str, media: usize, thread: &[&str]) -> Draft {
        let picture = |_| Media { url: "https://cdn.example/a.png".into(), alt: None };
        Draft(Content {
            text: text.into(),
            media: (0..media).map(picture).collect(),
            thread: thread.iter().map(|text| Part { text: (*text).into(), media: vec![] }).collect(),
            ..Content::default()
        })
    }

    #[test]
    fn each_objection_names_its_place() {
        const SMALL: Limits = Limits { text: &[Count::new(Unit::Chars, 3)], media: 1, ..Limits::NONE };
        let mut wrong = draft("four", 2, &["", "more"]);
        wrong.0.media[1].url = "file:///etc/passwd".into();
        let found: Vec<_> =
            SMALL.check(&wrong, 2).into_iter().map(|objection| (objection.path, objection.code)).collect();
        assert_eq!(
            found,
            [
                ("thread".to_owned(), Code::THREAD_NOT_TAKEN),
                ("text".to_owned(), Code::TEXT_TOO_LONG),
                ("media".to_owned(), Code::TOO_MANY_MEDIA),
                ("media[1].url".to_owned(), Code::BAD_MEDIA_URL),
                ("thread[0].text".to_owned(), Code::NOTHING_TO_SAY),
                ("thread[1].text".to_owned(), Code::TEXT_TOO_LONG),
            ]
        );
    }

    #[test]
    fn a_thread_is_advised_where_there_may_be_one() {
        const SMALL: Limits = Limits { text: &[Count::new(Unit::Chars, 3)], ..Limits::NONE };
        let remedies = |most_parts, thread: &[&str]| -> Vec<String> {
            let objections = SMALL.check(&draft("four", 0, thread), most_parts).into_iter();
            objections.filter(|one| one.code == Code::TEXT_TOO_LONG).map(|one| one.remedy).collect()
        };
        assert!(!remedies(1, &[])[0].contains("thread"));
        assert!(remedies(9, &[])[0].contains("make it a thread"));
        let part = &remedies(9, &["more"])[1];
        assert!(!part.contains("make it a thread") && !part.contains("a text of its own"), "{part}");
    }

    #[test]
    fn a_picture_needs_no_text_and_a_link_is_enough() {
        assert_eq!(Limits::NONE.check(&draft("", 1, &[]), 1), []);
        let mut link = draft("", 0, &[]);
        link.0.link = Some("https://example.org".into());
        assert_eq!(Limits::NONE.check(&link, 1), []);
    }

    proptest! {
        #[test]
        fn counting_takes_any_text(text in "\\PC*|(https?://|@|#|[a-z.]|\\PC|[\\r\\n\\t ])*") {
            for unit in [Unit::Graphemes, Unit::Chars, Unit::Utf16, Unit::Bytes, Unit::Weighted, Unit::EmojiBytes] {
                Count::new(unit, 1).with_urls_as(23).with_short_handles().of(&text);
            }
            prop_assert!(MASTODON.of(&text) <= text.len() + 23 * text.matches("://").count());
        }
    }

    #[test]
    fn a_video_goes_out_alone_in_whichever_part_it_is() {
        let media = |urls: &[&str]| -> Vec<_> {
            urls.iter().map(|url| domain::Media { url: (*url).to_owned(), alt: None }).collect()
        };
        let (clip, photo) = ("https://a.example/a.mp4", "https://a.example/a.jpg");
        let content = |first: &[&str], second: &[&str]| domain::Content {
            text: "look".into(),
            media: media(first),
            thread: vec![Part { text: "and".into(), media: media(second) }],
            ..domain::Content::default()
        };
        let paths = |content| -> Vec<_> {
            videos_in_company(&Draft(content)).into_iter().map(|objection| objection.path).collect()
        };
        assert!(paths(content(&[clip], &[photo, photo])).is_empty());
        assert_eq!(paths(content(&[clip, clip, clip], &[photo, clip])), ["media", "thread[0].media"]);
    }
}
