//! Everything that a channel says of itself, on one sheet: for tables, pages and JSON. Nothing here is written by hand.

mod files;
mod words;

use std::{collections::BTreeMap, time::Duration};

use domain::{AccountId, ChannelName, OnDoubt, RepeatSafety, TenantId};
use serde::{Deserialize, Serialize};

pub use files::{Files, Range};
use words::{bytes, grouped, settled_by, span};

use crate::{
    AccountCard, Cap, CapOf, Channel, FirstComment, Known, Limit, Link, OAuth, RefreshRepeat, Threads, TokenLife,
    Window,
};

/// That there is none.
const NO: &str = "no";
/// How a first comment is asked for where parts of a thread become comments.
const PARTS: &str = "the thread's parts";
/// The kind of a token that the channel makes by itself.
const MADE_BY_US: &str = "made by us";

/// A channel's sheet. Times are in seconds; what is absent is not limited, has no end, or does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    /// The channel's name.
    pub name: String,
    /// The platform's name.
    pub title: String,
    /// What a post may consist of.
    pub takes: Taken,
    /// What is limited, counted as the platform counts.
    pub limits: Vec<Limited>,
    /// How much the platform takes in a span, where its documents say so.
    #[serde(default)]
    pub caps: Vec<Capped>,
    /// Which files, and how large, wide and long; empty where any are taken.
    pub files: Vec<Files>,
    /// What the platform offers against doing a thing twice, where an account does not say otherwise.
    pub repeat: Repeat,
    /// Where an account says otherwise.
    pub variants: Vec<Otherwise>,
    /// The server that is called where an account names none; absent where every account must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The names of the secrets that an account needs.
    pub secrets: Vec<String>,
    /// The names of the settings without which no account can publish.
    pub settings: Vec<String>,
    /// The names of the settings that an account may have besides.
    #[serde(default)]
    pub optional_settings: Vec<String>,
    /// The names of the settings that a post may have; absent where any are passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_settings: Option<Vec<String>>,
    /// How long the access token lives, and how it is renewed.
    pub token: Token,
    /// How an account is connected by a link; absent where a person hands over a key, a password or a bot's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Connected>,
    /// Its page in the documentation.
    pub page: String,
}

/// How an account is connected by a link, where it does not say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// The permissions that are asked for.
    pub scopes: Vec<String>,
    /// The platform takes a PKCE challenge.
    pub pkce: bool,
}

/// What a post may consist of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// A text goes out without media.
    pub text_alone: bool,
    /// `in the text` or `attached`.
    pub link: String,
    /// The most pictures of a part.
    pub images: Option<usize>,
    /// The most videos of a part.
    pub videos: Option<usize>,
    /// The most parts of a thread; 1 where there are none.
    pub thread_parts: u16,
    /// `no`, `part by part` (each is a publish point), `in one call`.
    pub thread: String,
    /// `no`, `the thread's parts`, or the name of the post's setting.
    pub first_comment: String,
    /// The platform may accept a post and decide later.
    pub decides_later: bool,
}

/// One limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limited {
    /// What is limited.
    pub of: String,
    /// The most of it.
    pub most: usize,
    /// In which unit; empty where things are counted.
    pub unit: String,
    /// What every web address counts, however long it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_counts: Option<usize>,
}

/// The most that a platform takes in a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capped {
    /// The most of them.
    pub most: u32,
    /// What is counted, as `posts`.
    pub what: String,
    /// Whose: `account` or `app`.
    pub of: String,
    /// In so long.
    pub per_s: u64,
    /// The platform is known to count back from each moment.
    pub slides: bool,
}

/// What a platform offers against doing a thing twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// `platform key`, `handle`, `look-up` or `nothing`.
    pub kind: String,
    /// How an unknown outcome is settled.
    pub settled_by: String,
    /// How long the platform remembers a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_for_s: Option<u64>,
    /// How long after the last call an unknown outcome may be looked into.
    pub settles_after_s: u64,
    /// How long after the last call "not there" means "never arrived"; absent where nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure_after_s: Option<u64>,
}

