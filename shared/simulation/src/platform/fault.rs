//! What a platform can do to one publish call, and how that looks to the caller.

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use jiff::Timestamp;

/// What the platform does with one publish call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Commits, and the answer is lost.
    LoseAnswer,
    /// The request is read and nothing is committed; the answer is lost.
    LoseRequest,
    /// The connection is refused.
    Unreachable,
    /// Refuses the content, with proof.
    Refuse,
    /// The token is revoked.
    Revoked,
    /// The app has reached a limit that a person must have raised.
    AppCap,
    /// Asks to come back in this many seconds: the account is too fast.
    RateLimit(u32),
    /// The same, for the whole app.
    AppLimit(u32),
    /// The same, for the whole channel.
    ChannelLimit(u32),
    /// Commits and answers without an id.
    NoId,
    /// Commits and answers with a server error.
    ErrorAfter,
    /// Commits and answers with a refusal that nobody knows.
    Lie,
    /// Commits and answers after this many seconds, whether anybody still waits or not.
    Slow(u32),
}

impl Fault {
    /// The fault's name, in traces.
    pub fn name(self) -> &'static str {
        match self {
            Fault::LoseAnswer => "loses the answer",
            Fault::LoseRequest => "loses the request",
            Fault::Unreachable => "refuses the connection",
            Fault::Refuse => "refuses the content",
            Fault::Revoked => "says that the token is revoked",
            Fault::AppCap => "says that the app has reached its cap",
            Fault::RateLimit(_) => "limits the account",
            Fault::AppLimit(_) => "limits the app",
            Fault::ChannelLimit(_) => "limits everybody",
            Fault::NoId => "answers without an id",
            Fault::ErrorAfter => "commits and answers 500",
            Fault::Lie => "commits and answers with an unknown refusal",
            Fault::Slow(_) => "is slow",
        }
    }

    /// The refusal of a call that was not committed; none where the call goes on.
    pub(super) fn refusal(self, now: Timestamp) -> Option<Failure> {
        let limited = |seconds: u32, code, scope| {
            let told = now + std::time::Duration::from_secs(seconds.into());
            failure(code, Landed::No, Worth::Retry { not_before: Some(told) }, scope)
        };
        let mend = |code, fix, scope| failure(code, Landed::No, Worth::AfterFix { fix }, scope);
        match self {
            Fault::Unreachable => Some(unreachable()),
            Fault::LoseRequest => Some(no_answer()),
            Fault::Refuse => Some(mend(Code::CONTENT_REFUSED, Fix::Content, Scope::Post)),
            Fault::Revoked => Some(mend(Code::TOKEN_REVOKED, Fix::Reconnect, Scope::Account)),
            Fault::AppCap => Some(mend(Code::APP_MISCONFIGURED, Fix::Setup, Scope::App)),
            Fault::RateLimit(seconds) => Some(limited(seconds, Code::RATE_LIMITED_ACCOUNT, Scope::Account)),
            Fault::AppLimit(seconds) => Some(limited(seconds, Code::RATE_LIMITED_APP, Scope::App)),
            Fault::ChannelLimit(seconds) => Some(limited(seconds, Code::RATE_LIMITED_CHANNEL, Scope::Channel)),
            Fault::LoseAnswer | Fault::NoId | Fault::ErrorAfter | Fault::Lie | Fault::Slow(_) => None,
        }
    }

    /// What the caller hears of a call that was committed as `id`.
    pub(super) fn answer(fault: Option<Self>, id: String) -> Result<String, Failure> {
        let unknown = |code| failure(code, Landed::Unknown, again(), Scope::Channel);
        match fault {
            Some(Fault::LoseAnswer) => Err(no_answer()),
            Some(Fault::ErrorAfter) => Err(unknown(Code::ERROR_AFTER_SEND)),
            Some(Fault::Lie) => Err(unknown(Code::UNCLEAR_ANSWER)),
            Some(Fault::NoId) => Ok(String::new()),
            _ => Ok(id),
        }
    }
}

/// The platform could not be reached: nothing was sent.
pub(crate) fn unreachable() -> Failure {
    failure(Code::UNREACHABLE, Landed::No, again(), Scope::Channel)
}

/// The platform was called and nobody knows what came of it.
pub(crate) fn no_answer() -> Failure {
    failure(Code::NO_ANSWER, Landed::Unknown, again(), Scope::Channel)
}

/// The platform's verdict: it took the post and then refused it.
pub(crate) fn rejected() -> Failure {
    failure(Code::CONTENT_REFUSED, Landed::No, Worth::AfterFix { fix: Fix::Content }, Scope::Post)
}

/// The platform's verdict: it took the post, and its own parts failed.
pub(crate) fn given_up() -> Failure {
    failure(Code::OUT_OF_ORDER, Landed::No, again(), Scope::Channel)
}

fn again() -> Worth {
    Worth::Retry { not_before: None }
}

fn failure(code: Code, landed: Landed, worth: Worth, scope: Scope) -> Failure {
    Failure { code, landed, worth, scope, step: "publish".into(), said: PlatformWords::text("fake") }
}
