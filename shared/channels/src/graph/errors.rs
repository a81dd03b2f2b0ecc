//! The errors that all Graph APIs share. Each answer carries `{"error": {"message", "code", "error_subcode", …}}`.

use domain::{Code, Fix, Scope};

use crate::{Row, Told};

/// Code and subcode, as `190/463`.
pub(crate) const CODE_AT: &[&str] = &["/error/code /error/error_subcode"];
/// What is meant for people says most.
pub(crate) const TEXT_AT: &[&str] = &["/error/error_user_msg", "/error/message"];
pub(crate) const TOLD: &[Told] = &[Told::RetryAfter, Told::BusinessUsage];

/// What the shared answers mean: who may, and how often. These are decided before a call is worked on, so each proves that nothing
/// was published, but for those that were seen to lie.
pub(crate) const ROWS: [Row; 21] = [
    Row::on(4).coded("190/463").fix(Code::TOKEN_EXPIRED, Scope::Account, Fix::Reconnect),
    Row::on(4).coded("190/459").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(4).coded("190/464").fix(Code::ACCOUNT_RESTRICTED, Scope::Account, Fix::Account),
    Row::on(4).coded("190/").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
    Row::on(4).coded("102/").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
    Row::on(4).coded("10/").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(4).coded("200/").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(4).coded("299/").fix(Code::PERMISSION_MISSING, Scope::Account, Fix::Permission),
    Row::on(4).coded("3/").fix(Code::APP_MISCONFIGURED, Scope::App, Fix::Setup),
    Row::on(4).coded("4").retry(Code::RATE_LIMITED_APP, Scope::App),
    Row::on(4).coded("4/").saying("limit reached").retry(Code::RATE_LIMITED_APP, Scope::App),
    Row::on(4).coded("341/").retry(Code::RATE_LIMITED_APP, Scope::App),
    Row::on(4).coded("17/").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    Row::on(4).coded("32/").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    Row::on(4).coded("613/").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    Row::on(4).saying("too many calls").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    Row::on(429).retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    // "You are posting too often, or the same": it waits, and what restricts an account was seen to come after the deed.
    Row::on(4).coded("368/").in_doubt().retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
    // "Unknown" and "temporary": seven of seven such answers to one client were posts.
    Row::on(4).coded("1/").in_doubt().retry(Code::OUT_OF_ORDER, Scope::Channel),
    Row::on(4).coded("2/").in_doubt().retry(Code::OUT_OF_ORDER, Scope::Channel),
    // Also said of what is there, by mistake: it never means that a post is missing.
    Row::on(4).coded("100/33").in_doubt().retry(Code::STRANGE_ANSWER, Scope::Post),
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