/// What holds for an account with a certain setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Otherwise {
    /// The setting's name.
    pub setting: String,
    /// Its value.
    pub value: String,
    /// What that means.
    pub means: String,
    /// What then holds.
    pub repeat: Repeat,
}

/// How long an access token lives, and how it is renewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// `lasting`, `made by us`, `renews itself`, `refreshed`, `reconnected`.
    pub kind: String,
    /// How long it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub life_s: Option<u64>,
    /// How long the refresh token is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_life_s: Option<u64>,
    /// The refresh token is replaced by its use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotates: Option<bool>,
    /// What a repeat of it does, after an answer that was lost: `harmless`, `within`, `kills`, `refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<String>,
    /// How it is renewed, in words.
    pub renewed: String,
}

impl Sheet {
    /// What `channel` says of itself.
    pub fn of(channel: &dyn Channel) -> Self {
        let about = channel.about();
        let offers = &about.offers;
        let variant = |variant: &crate::Variant| {
            let repeat = channel.safety(&card(about.name, variant.setting, variant.value)?).repeat;
            Some(Otherwise {
                setting: variant.setting.into(),
                value: variant.value.into(),
                means: variant.means.into(),
                repeat: Repeat::of(repeat),
            })
        };
        let texts = about
            .limits
            .text
            .iter()
            .map(|count| Limited { url_counts: count.url, ..Limited::of(&Limit::text("text", *count)) });
        let media = limited(about.limits.media).map(|most| Limited::of(&Limit::of("media", most)));
        Self {
            name: about.name.into(),
            title: about.title.into(),
            takes: Taken::of(channel),
            limits: texts.chain(media).chain(offers.limits.iter().map(Limited::of)).collect(),
            caps: offers.caps.iter().map(Capped::of).collect(),
            files: about.limits.takes.iter().map(Files::of).collect(),
            repeat: Repeat::of(about.repeat),
            variants: offers.variants.iter().filter_map(variant).collect(),
            server: about.server.map(Into::into),
            secrets: about.secrets.iter().map(|&name| name.into()).collect(),
            settings: about.settings.iter().map(|&name| name.into()).collect(),
            optional_settings: offers.account_settings.iter().map(|&name| name.into()).collect(),
            post_settings: match offers.settings {
                Known::Any => None,
                Known::These(names) => Some(names.iter().map(|&name| name.into()).collect()),
            },
            token: Token::of(about.tokens),
            link: about.oauth.map(Connected::of),
            page: format!("docs/channels/{}.md", about.name),
        }
    }
}

impl Connected {
    fn of(oauth: &OAuth) -> Self {
        Self { scopes: oauth.scopes.iter().map(|&scope| scope.into()).collect(), pkce: oauth.pkce }
    }
}

impl Taken {
    fn of(channel: &dyn Channel) -> Self {
        let about = channel.about();
        let (thread, thread_parts) = match about.threads {
            Threads::None => (NO, 1),
            Threads::PerPart(most) => ("part by part", most),
            Threads::Whole(most) => ("in one call", most),
        };
        let first_comment = match about.offers.first_comment {
            FirstComment::None => NO,
            FirstComment::Setting(name) => name,
            FirstComment::Thread => PARTS,
        };
        let link = match about.offers.link {
            Link::InText => "in the text",
            Link::Attached => "attached",
        };
        Self {
            text_alone: about.offers.text_alone,
            link: link.into(),
            images: limited(about.offers.images),
            videos: limited(about.offers.videos),
            thread_parts,
            thread: thread.into(),
            first_comment: first_comment.into(),
            decides_later: about.offers.decides_later,
        }
    }

    /// In words: `4 pictures or 1 video`, and whether there must be one.
    pub fn media(&self) -> String {
        let count = |most: Option<usize>, one: &str| match most {
            None => format!("any {one}s"),
            Some(0) => format!("no {one}"),
            Some(1) => format!("1 {one}"),
            Some(most) => format!("{most} {one}s"),
        };
        let must = if self.text_alone { "" } else { "; at least one" };
        if self.images == self.videos && self.images.is_none_or(|most| most > 1) {
            let most = self.images.map_or_else(|| "any".to_owned(), |most| most.to_string());
            return format!("{most} pictures or videos{must}");
        }
        let (pictures, videos) = (count(self.images, "picture"), count(self.videos, "video"));
        let joined = if self.images == Some(0) || self.videos == Some(0) { "," } else { " or" };
        format!("{pictures}{joined} {videos}{must}")
    }

