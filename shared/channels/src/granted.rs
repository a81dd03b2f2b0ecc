//! Calls for tokens, as OAuth has them: what an answer grants, and what one that grants nothing means.

use std::time::Duration;

use domain::{Code, Failure, Fix, Landed, Scope, Worth};
use jiff::Timestamp;
use reqwest::RequestBuilder;
use serde_json::Value;

use crate::{Answer, Http, RefreshRepeat, Secret, Tokens};

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// A channel's call for tokens.
pub(crate) struct Grant {
    /// The step's name.
    pub step: &'static str,
    /// No access token of the platform lives longer: a longer life is a mistake, and is not believed.
    pub longest: Duration,
    /// The same of a refresh token.
    pub longest_refresh: Duration,
    /// What a repeat of the call does.
    pub repeat: RefreshRepeat,
}

impl Grant {
    /// Makes the call. What an answer that grants nothing means, `judge` says, by the channel's table.
    ///
    /// # Errors
    /// [`Landed::Unknown`] if what was shown may be used up, and the answer that replaces it is lost. What is no word of the
    /// credentials is worth another try: it is never a dead token.
    pub async fn ask(
        &self,
        http: &Http,
        request: RequestBuilder,
        judge: impl FnOnce(&Answer) -> Failure,
    ) -> Result<Tokens, Failure> {
        let answer = http.free(self.step, request).await.map_err(|failure| unless_unsent(failure, |f| self.lost(f)))?;
        self.read(&answer).ok_or_else(|| self.refused(&answer, judge(&answer)))
    }

    /// The tokens in an answer, if it holds any.
    pub fn read(&self, answer: &Answer) -> Option<Tokens> {
        let body: Value = answer.json().filter(|_| answer.is_success())?;
        tokens(&body, answer.at, [self.longest, self.longest_refresh])
    }

    fn refused(&self, answer: &Answer, failure: Failure) -> Failure {
        let failure = by_the_standard(answer, failure);
        // A client's error is told before anything is done, unless something between us and the platform grew tired of waiting.
        let refused = (400..500).contains(&answer.status) && answer.status != 408;
        let known = !matches!(failure.code, Code::OUT_OF_ORDER | Code::STRANGE_ANSWER);
        if refused || known { failure } else { self.lost(failure) }
    }

    /// The platform may have granted tokens all the same.
    fn lost(&self, failure: Failure) -> Failure {
        let landed = if self.repeat.rotates() { Landed::Unknown } else { failure.landed };
        Failure { landed, ..failure }
    }
}

/// The tokens that the body of a success holds, if it holds any, got at this time. What it does not hold, or holds as an empty text, is
/// absent, and so is a life that is not believed: one that is longer than the `longest` of an access and of a refresh token.
pub(crate) fn tokens(body: &Value, at: Timestamp, [longest, longest_refresh]: [Duration; 2]) -> Option<Tokens> {
    let token = |name: &str| body[name].as_str().map(str::trim).filter(|token| !token.is_empty()).map(Secret::new);
    let seconds = |name: &str| number(&body[name]).map(Duration::from_secs);
    let end = |life: Option<Duration>, longest: Duration| {
        at.checked_add(life.filter(|life| !life.is_zero() && *life <= longest)?).ok()
    };
    let life = seconds("expires_in").or_else(|| number(&body["expires_in_ms"]).map(Duration::from_millis));
    let refresh_life = seconds("refresh_token_expires_in")
        .or_else(|| seconds("refresh_expires_in"))
        .or_else(|| until(&body["refresh_token_expires_at"], at));
    Some(Tokens {
        // Slack refuses with a status of success.
        access: token("access_token").filter(|_| body["ok"] != false)?,
        refresh: token("refresh_token"),
        expires_at: end(life, longest),
        refresh_expires_at: end(refresh_life, longest_refresh),
        scopes: listed(&body["scope"]).or_else(|| listed(&body["permissions"])),
    })
}

/// What a call without an answer means: as `lost` has it, unless it surely was not sent.
pub(crate) fn unless_unsent(failure: Failure, lost: impl FnOnce(Failure) -> Failure) -> Failure {
    if failure.code == Code::UNREACHABLE { failure } else { lost(failure) }
}

