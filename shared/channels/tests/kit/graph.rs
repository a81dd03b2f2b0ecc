//! Errors as Meta's Graph APIs write them, and what those mean that all of them share.

use domain::{Code, Fix, Scope, Worth};

use super::rows::{Case, RETRY, fix, free, point};

/// The body of an error. Kept for as long as the test runs.
pub fn body(code: i64, finer: u64, message: &str) -> &'static str {
    let finer = if finer == 0 { String::new() } else { format!(r#","error_subcode":{finer}"#) };
    format!(r#"{{"error":{{"message":"{message}","type":"OAuthException","code":{code}{finer}}}}}"#).leak()
}

/// An error at a publish point that proves that nothing was published.
pub fn refused(step: &'static str, code: i64, finer: u64) -> Case {
    point(step, 400, body(code, finer, "said"))
}

/// The same error of a step before it.
pub fn before(step: &'static str, code: i64, finer: u64) -> Case {
    free(step, 400, body(code, finer, "said"))
}

/// A case for each of the rows that all tables of Graph APIs end with.
pub fn shared(step: &'static str) -> Vec<Case> {
    let account = |code, finer, failure, worth| refused(step, code, finer).is(failure, worth, Scope::Account);
    let limited = |code| account(code, 0, Code::RATE_LIMITED_ACCOUNT, RETRY);
    let permission = |code| account(code, 0, Code::PERMISSION_MISSING, fix(Fix::Permission));
    let crowded = body(80_002, 0, "There have been too many calls to this Instagram account.");
    let app = point(step, 400, body(4, 1_349_210, "(#4) Application request limit reached"));
    vec![
        account(190, 463, Code::TOKEN_EXPIRED, fix(Fix::Reconnect)),
        account(190, 459, Code::ACCOUNT_RESTRICTED, fix(Fix::Account)),
        account(190, 464, Code::ACCOUNT_RESTRICTED, fix(Fix::Account)),
        account(190, 460, Code::TOKEN_REVOKED, fix(Fix::Reconnect)),
        account(102, 0, Code::TOKEN_REVOKED, fix(Fix::Reconnect)),
        permission(10),
        permission(200),
        permission(299),
        refused(step, 3, 0).is(Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::App),
        refused(step, 4, 0).is(Code::RATE_LIMITED_APP, RETRY, Scope::App),
        app.is(Code::RATE_LIMITED_APP, RETRY, Scope::App),
        refused(step, 341, 0).is(Code::RATE_LIMITED_APP, RETRY, Scope::App),
        limited(17),
        limited(32),
        limited(613),
        point(step, 400, crowded).is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account),
        point(step, 429, "").is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account),
        limited(368).in_doubt(),
        refused(step, 1, 99).is(Code::OUT_OF_ORDER, RETRY, Scope::Channel).in_doubt(),
        refused(step, 2, 0).is(Code::OUT_OF_ORDER, RETRY, Scope::Channel).in_doubt(),
        refused(step, 100, 33).is(Code::STRANGE_ANSWER, RETRY, Scope::Post).in_doubt(),
    ]
}

/// Media and texts that the platform refuses while a container is made.
pub fn content(step: &'static str, code: i64, finer: u64, failure: Code) -> Case {
    before(step, code, finer).is(failure, Worth::Never, Scope::Post)
}