    /// In words: `50 parts, part by part; no first comment`.
    pub fn threads(&self) -> String {
        let thread = match self.thread_parts {
            1 => "no thread".to_owned(),
            parts => format!("{parts} parts, {}", self.thread),
        };
        let comment = match self.first_comment.as_str() {
            NO => "no first comment".to_owned(),
            PARTS => "the parts are comments".to_owned(),
            setting => format!("first comment: `{setting}`"),
        };
        format!("{thread}; {comment}")
    }
}

impl Limited {
    fn of(limit: &Limit) -> Self {
        Self { of: limit.of.into(), most: limit.most, unit: limit.unit.into(), url_counts: None }
    }

    /// In words: `text 500 characters (an address counts 23)`, `file 10 MiB`, `hashtags 30`.
    pub fn said(&self) -> String {
        let most = match self.unit.as_str() {
            "bytes" => bytes(self.most),
            unit => format!("{} {unit}", grouped(self.most)).trim_end().to_owned(),
        };
        let address = self.url_counts.map(|length| format!(" (an address counts {length})")).unwrap_or_default();
        format!("{} {most}{address}", self.of)
    }
}

impl Capped {
    /// What `cap` means.
    pub fn of(cap: &Cap) -> Self {
        let of = match cap.of {
            CapOf::Account => "account",
            CapOf::App => "app",
        };
        let slides = cap.window == Window::Sliding;
        Self { most: cap.most, what: cap.what.name().into(), of: of.into(), per_s: cap.per.as_secs(), slides }
    }

    /// In words: `100 posts of an account in 15 minutes`.
    pub fn said(&self) -> String {
        let most = grouped(self.most.try_into().unwrap_or(usize::MAX));
        format!("{most} {} of an {} in {}", self.what, self.of, span(self.per_s))
    }
}

impl Repeat {
    /// What `repeat` means.
    pub fn of(repeat: RepeatSafety) -> Self {
        let kept_for_s = match repeat {
            RepeatSafety::PlatformKey { kept_for, .. } => Some(kept_for.as_secs()),
            _ => None,
        };
        Self {
            kind: repeat.name().into(),
            settled_by: settled_by(repeat),
            kept_for_s,
            settles_after_s: repeat.settles_after().as_secs(),
            sure_after_s: repeat.sure_after().map(|span| span.as_secs()),
        }
    }

    /// The kind, with its window: `platform key, 1 hour`.
    pub fn with_window(&self) -> String {
        match self.kept_for_s {
            Some(kept) => format!("{}, {}", self.kind, span(kept)),
            None => self.kind.clone(),
        }
    }

    /// When an unknown outcome is looked into.
    pub fn looked_into(&self) -> String {
        if self.is_nothing() {
            return "not at all".to_owned();
        }
        format!("{} after the last call", span(self.settles_after_s))
    }

    /// Whether the platform offers nothing: nobody but a person can tell.
    pub fn is_nothing(&self) -> bool {
        self.kind == RepeatSafety::Nothing.name()
    }
}

impl Token {
    fn of(tokens: TokenLife) -> Self {
        let token = |kind: &str, life: Option<Duration>, renewed: String| Self {
            kind: kind.into(),
            life_s: life.map(|life| life.as_secs()),
            refresh_life_s: None,
            rotates: None,
            repeat: None,
            renewed,
        };
        match tokens {
            TokenLife::Lasting => token("lasting", None, "not renewed, good until somebody revokes it".into()),
            TokenLife::MadeByUs => token(
                MADE_BY_US,
                None,
                "made anew by itself, out of a secret that is good until somebody revokes it".into(),
            ),
            TokenLife::RenewsItself { life, not_before } => {
                let age = span(not_before.as_secs());
                token("renews itself", Some(life), format!("exchanged for a new one while it is good, once {age} old"))
            }
            TokenLife::Refreshed { life, refresh_life, repeat } => {
                let end = refresh_life.map(|life| format!(", good {}", span(life.as_secs()))).unwrap_or_default();
                Self {
                    refresh_life_s: refresh_life.map(|life| life.as_secs()),
                    rotates: Some(repeat.rotates()),
                    repeat: Some(repeat.name().into()),
                    ..token("refreshed", Some(life), format!("by a refresh token{end}, {}", repeated(repeat)))
                }
            }
            TokenLife::Reconnected { life } => token("reconnected", Some(life), "by a person only".into()),
        }
    }

