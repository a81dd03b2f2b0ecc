//! Where a failure leads.

use crate::{Failure, Landed, Worth};

/// Where a failed attempt leads, before budgets and deadlines are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// It is out, with a remark.
    Success,
    /// Settle what happened before anything is sent again.
    Doubt,
    /// Try again, at the cost of one try.
    Retry,
    /// Try again; the failure was not the post's fault and costs nothing.
    FreeRetry,
    /// A person is needed.
    Dead,
}

/// Where `failure` leads: `Unknown` is always a doubt, whatever else it says.
pub fn route(failure: &Failure) -> Route {
    match (failure.landed, failure.worth) {
        (Landed::Yes, _) => Route::Success,
        (Landed::Unknown, _) => Route::Doubt,
        (Landed::No, Worth::Retry { .. }) if failure.is_free() => Route::FreeRetry,
        (Landed::No, Worth::Retry { .. }) => Route::Retry,
        (Landed::No, Worth::AfterFix { .. } | Worth::Never) => Route::Dead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Fix, PlatformWords, Scope};

    #[test]
    fn every_combination_has_its_route() {
        let retry = Worth::Retry { not_before: None };
        let fix = Worth::AfterFix { fix: Fix::Content };
        let table = [
            (Landed::Yes, retry, Scope::Post, Code::CONTENT_REFUSED, Route::Success),
            (Landed::Yes, Worth::Never, Scope::System, Code::OWN_HICCUP, Route::Success),
            (Landed::Unknown, retry, Scope::Post, Code::NO_ANSWER, Route::Doubt),
            (Landed::Unknown, fix, Scope::Account, Code::TOKEN_REVOKED, Route::Doubt),
            (Landed::Unknown, Worth::Never, Scope::Post, Code::CONTENT_REFUSED, Route::Doubt),
            (Landed::Unknown, retry, Scope::Account, Code::RATE_LIMITED_ACCOUNT, Route::Doubt),
            (Landed::No, retry, Scope::Channel, Code::OUT_OF_ORDER, Route::Retry),
            (Landed::No, retry, Scope::Account, Code::RATE_LIMITED_ACCOUNT, Route::FreeRetry),
            (Landed::No, retry, Scope::App, Code::RATE_LIMITED_APP, Route::FreeRetry),
            (Landed::No, retry, Scope::System, Code::OWN_HICCUP, Route::FreeRetry),
            (Landed::No, retry, Scope::Account, Code::TOKEN_PENDING, Route::FreeRetry),
            (Landed::Unknown, retry, Scope::Account, Code::TOKEN_PENDING, Route::Doubt),
            (Landed::No, fix, Scope::Account, Code::TOKEN_REVOKED, Route::Dead),
            (Landed::No, Worth::Never, Scope::Post, Code::CONTENT_REFUSED, Route::Dead),
        ];
        for (landed, worth, scope, code, expected) in table {
            let failure = Failure { code, landed, worth, scope, step: "s".into(), said: PlatformWords::default() };
            assert_eq!(route(&failure), expected, "{landed:?} {worth:?} {scope:?} {code}");
        }
    }
}
