//! The failures that have a name. Each has a page under `docs/errors` that says what, whose fault and what to do.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A failure's number, written `OP-2103`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Code(u16);

/// A code's page, compiled in from `docs/errors`.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// The failure in a few words.
    pub title: &'static str,
    /// The whole page, as Markdown.
    pub text: &'static str,
}

impl Page {
    /// The text under the heading `## {heading}`, or nothing.
    pub fn section(&self, heading: &str) -> Option<&'static str> {
        let start = self.text.find(&format!("## {heading}\n"))?;
        let body = &self.text[start..];
        let body = &body[body.find('\n')? + 1..];
        Some(body.find("\n## ").map_or(body, |end| &body[..end]).trim())
    }

    /// What happened.
    pub fn what(&self) -> &'static str {
        self.section("What happened").unwrap_or_default()
    }

    /// What to do about the cause, whichever targets it concerns.
    pub fn mend(&self) -> &'static str {
        self.section("What to do").unwrap_or_default()
    }

    /// What to do about a target that failed of it: mend the cause, and what comes then.
    pub fn remedy(&self) -> String {
        let then = self.section("What to do then");
        [self.mend()].into_iter().chain(then).collect::<Vec<_>>().join(" ")
    }

    /// What to do once all tries are used up, where that differs: what goes on by itself does so no more.
    pub fn given_up(&self) -> Option<&'static str> {
        self.section("What to do once the tries are used up")
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        impl Code {
            $($(#[$doc])* pub const $name: Code = Code($number);)*

            /// Every code, in order.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The code's page.
            pub fn page(self) -> Option<Page> {
                match self.0 {
                    $($number => Some(titled(include_str!(concat!("../../../docs/errors/OP-", stringify!($number), ".md")))),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// The message is not JSON, or not an object.
    MALFORMED = 1001;
    /// The message's version is not one we read.
    UNKNOWN_VERSION = 1002;
    /// A field is missing or has the wrong form.
    BAD_FIELD = 1003;
    /// No such channel.
    UNKNOWN_CHANNEL = 1004;
    /// No such account for this tenant and channel.
    UNKNOWN_ACCOUNT = 1005;
    /// The text is longer than the channel takes.
    TEXT_TOO_LONG = 1006;
    /// There is nothing to publish.
    NOTHING_TO_SAY = 1007;
    /// The publish time cannot be understood.
    BAD_TIME = 1008;
    /// The deadline is not after the publish time, or has passed.
    BAD_DEADLINE = 1009;
    /// Two targets name the same account.
    SAME_TARGET_TWICE = 1010;
    /// The idempotency key was used for another request.
    KEY_REUSED = 1011;
    /// More media than the channel takes.
    TOO_MANY_MEDIA = 1012;
    /// A media address that cannot be used.
    BAD_MEDIA_URL = 1013;
    /// The channel has no threads, or not so long ones.
    THREAD_NOT_TAKEN = 1014;
    /// The same text is already scheduled on the account within the hour (a warning).
    SAME_TEXT_NEARBY = 1015;
    /// The request is larger than we take.
    TOO_LARGE = 1016;
    /// The post changed since it was read.
    STALE_REVISION = 1017;
    /// It is too late for the change that was asked for, or too soon to try again.
    TOO_LATE = 1018;
    /// No such post or target.
    NOT_FOUND = 1019;
    /// A setting the channel does not understand.
    BAD_SETTING = 1020;

    /// The platform refused the content.
    CONTENT_REFUSED = 2001;
    /// The media were refused, by the platform or by us before sending.
    MEDIA_REFUSED = 2002;
    /// The platform says this is a duplicate.
    DUPLICATE_REFUSED = 2003;
    /// What the post refers to is gone.
    REFERENCE_GONE = 2004;
    /// The platform is not ready with the media yet.
    MEDIA_NOT_READY = 2005;
    /// The media, or the page behind the link, could not be fetched from its address.
    MEDIA_UNREACHABLE = 2006;
    /// The account's token has ended.
    TOKEN_EXPIRED = 2101;
    /// The account's token is not accepted any more.
    TOKEN_REVOKED = 2102;
    /// The account or app lacks a permission.
    PERMISSION_MISSING = 2103;
    /// The platform has restricted the account.
    ACCOUNT_RESTRICTED = 2104;
    /// The account's credentials could not be read.
    CREDENTIALS_MISSING = 2105;
    /// The account's token is being renewed.
    TOKEN_PENDING = 2106;
    /// The account is at its rate limit.
    RATE_LIMITED_ACCOUNT = 2201;
    /// The app is at its rate limit.
    RATE_LIMITED_APP = 2202;
    /// The platform asks everybody to slow down.
    RATE_LIMITED_CHANNEL = 2203;

    /// The platform could not be reached: nothing was sent.
    UNREACHABLE = 3001;
    /// The platform is out of order.
    OUT_OF_ORDER = 3002;
    /// The platform's answer cannot be understood, before anything was published.
    STRANGE_ANSWER = 3003;
    /// The endpoint is gone for good.
    ENDPOINT_GONE = 3004;
    /// The app is not set up rightly.
    APP_MISCONFIGURED = 3005;

    /// No answer after the request was sent.
    NO_ANSWER = 4001;
    /// A server error at the publish point.
    ERROR_AFTER_SEND = 4002;
    /// An answer at the publish point that proves nothing.
    UNCLEAR_ANSWER = 4003;
    /// Accepted, but without the platform's id.
    NO_PROOF = 4004;
    /// The worker died after a publish point was armed.
    WORKER_LOST = 4005;
    /// Nobody but a person can tell whether it is out.
    UNDECIDABLE = 4006;
    /// A look did not tell what happened: it was not answered, or not clearly.
    LOOK_FAILED = 4007;
    /// The platform was asked and does not show the post; so soon that proves nothing.
    NOT_THERE_YET = 4008;
    /// The ledger was restored to an earlier time, and the target may have been sent since.
    HISTORY_LOST = 4009;

    /// Our own part failed; tried again by itself.
    OWN_HICCUP = 5001;
    /// The attempt took too long before anything was published.
    TOO_SLOW = 5002;
    /// Workers died again and again on this target.
    POISON = 5003;
    /// All tries are used up.
    TRIES_USED_UP = 5004;
    /// The deadline passed.
    DEADLINE_PASSED = 5005;
    /// The content is not what was approved.
    NOT_AS_APPROVED = 5006;
    /// The lease ran out before the publish point.
    LEASE_LOST = 5007;
    /// No worker knows this channel.
    NO_CONNECTOR = 5008;
    /// The publish message cannot be understood.
    BAD_PUBLISH_MESSAGE = 5009;
    /// A pause held it until its deadline.
    HELD_TOO_LONG = 5010;
}

/// What a code speaks of: its first digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// A request that was not taken.
    Request,
    /// A post, an account or an app, as a platform sees it.
    Refused,
    /// A platform.
    Platform,
    /// An outcome that is not known.
    Doubt,
    /// Our own part.
    Own,
}

impl CodeKind {
    /// Every kind, in the order of their codes.
    pub const ALL: [CodeKind; 5] =
        [CodeKind::Request, CodeKind::Refused, CodeKind::Platform, CodeKind::Doubt, CodeKind::Own];

    /// What its codes have in common, as a heading.
    pub fn title(self) -> &'static str {
        match self {
            CodeKind::Request => "A request was not taken",
            CodeKind::Refused => "The platform refused a post, or an account or app cannot publish",
            CodeKind::Platform => "The platform is not well, or not set up",
            CodeKind::Doubt => "It is not known whether it is out",
            CodeKind::Own => "oncepost's own part",
        }
    }

    /// Its codes, in order.
    pub fn codes(self) -> impl Iterator<Item = &'static Code> {
        let first = self as u16 + 1;
        Code::ALL.iter().filter(move |code| code.0 / 1000 == first)
    }
}

fn titled(text: &'static str) -> Page {
    let first = text.lines().next().unwrap_or_default();
    Page { title: first.split_once(": ").map_or(first, |(_, title)| title), text }
}

impl Code {
    /// What a person is to do about a target that failed of it for good. "Nothing, it goes on by itself" is true of the failure, and not
    /// of a target with which the machine has done what it could.
    pub fn remedy_of_failed(self) -> String {
        let Some(page) = self.page() else { return String::new() };
        match (page.given_up(), page.remedy()) {
            (Some(given_up), _) => given_up.to_owned(),
            (None, remedy) if remedy.starts_with("Nothing") => {
                Code::TRIES_USED_UP.page().map(|page| page.remedy()).unwrap_or_default()
            }
            (None, remedy) => remedy,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OP-{}", self.0)
    }
}

impl From<Code> for String {
    fn from(code: Code) -> String {
        code.to_string()
    }
}

impl FromStr for Code {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix("OP-")
            .and_then(|digits| digits.parse().ok())
            .map(Code)
            .ok_or_else(|| format!("\"{text}\" is not a failure code such as OP-2103"))
    }
}

impl TryFrom<String> for Code {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It is shown in lines of another width.
    #[test]
    fn no_remedy_is_broken_in_mid_sentence() {
        for page in Code::ALL.iter().filter_map(|code| code.page()) {
            let is_whole = |paragraph: &str| !paragraph.trim().contains('\n');
            assert!(page.remedy().split("\n\n").all(is_whole), "{}: {}", page.title, page.remedy());
        }
    }

    /// An account's, an app's or a pause's cause is told without a target.
    #[test]
    fn what_mends_an_account_or_an_app_speaks_of_no_target() {
        let concerned = |code: &&Code| (2100..4000).contains(&code.0);
        for code in Code::ALL.iter().filter(concerned) {
            let mend = code.page().unwrap().mend().to_lowercase();
            for word in ["this target", "retry", "resume it", "resume the"] {
                assert!(!mend.contains(word), "{code}: \"{word}\" belongs under \"What to do then\": {mend}");
            }
        }
        let ended = Code::TOKEN_EXPIRED.page().unwrap();
        assert!(ended.mend().ends_with("one target after the other."));
        assert_eq!(ended.remedy(), format!("{} Then `oncepost retry TARGET` if it failed.", ended.mend()));
    }

    #[test]
    fn every_code_has_a_whole_page() {
        for code in Code::ALL {
            let page = code.page().unwrap();
            assert!(page.text.starts_with(&format!("# {code}: ")), "{code} has a title line");
            for heading in ["What happened", "Whose fault", "What to do"] {
                assert!(page.section(heading).is_some_and(|text| text.len() > 20), "{code} says \"{heading}\"");
            }
            let known = [
                "## What happened",
                "## Whose fault",
                "## What to do",
                "## What to do then",
                "## What to do once the tries are used up",
            ];
            let mut headings = page.text.lines().filter(|line| line.starts_with("##"));
            assert!(headings.all(|heading| known.contains(&heading)), "{code} has a heading that nobody reads");
        }
    }

    #[test]
    fn o05_nobody_who_has_a_failed_target_is_told_to_wait_or_to_look_elsewhere() {
        for code in Code::ALL {
            let told = code.remedy_of_failed();
            assert!(!told.is_empty() && !told.starts_with("Nothing"), "{code}: {told}");
        }
        for code in [Code::UNREACHABLE, Code::OUT_OF_ORDER, Code::MEDIA_NOT_READY] {
            assert!(code.remedy_of_failed().ends_with("`oncepost retry TARGET`."), "{code}");
        }
        assert!(Code::UNREACHABLE.remedy_of_failed().contains("network"));
        assert_eq!(Code::TOKEN_REVOKED.remedy_of_failed(), Code::TOKEN_REVOKED.page().unwrap().remedy());
    }

    #[test]
    fn no_page_is_left_over() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if let Some(code) = name.strip_suffix(".md").filter(|name| name.starts_with("OP-")) {
                assert!(Code::ALL.contains(&code.parse().unwrap()), "{name} belongs to no code");
            }
        }
    }

    #[test]
    fn every_code_is_of_one_kind() {
        let of_kinds: Vec<_> = CodeKind::ALL.into_iter().flat_map(CodeKind::codes).collect();
        assert_eq!(of_kinds, Code::ALL.iter().collect::<Vec<_>>());
    }

    #[test]
    fn codes_are_written_and_read_alike() {
        assert_eq!("OP-2103".parse(), Ok(Code::PERMISSION_MISSING));
        assert_eq!(Code::PERMISSION_MISSING.to_string(), "OP-2103");
        assert!("2103".parse::<Code>().is_err());
    }
}