    /// How long it lives: `2 hours`, `no end`, or `short` where we make it ourselves.
    pub fn life(&self) -> String {
        match self.life_s {
            Some(life) => span(life),
            None if self.kind == MADE_BY_US => "short".into(),
            None => "no end".into(),
        }
    }
}

/// What becomes of a refresh token that is used.
fn repeated(repeat: RefreshRepeat) -> String {
    match repeat {
        RefreshRepeat::Harmless => "which stays what it is".into(),
        RefreshRepeat::Within(Duration::MAX) => "which is replaced, and taken again until the new one is used".into(),
        RefreshRepeat::Within(longest) => {
            format!("which is replaced, and taken again for {}, or until the new one is used", span(longest.as_secs()))
        }
        RefreshRepeat::Kills => {
            "which is replaced and good once: used again, it takes the account's whole connection with it".into()
        }
        RefreshRepeat::Refused => "which is replaced and good once".into(),
    }
}

/// A number that may stand for "no limit".
fn limited(most: usize) -> Option<usize> {
    Some(most).filter(|most| *most < usize::MAX)
}

/// An account with one setting.
fn card(channel: &str, setting: &str, value: &str) -> Option<AccountCard> {
    Some(AccountCard {
        tenant: TenantId::new("any").ok()?,
        channel: ChannelName::new(channel).ok()?,
        id: AccountId::new("any").ok()?,
        app: None,
        rate: None,
        app_rate: None,
        on_doubt: OnDoubt::Park,
        settings: BTreeMap::from([(setting.to_owned(), value.to_owned())]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_life_of_a_token_says_how_it_is_renewed() {
        let day = Duration::from_secs(86_400);
        let table = [
            (TokenLife::Lasting, "no end", "not renewed, good until somebody revokes it"),
            (
                TokenLife::MadeByUs,
                "short",
                "made anew by itself, out of a secret that is good until somebody revokes it",
            ),
            (
                TokenLife::RenewsItself { life: 60 * day, not_before: day },
                "60 days",
                "exchanged for a new one while it is good, once 24 hours old",
            ),
            (
                TokenLife::Refreshed { life: day, refresh_life: Some(180 * day), repeat: RefreshRepeat::Refused },
                "24 hours",
                "by a refresh token, good 180 days, which is replaced and good once",
            ),
            (
                TokenLife::Refreshed { life: day, refresh_life: None, repeat: RefreshRepeat::Harmless },
                "24 hours",
                "by a refresh token, which stays what it is",
            ),
            (
                TokenLife::Refreshed { life: day, refresh_life: None, repeat: RefreshRepeat::Within(day) },
                "24 hours",
                "by a refresh token, which is replaced, and taken again for 24 hours, or until the new one is used",
            ),
            (
                TokenLife::Refreshed { life: day, refresh_life: None, repeat: RefreshRepeat::Within(Duration::MAX) },
                "24 hours",
                "by a refresh token, which is replaced, and taken again until the new one is used",
            ),
            (
                TokenLife::Refreshed { life: day, refresh_life: None, repeat: RefreshRepeat::Kills },
                "24 hours",
                "by a refresh token, which is replaced and good once: used again, it takes the account's whole connection \
                 with it",
            ),
            (TokenLife::Reconnected { life: day }, "24 hours", "by a person only"),
        ];
        for (tokens, life, renewed) in table {
            let token = Token::of(tokens);
            assert_eq!((token.life().as_str(), token.renewed.as_str()), (life, renewed));
        }
    }
}
