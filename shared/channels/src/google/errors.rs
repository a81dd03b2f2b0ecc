//! The errors that Google's APIs share: `{"error": {"code", "status", "message", "errors": [{"reason", …}]}}`, of which newer ones
//! leave `errors` out. Token calls answer `{"error", "error_description"}`.

use domain::{Code, Fix, Scope};

use super::tokens::{GRANTED, RENEW};
use crate::{Row, Told};

/// The reason says most, where there is one.
pub(crate) const CODE_AT: &[&str] = &["/error/errors/0/reason", "/error/status", "/error"];
pub(crate) const TEXT_AT: &[&str] = &["/error/message", "/error_description"];
pub(crate) const TOLD: &[Told] = &[Told::RetryAfter];
/// Of these the quota is one of a day.
pub(crate) const DAILY: [&str; 2] = ["quotaExceeded", "dailyLimitExceeded"];

/// What the shared answers mean: who may, and how often. Both are decided before a call is worked on.
pub(crate) const ROWS: [Row; 18] = [
    // Google says no more than that: withdrawn, unused for six months, a seventh day of an app that is only tested.
    Row::on(0).at(RENEW).coded("invalid_grant").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
    Row::on(401).at(RENEW).fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
    Row::on(400).at(RENEW).coded("unauthorized_client").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
    Row::on(400).at(GRANTED).coded("invalid_token").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
    Row::on(401).fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
    Row::on(403).coded("quotaExceeded").retry(Code::RATE_LIMITED_APP, Scope::App),
    Row::on(403).coded("dailyLimitExceeded").retry(Code::RATE_LIMITED_APP, Scope::App),
    Row::on(403).coded("rateLimitExceeded").retry(Code::RATE_LIMITED_APP, Scope::App),
    Row::on(403).coded("userRateLimitExceeded").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    Row::on(429).coded("userRateLimitExceeded").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    Row::on(429).saying("per user").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    Row::on(429).retry(Code::RATE_LIMITED_APP, Scope::App),
    Row::on(403).coded("accessNotConfigured").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
    Row::on(403).saying("has not been used in project").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
    Row::on(403).coded("insufficientPermissions").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(403).saying("insufficient authentication scopes").fix(
        Code::PERMISSION_MISSING,
        Scope::Account,
        Fix::Permission,
    ),
    Row::on(403).coded("forbidden").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(403).coded("PERMISSION_DENIED").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
];

/// A channel's own rows, then the shared ones.
pub(crate) const fn with_shared<const OWN: usize, const ALL: usize>(own: [Row; OWN]) -> [Row; ALL] {
    assert!(ALL == OWN + ROWS.len(), "as many rows as both have");
    let mut all = [ROWS[0]; ALL];
    let mut n = 0;
    while n < ALL {
        all[n] = if n < OWN { own[n] } else { ROWS[n - OWN] };
        n += 1;
    }
    all
}
