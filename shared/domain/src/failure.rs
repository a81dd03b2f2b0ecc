//! A failure answers two separate questions: could the post be out there, and is another try worth it?

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Code, Pause, PauseScope, State, gist::gist};

/// What went wrong, in a form that both routing and people can use.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Which failure this is; its page says what, why and what to do.
    pub code: Code,
    /// Could the post be out there?
    pub landed: Landed,
    /// Is another try worth it?
    pub worth: Worth,
    /// What else fails with it.
    pub scope: Scope,
    /// The step that failed, as `create status`.
    pub step: String,
    /// What the platform or the system said, trimmed and redacted.
    pub said: PlatformWords,
}

/// Could the post be out there?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Landed {
    /// Surely not.
    No,
    /// A publish point was called and the answer does not tell.
    Unknown,
    /// It is.
    Yes,
}

/// Is another try worth it?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Worth {
    /// Yes, by itself, and never before `not_before`.
    Retry {
        /// The platform's own word on when to come back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<crate::Rfc3339>")]
        not_before: Option<Timestamp>,
    },
    /// Yes, once a person has mended something.
    AfterFix {
        /// What to mend.
        fix: Fix,
    },
    /// No.
    Never,
}

/// What a person must mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fix {
    /// Connect the account again.
    Reconnect,
    /// Give the account or app the missing permission.
    Permission,
    /// Change the post.
    Content,
    /// Mend our registration, plan or settings.
    Setup,
    /// The account is restricted by the platform.
    Account,
}

/// What else fails with it: whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This post only.
    Post,
    /// Everything on this account.
    Account,
    /// Everything through our registration with the platform.
    App,
    /// Everything on this channel.
    Channel,
    /// Our own machinery.
    System,
}

impl Scope {
    /// The scope's name, as labels and screens spell it.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Post => "post",
            Scope::Account => "account",
            Scope::App => "app",
            Scope::Channel => "channel",
            Scope::System => "system",
        }
    }

    /// The scope of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Scope::Post, Scope::Account, Scope::App, Scope::Channel, Scope::System]
            .into_iter()
            .find(|scope| scope.name() == name)
    }

    /// Whose fault a failure of this scope is, for people.
    pub fn whose_fault(self) -> &'static str {
        match self {
            Scope::Post => "the post itself",
            Scope::Account => "the account or its credentials",
            Scope::App => "our app's registration with the platform",
            Scope::Channel => "the platform",
            Scope::System => "oncepost or its servers",
        }
    }
}

/// The platform's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PlatformWords {
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The platform's own error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What it said, trimmed and with secrets taken out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What the text comes to, where the platform gives no code: by this its refusals are told apart. See [`gist`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gist: Option<String>,
}

impl PlatformWords {
    /// Longest text kept, in characters.
    pub const LONGEST: usize = 500;

    /// Words without a status or code, trimmed to [`Self::LONGEST`].
    pub fn text(text: impl AsRef<str>) -> Self {
        Self { text: text.as_ref().trim().chars().take(Self::LONGEST).collect(), ..Self::default() }
    }

    /// The same words, told apart from others by what they come to, unless a code tells that.
    pub fn with_gist(self) -> Self {
        let gist = if self.code.is_none() { gist(&self.text) } else { None };
        Self { gist, ..self }
    }

    /// Whether they are a platform's, and not our own words of what happened before it was asked.
    pub fn is_answer(&self) -> bool {
        self.status.is_some() || self.code.is_some()
    }

    /// As a person reads it, on one line: `"The text is too long" (HTTP 422, code E7)`. `None` if nothing was said.
    pub fn quoted(&self, longest: usize) -> Option<String> {
        let clean: String = self.text.chars().filter(|c| c.is_whitespace() || !c.is_control()).collect();
        let line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut text: String = line.chars().take(longest).collect();
        if text.len() < line.len() {
            text.push('…');
        }
        let status = self.status.map(|status| format!("HTTP {status}"));
        let code = self.code.as_ref().map(|code| format!("code {code}"));
        let known = [status, code].into_iter().flatten().collect::<Vec<_>>().join(", ");
        match (text.is_empty(), known.is_empty()) {
            (true, true) => None,
            (true, false) => Some(known),
            (false, true) => Some(format!("\"{text}\"")),
            (false, false) => Some(format!("\"{text}\" ({known})")),
        }
    }
}

impl Failure {
    /// A failure of our own machinery: worth another try, never the post's end.
    pub fn system(code: Code, step: &str, said: impl AsRef<str>) -> Self {
        Self {
            code,
            landed: Landed::No,
            worth: Worth::Retry { not_before: None },
            scope: Scope::System,
            step: step.into(),
            said: PlatformWords::text(said),
        }
    }