/// What OAuth itself says of an error that the channel's table does not know. Nothing that is said of tokens ends a post for good.
fn by_the_standard(answer: &Answer, failure: Failure) -> Failure {
    if failure.code != Code::STRANGE_ANSWER && failure.worth != Worth::Never {
        return failure;
    }
    let body: Value = answer.json().filter(|_| (400..500).contains(&answer.status)).unwrap_or_default();
    let (code, worth, scope) = match body["error"].as_str() {
        Some("invalid_grant") => (Code::TOKEN_REVOKED, Worth::AfterFix { fix: Fix::Reconnect }, Scope::Account),
        Some("invalid_client" | "unauthorized_client") => {
            (Code::APP_MISCONFIGURED, Worth::AfterFix { fix: Fix::Setup }, Scope::App)
        }
        _ => (Code::STRANGE_ANSWER, Worth::Retry { not_before: failure.not_before() }, Scope::Channel),
    };
    Failure { code, worth, scope, ..failure }
}

/// A number, written as one or as a text; none below zero.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The permissions in a list with blanks or commas between them.
pub(crate) fn scopes(list: &str) -> Vec<String> {
    let split = list.split(|c: char| c == ',' || c.is_whitespace());
    split.filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// Permissions as platforms write them: in a text or in a list.
fn listed(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(scopes(text)),
        Value::Array(list) => Some(list.iter().filter_map(Value::as_str).flat_map(scopes).collect()),
        _ => None,
    }
}

/// How long it is until a time in seconds since 1970.
fn until(value: &Value, now: Timestamp) -> Option<Duration> {
    let at = Timestamp::from_second(i64::try_from(number(value)?).ok()?).ok()?;
    Duration::try_from(at.duration_since(now)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::answer;

    const GRANT: Grant =
        Grant { step: "step", longest: DAY, longest_refresh: DAY.saturating_mul(90), repeat: RefreshRepeat::Kills };

    fn read(body: &str) -> Option<Tokens> {
        GRANT.read(&answer(false, 200, &[], body))
    }

    fn ends(body: &str) -> [Option<i64>; 2] {
        let tokens = read(body).unwrap();
        [tokens.expires_at, tokens.refresh_expires_at].map(|at| at.map(Timestamp::as_second))
    }

    #[test]
    fn t01_an_empty_token_is_none() {
        let tokens = read(r#"{"access_token":"new","refresh_token":" ","scope":"a, b\tc"}"#).unwrap();
        assert_eq!((tokens.access.reveal(), tokens.refresh), ("new", None));
        assert_eq!(tokens.scopes.unwrap(), ["a", "b", "c"]);
        for nothing in [r#"{"access_token":""}"#, r#"{"refresh_token":"r"}"#, "<html>", r#"{"access_token":7}"#] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
        assert_eq!(read(r#"{"ok":false,"access_token":"new"}"#), None, "so Slack refuses");
        assert_eq!(GRANT.read(&answer(false, 400, &[], r#"{"access_token":"new"}"#)), None);
    }

    #[test]
    fn t01_an_end_in_31_years_or_now_is_not_believed() {
        let table = [
            (r#""expires_in":3599,"refresh_token_expires_in":604799"#, [Some(3599), Some(604_799)]),
            (r#""expires_in":"3599","refresh_expires_in":" 60 ""#, [Some(3599), Some(60)]),
            (r#""expires_in_ms":5000,"refresh_token_expires_at":60"#, [Some(5), Some(60)]),
            (r#""expires_in":86400,"refresh_expires_in":7776000"#, [Some(86_400), Some(7_776_000)]),
            (r#""expires_in":86401,"refresh_expires_in":7776001"#, [None, None]),
            (r#""expires_in":978307200,"refresh_token_expires_in":978307200"#, [None, None]),
            (r#""expires_in":978307200000,"refresh_token_expires_at":978307200"#, [None, None]),
            (r#""expires_in":0,"refresh_token_expires_in":"0""#, [None, None]),
            (r#""expires_in":-5,"refresh_token_expires_in":"-5""#, [None, None]),
            (r#""expires_in":18446744073709551615,"refresh_token_expires_at":18446744073709551615"#, [None, None]),
            (r#""expires_in":"soon","refresh_token_expires_in":null"#, [None, None]),
            (r#""refresh_token_expires_at":"never""#, [None, None]),
        ];
        for (lives, expected) in table {
            assert_eq!(ends(&format!(r#"{{"access_token":"new",{lives}}}"#)), expected, "{lives}");
        }
    }

    #[test]
    fn t01_what_is_odd_beside_the_tokens_does_not_lose_them() {
        let tokens = read(r#"{"access_token":"new","refresh_token":"next","expires_in":{},"scope":7}"#).unwrap();
        assert_eq!((tokens.refresh.unwrap().reveal(), tokens.expires_at, tokens.scopes), ("next", None, None));
    }
}
