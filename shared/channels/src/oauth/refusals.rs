//! What it means when a code is refused: one table for all servers. Most keep to RFC 6749, 5.2; Meta, Slack and Pinterest have words
//! of their own.
//!
//! A code is refused by what the app is, by what the link said, or by what the code is. Only the last is mended by a new link.

use domain::{Code, Fix, Scope};

use crate::{Row, Table, Told};

/// What the answers to an exchange mean.
pub(super) static TABLE: Table = Table {
    code_at: &["/error/code /error/error_subcode", "/error", "/code"],
    text_at: &["/error_description", "/error/message", "/error_message", "/message", "/error"],
    told: &[Told::RetryAfter],
    rows: &[
        used_up(Row::on(0).coded("invalid_grant")),
        // LinkedIn says both at once: the redirect is the link's own, so it is the code.
        used_up(Row::on(4).saying("authorization code expired")),
        // Slack.
        used_up(Row::on(0).coded("invalid_code")),
        used_up(Row::on(0).coded("code_already_used")),
        // Meta, on its servers of old and new.
        used_up(Row::on(4).coded("/36007")),
        used_up(Row::on(4).coded("/36009")),
        used_up(Row::on(4).saying("code has")),
        used_up(Row::on(4).saying("code was")),
        // Who asks, and where to.
        by_setup(Row::on(0).coded("redirect_uri_mismatch")),
        by_setup(Row::on(0).coded("bad_redirect_uri")),
        by_setup(Row::on(0).coded("invalid_client")),
        by_setup(Row::on(0).coded("unauthorized_client")),
        by_setup(Row::on(0).coded("invalid_client_id")),
        by_setup(Row::on(0).coded("bad_client_secret")),
        by_setup(Row::on(4).coded("101/")),
        by_setup(Row::on(4).coded("191/")),
        by_setup(Row::on(4).saying("redirect")),
        by_setup(Row::on(4).saying("client secret")),
        by_setup(Row::on(0).coded("unsupported_grant_type")),
        by_setup(Row::on(0).coded("invalid_scope")),
        Row::on(0).coded("access_denied").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
        // X, of the code and of its verifier; Pinterest.
        used_up(Row::on(4).saying("authorization code")),
        used_up(Row::on(4).saying("code verifier")),
        by_setup(Row::on(0).coded("invalid_request")),
        Row::on(429).retry(Code::RATE_LIMITED_APP, Scope::App),
        Row::on(0).coded("ratelimited").retry(Code::RATE_LIMITED_APP, Scope::App),
        by_setup(Row::on(401)),
    ],
};

/// The code is used up, too old, or not for this app: a new one is had by a new link.
const fn used_up(row: Row) -> Row {
    row.fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect)
}

/// The app's registration, or what we know of it, is wrong.
const fn by_setup(row: Row) -> Row {
    row.fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::words::tests::{account, answer};

    #[test]
    fn every_refusal_is_told_for_what_it_is() {
        let (used, setup) = (Code::TOKEN_REVOKED, Code::APP_MISCONFIGURED);
        let said = |error: &str, words: &str| format!(r#"{{"error":"{error}","error_description":"{words}"}}"#);
        let meta = |code: u16, finer: u32, words: &str| {
            format!(r#"{{"error":{{"message":"{words}","code":{code},"error_subcode":{finer}}}}}"#)
        };
        let linkedin =
            "appid/redirect uri/code verifier does not match authorization code. Or authorization code expired.";
        let table = [
            (400, said("invalid_grant", "Bad Request"), used),
            (200, said("invalid_grant", ""), used),
            (400, said("invalid_request", linkedin), used),
            (200, said("invalid_code", ""), used),
            (200, said("code_already_used", ""), used),
            (400, meta(100, 36_007, "expired"), used),
            (400, meta(100, 36_009, "used"), used),
            (
                400,
                r#"{"error_type":"OAuthException","code":400,"error_message":"This authorization code has been used"}"#
                    .into(),
                used,
            ),
            (400, r#"{"code":400,"error_message":"Matching code was not found or was already used"}"#.into(), used),
            (400, said("redirect_uri_mismatch", "Bad Request"), setup),
            (200, said("bad_redirect_uri", ""), setup),
            (401, said("invalid_client", "The OAuth client was not found."), setup),
            (401, said("unauthorized_client", "Missing valid authorization header"), setup),
            (200, said("invalid_client_id", ""), setup),
            (200, said("bad_client_secret", ""), setup),
            (400, meta(101, 0, "Error validating application."), setup),
            (400, meta(191, 0, "The specified URL is not owned by the application"), setup),
            (400, meta(100, 36_008, "Please make sure your redirect_uri is identical"), setup),
            (400, meta(1, 0, "Error validating client secret."), setup),
            (400, said("unsupported_grant_type", ""), setup),
            (400, said("invalid_scope", ""), setup),
            (403, said("access_denied", ""), Code::PERMISSION_MISSING),
            (400, said("invalid_request", "Value passed for the authorization code was invalid."), used),
            (
                400,
                said("invalid_request", "Value passed for the code verifier did not match the code challenge."),
                used,
            ),
            (400, said("invalid_request", "Value passed for the redirect uri did not match."), setup),
            (400, said("invalid_request", "client_secret is missing"), setup),
            (400, r#"{"code":283,"message":"Invalid authorization code."}"#.into(), used),
            (429, String::new(), Code::RATE_LIMITED_APP),
            (200, said("ratelimited", ""), Code::RATE_LIMITED_APP),
            (401, r#"{"message":"Unauthorized","error":401}"#.into(), setup),
        ];
        let account = account("hush");
        let mut met = BTreeSet::new();
        for (status, body, code) in table {
            let answer = answer(false, status, &[], &body);
            assert_eq!(TABLE.judge(&answer, &account).code, code, "{status} {body}");
            met.extend(TABLE.row_of(&answer, &account));
        }
        let unmet: Vec<_> = (0..TABLE.rows.len()).filter(|row| !met.contains(row)).map(|row| TABLE.rows[row]).collect();
        assert!(unmet.is_empty(), "{unmet:?}");
        for (status, body) in [(500, "{}"), (200, "{}"), (200, r#"{"error":"fatal_error"}"#), (404, "<html>")] {
            assert_eq!(TABLE.row_of(&answer(false, status, &[], body), &account), None, "{status} {body}");
        }
    }
}