    /// What a pause has kept from going out until it was too late. Why everybody, a channel or an app is held back is not for tenants.
    pub fn held(pause: &Pause) -> Self {
        let is_own = matches!(pause.scope, PauseScope::Account { .. } | PauseScope::Tenant { .. });
        Self {
            code: pause.code.unwrap_or(Code::HELD_TOO_LONG),
            landed: Landed::No,
            worth: Worth::Never,
            // The machine pauses where all would fail until a person mends it.
            scope: match (pause.code, &pause.scope) {
                (None, _) => Scope::System,
                (Some(_), PauseScope::App { .. }) => Scope::App,
                (Some(_), _) => Scope::Account,
            },
            step: format!("pause of {}", pause.scope),
            said: PlatformWords::text(if is_own { &pause.reason } else { "" }),
        }
    }

    /// Whose fault it is, for people.
    pub fn whose_fault(&self) -> &'static str {
        match self.code {
            Code::HELD_TOO_LONG => "whoever paused it",
            _ => self.scope.whose_fault(),
        }
    }

    /// The platform asked us to slow down: costs no attempt.
    pub fn is_rate_limit(&self) -> bool {
        matches!(self.code, Code::RATE_LIMITED_ACCOUNT | Code::RATE_LIMITED_APP | Code::RATE_LIMITED_CHANNEL)
    }

    /// Another try costs nothing: it was not the post's fault, and it ends by itself.
    pub fn is_free(&self) -> bool {
        self.is_rate_limit() || self.scope == Scope::System || self.code == Code::TOKEN_PENDING
    }

    /// Everything on the account or app fails until a person mends it: hold the siblings instead of burning them.
    pub fn holds_siblings(&self) -> bool {
        self.landed == Landed::No
            && matches!(self.scope, Scope::Account | Scope::App)
            && matches!(self.worth, Worth::AfterFix { .. })
    }

    /// Whether it is about the account, its credentials or our settings: as the answer to a question about a post, it says nothing
    /// about the post.
    pub fn is_no_verdict(&self) -> bool {
        matches!(self.worth, Worth::AfterFix { fix } if fix != Fix::Content)
    }

    /// The earliest time of another try, as the platform said.
    pub fn not_before(&self) -> Option<Timestamp> {
        match self.worth {
            Worth::Retry { not_before } => not_before,
            _ => None,
        }
    }

    /// When the rate limit ends that it tells of, if that is known and still ahead at `now`.
    pub fn limited_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.not_before().filter(|ends| self.is_rate_limit() && now < *ends)
    }

    /// By what failures are put together: code, scope, and the platform's own code. Where it gives none, what it refuses a post for is
    /// told apart by what its words come to, as `OP-2001/post/~text-is-too-long`: never by the words themselves.
    pub fn group(&self) -> String {
        let Self { code, scope, said, .. } = self;
        let finer = match (&said.code, &said.gist) {
            (Some(own), _) => own.clone(),
            (None, Some(gist)) if *scope == Scope::Post => format!("{}{gist}", Self::BY_WORDS),
            (None, _) => "-".into(),
        };
        format!("{code}/{}/{finer}", scope.name())
    }

    /// The code and the scope that stand in a [`Self::group`], as far as it has them.
    pub fn read_group(group: &str) -> (Option<Code>, Option<Scope>) {
        let mut fields = group.splitn(3, '/');
        let code = fields.next().and_then(|code| code.parse().ok());
        (code, fields.next().and_then(Scope::named))
    }

    /// What the last part of [`Self::group`] begins with where it comes of words, and is no code of the platform's.
    pub const BY_WORDS: char = '~';

    /// One line for a person: what happened, to what, in the platform's words.
    pub fn sentence(&self, state: State) -> String {
        let title = self.code.page().map_or("Unknown failure", |page| page.title);
        let said = match (self.said.status, self.said.text.as_str()) {
            (Some(status), "") => format!(" (HTTP {status})"),
            (Some(status), text) => format!(" (HTTP {status}: {text})"),
            (None, "") => String::new(),
            (None, text) => format!(" ({text})"),
        };
        format!("{} {title}, at \"{}\"{said}; now {}", self.code, self.step, state.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(landed: Landed, worth: Worth, scope: Scope) -> Failure {
        Failure { landed, worth, ..said(scope) }
    }

    fn said(scope: Scope) -> Failure {
        Failure {
            code: Code::TOKEN_REVOKED,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Reconnect },
            scope,
            step: "create status".into(),
            said: PlatformWords {
                status: Some(401),
                code: Some("190".into()),
                ..PlatformWords::text("The token is dead")
            },
        }
    }

    #[test]
    fn scopes_are_named_as_they_are_written_and_say_whose_fault_it_is() {
        let scopes = [Scope::Post, Scope::Account, Scope::App, Scope::Channel, Scope::System];
        for scope in scopes {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.name());
            assert_eq!(Scope::named(scope.name()), Some(scope));
        }
        assert_eq!(
            scopes.map(Scope::whose_fault),
            [
                "the post itself",
                "the account or its credentials",
                "our app's registration with the platform",
                "the platform",
                "oncepost or its servers",
            ]
        );
    }

    #[test]
    fn t06_siblings_are_held_only_where_all_would_surely_fail_until_a_person_mends_it() {
        let (fix, retry) = (Worth::AfterFix { fix: Fix::Reconnect }, Worth::Retry { not_before: None });
        let table = [
            (Landed::No, fix, Scope::Account, true),
            (Landed::No, fix, Scope::App, true),
            (Landed::No, fix, Scope::Post, false),
            (Landed::No, fix, Scope::Channel, false),
            (Landed::No, fix, Scope::System, false),
            (Landed::No, retry, Scope::Account, false),
            (Landed::No, Worth::Never, Scope::App, false),
            (Landed::Unknown, fix, Scope::Account, false),
            (Landed::Yes, fix, Scope::Account, false),
        ];
        for (landed, worth, scope, holds) in table {
            assert_eq!(failure(landed, worth, scope).holds_siblings(), holds, "{landed:?} {worth:?} {scope:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_account_says_nothing_about_a_post() {
        let says_nothing = |worth| failure(Landed::No, worth, Scope::Account).is_no_verdict();
        for fix in [Fix::Reconnect, Fix::Permission, Fix::Setup, Fix::Account] {
            assert!(says_nothing(Worth::AfterFix { fix }), "{fix:?}");
        }
        assert!(!says_nothing(Worth::AfterFix { fix: Fix::Content }));
        assert!(!says_nothing(Worth::Never) && !says_nothing(Worth::Retry { not_before: None }));
    }

    #[test]
    fn failures_are_put_together_by_code_scope_and_the_platforms_code() {
        assert_eq!(said(Scope::Account).group(), "OP-2102/account/190");
        let silent = Failure { said: PlatformWords::default(), ..said(Scope::Post) };
        assert_eq!(silent.group(), "OP-2102/post/-");
        assert_eq!(Failure::read_group("OP-2102/post/a/b"), (Some(Code::TOKEN_REVOKED), Some(Scope::Post)));
        assert_eq!(Failure::read_group("-"), (None, None));
    }

    #[test]
    fn refusals_of_posts_without_a_code_are_put_together_by_what_their_words_come_to() {
        let told = |scope, text: &str| Failure { said: PlatformWords::text(text).with_gist(), ..said(scope) }.group();
        assert_eq!(told(Scope::Post, "Text is too long: 612 of 500"), "OP-2102/post/~text-is-too-long-of");
        assert_eq!(told(Scope::Post, "Text is too long: 7 of 5"), told(Scope::Post, "Text is too long: 612 of 500"));
        assert_ne!(told(Scope::Post, "Link not allowed"), told(Scope::Post, "Text is too long: 7 of 5"));
        assert_eq!(told(Scope::Account, "Text is too long"), "OP-2102/account/-", "the account tells it apart");
        let kept = Failure { said: PlatformWords::text("As an older version kept it"), ..said(Scope::Post) };
        assert_eq!(kept.group(), "OP-2102/post/-");
        let coded = PlatformWords { code: Some("E7".into()), ..PlatformWords::text("Text is too long") };
        assert_eq!(Failure { said: coded.with_gist(), ..said(Scope::Post) }.group(), "OP-2102/post/E7");
    }

    #[test]
    fn words_are_quoted_in_a_line() {
        let words = |status, code: Option<&str>, text: &str| {
            PlatformWords { status, code: code.map(str::to_owned), ..PlatformWords::text(text) }.quoted(12)
        };
        assert_eq!(
            words(Some(422), Some("E7"), "No\n\u{1b}links").as_deref(),
            Some("\"No links\" (HTTP 422, code E7)")
        );
        assert_eq!(words(None, None, "0123456789abcdef").as_deref(), Some("\"0123456789ab…\""));
        assert_eq!(words(Some(503), None, " ").as_deref(), Some("HTTP 503"));
        assert_eq!(words(None, None, ""), None);
    }

    #[test]
    fn e07_a_sentence_says_what_happened_where_and_in_the_platforms_words() {
        let sentence = said(Scope::Account).sentence(State::Failed);
        let title = Code::TOKEN_REVOKED.page().unwrap().title;
        assert_eq!(
            sentence,
            format!("OP-2102 {title}, at \"create status\" (HTTP 401: The token is dead); now failed")
        );
        let with = |words| Failure { said: words, ..said(Scope::Account) }.sentence(State::Failed);
        let bare = |status| PlatformWords { status, ..PlatformWords::default() };
        assert!(with(bare(Some(503))).contains("\" (HTTP 503); now"));
        assert!(with(bare(None)).contains("create status\"; now"));
        assert!(with(PlatformWords::text("cut off")).contains("\" (cut off); now"));
        assert!(said(Scope::Account).sentence(State::InDoubt).ends_with("; now in doubt"));
    }

    #[test]
    fn words_are_trimmed_to_what_is_kept() {
        let words = PlatformWords::text(format!("  {}  ", "é".repeat(PlatformWords::LONGEST + 1)));
        assert_eq!(words.text, "é".repeat(PlatformWords::LONGEST));
        assert_eq!((words.status, words.code), (None, None));
    }
}
