//! What platforms' answers mean, as data: one row per answer that is known, and what the unknown ones mean.
//!
//! A row is proof that nothing was published, unless it says otherwise; an answer without a row never is, at a publish point.

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};

use crate::{Account, Answer, Told, told, words};

/// A platform's answers. The first row that fits counts.
#[derive(Debug)]
pub struct Table {
    /// Where the platform's error code stands: JSON pointers, the first that is there. Two with a space between are a code and
    /// its finer code, read as `190/463`.
    pub code_at: &'static [&'static str],
    /// Where the platform's words stand.
    pub text_at: &'static [&'static str],
    /// How the platform says when to come back from a rate limit.
    pub told: &'static [Told],
    /// The answers that are known.
    pub rows: &'static [Row],
}

/// One known answer and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Only steps whose name starts with this.
    pub step: &'static str,
    /// The HTTP status; 0 is any, 4 is any from 400 to 499.
    pub status: u16,
    /// The platform's code; empty is any, and one that ends in `*` is every code that begins so. `190/` is code 190 whatever its finer
    /// code, `/463` that finer code of any code.
    pub said_code: &'static str,
    /// What the platform's words contain, whatever the case; empty is any.
    pub said_text: &'static str,
    /// Which failure it is.
    pub code: Code,
    /// Is another try worth it?
    pub worth: Worth,
    /// What else fails with it.
    pub scope: Scope,
    /// At a publish point: proves that nothing was published.
    pub proof: bool,
}

impl Row {
    /// An answer with this status; 0 is any, 4 is any from 400 to 499.
    pub const fn on(status: u16) -> Self {
        Self {
            step: "",
            status,
            said_code: "",
            said_text: "",
            code: Code::UNCLEAR_ANSWER,
            worth: RETRY,
            scope: Scope::Channel,
            proof: true,
        }
    }

    /// Only at steps whose name starts with this.
    pub const fn at(mut self, step: &'static str) -> Self {
        self.step = step;
        self
    }

    /// Only with this platform code; with `*` at its end, with every code that begins so. Of a code that is an address only the last
    /// segment is compared.
    pub const fn coded(mut self, code: &'static str) -> Self {
        self.said_code = code;
        self
    }

    /// Only if the platform's words contain this.
    pub const fn saying(mut self, text: &'static str) -> Self {
        self.said_text = text;
        self
    }

    /// It means this failure, worth another try, and not before the time the platform tells.
    pub const fn retry(self, code: Code, scope: Scope) -> Self {
        self.means(code, scope, RETRY)
    }

    /// It means this failure, until a person has mended something.
    pub const fn fix(self, code: Code, scope: Scope, fix: Fix) -> Self {
        self.means(code, scope, Worth::AfterFix { fix })
    }

    /// It means this failure, for good.
    pub const fn never(self, code: Code) -> Self {
        self.means(code, Scope::Post, Worth::Never)
    }

    /// At a publish point it proves nothing: the post may be out.
    pub const fn in_doubt(mut self) -> Self {
        self.proof = false;
        self
    }

    const fn means(mut self, code: Code, scope: Scope, worth: Worth) -> Self {
        self.code = code;
        self.scope = scope;
        self.worth = worth;
        self
    }

    fn fits_code(&self, code: &str) -> bool {
        let wanted = self.said_code;
        if let Some(start) = wanted.strip_suffix('*') {
            return code.starts_with(start);
        }
        is_code(code, wanted)
            || wanted.strip_suffix('/').is_some_and(|whole| code == whole || code.starts_with(wanted))
            || (wanted.starts_with('/') && code.ends_with(wanted))
    }

    fn fits(&self, answer: &Answer, words: &PlatformWords) -> bool {
        answer.step.starts_with(self.step)
            && [0, answer.status, answer.status / 100].contains(&self.status)
            && (self.said_code.is_empty() || words.code.as_deref().is_some_and(|code| self.fits_code(code)))
            && (self.said_text.is_empty() || words.text.to_lowercase().contains(&self.said_text.to_lowercase()))
    }
}

fn is_code(said: &str, code: &str) -> bool {
    said == code || (said.starts_with("https://") && said.rsplit('/').next() == Some(code))
}

const RETRY: Worth = Worth::Retry { not_before: None };

impl Table {
    /// What `answer` means as a failure. For every answer that a channel cannot go on with, a success without what was asked
    /// for included.
    pub fn judge(&self, answer: &Answer, account: &Account) -> Failure {
        let said = self.words(answer, account);
        let row = self.rows.iter().find(|row| row.fits(answer, &said));
        let (code, worth, scope, proof) =
            row.map_or_else(|| unknown(answer), |row| (row.code, row.worth, row.scope, row.proof));
        let landed = if proof || !answer.point { Landed::No } else { Landed::Unknown };
        let mut failure = Failure { code, landed, worth, scope, step: answer.step.into(), said };
        if let Worth::Retry { not_before } = &mut failure.worth {
            let limited =
                matches!(code, Code::RATE_LIMITED_ACCOUNT | Code::RATE_LIMITED_APP | Code::RATE_LIMITED_CHANNEL);
            *not_before = told::latest(if limited { self.told } else { &[Told::RetryAfter] }, answer);
        }
        failure
    }

    /// The number of the row that `answer` falls under: for tests, which must meet every row.
    pub fn row_of(&self, answer: &Answer, account: &Account) -> Option<usize> {
        let said = self.words(answer, account);
        self.rows.iter().position(|row| row.fits(answer, &said))
    }

    fn words(&self, answer: &Answer, account: &Account) -> PlatformWords {
        words::of(answer, self.code_at, self.text_at, account)
    }
}

fn unknown(answer: &Answer) -> (Code, Worth, Scope, bool) {
    let code = match (answer.point, answer.status) {
        (true, 200..300) => Code::NO_PROOF,
        (true, 500..) => Code::ERROR_AFTER_SEND,
        (true, _) => Code::UNCLEAR_ANSWER,
        (false, 500..) => Code::OUT_OF_ORDER,
        (false, _) => Code::STRANGE_ANSWER,
    };
    (code, RETRY, Scope::Channel, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::{account, answer};

    const TABLE: Table = Table {
        code_at: &["/error"],
        text_at: &["/message"],
        told: &[Told::RetryAfter, Told::Epoch("ratelimit-reset")],
        rows: &[
            Row::on(400).coded("Again").in_doubt().never(Code::DUPLICATE_REFUSED),
            Row::on(400).coded("Bad*").never(Code::CONTENT_REFUSED),
            Row::on(400).saying("Too BIG").never(Code::CONTENT_REFUSED),
            Row::on(429).at("st").retry(Code::RATE_LIMITED_ACCOUNT, Scope::Account),
            Row::on(429).retry(Code::RATE_LIMITED_CHANNEL, Scope::Channel),
            Row::on(4).coded("190/463").fix(Code::TOKEN_EXPIRED, Scope::Account, Fix::Reconnect),
            Row::on(4).coded("190/").fix(Code::TOKEN_REVOKED, Scope::Account, Fix::Reconnect),
            Row::on(4).coded("/33").never(Code::REFERENCE_GONE),
        ],
    };

    fn judged(point: bool, status: u16, body: &str) -> (Code, Landed) {
        let failure = TABLE.judge(&answer(point, status, &[], body), &account("hush"));
        (failure.code, failure.landed)
    }

    #[test]
    fn the_first_row_that_fits_counts() {
        assert_eq!(judged(true, 400, r#"{"message":"far too big"}"#), (Code::CONTENT_REFUSED, Landed::No));
        assert_eq!(judged(true, 400, r#"{"error":"Again"}"#), (Code::DUPLICATE_REFUSED, Landed::Unknown));
        assert_eq!(judged(false, 400, r#"{"error":"Again"}"#), (Code::DUPLICATE_REFUSED, Landed::No));
        assert_eq!(judged(true, 429, ""), (Code::RATE_LIMITED_ACCOUNT, Landed::No));
        assert_eq!(judged(true, 400, r#"{"error":"BadFlair"}"#), (Code::CONTENT_REFUSED, Landed::No));
        assert_eq!(judged(true, 400, r#"{"error":"NotBad"}"#), (Code::UNCLEAR_ANSWER, Landed::Unknown));
    }

    #[test]
    fn a_code_that_is_an_address_is_known_by_its_end() {
        let address = r#"{"error":"https://platform.example/problems/Again"}"#;
        assert_eq!(judged(true, 400, address).0, Code::DUPLICATE_REFUSED);
        assert_eq!(judged(true, 400, r#"{"error":"problems/Again"}"#).0, Code::UNCLEAR_ANSWER);
    }

    #[test]
    fn a_finer_code_counts_where_the_row_asks_for_it() {
        let code = |status, code: &str| judged(false, status, &format!(r#"{{"error":"{code}"}}"#)).0;
        assert_eq!(code(400, "190/463"), Code::TOKEN_EXPIRED);
        assert_eq!([code(401, "190"), code(400, "190/460")], [Code::TOKEN_REVOKED; 2]);
        assert_eq!(code(404, "100/33"), Code::REFERENCE_GONE);
        assert_eq!([code(400, "1900"), code(400, "100/133"), code(200, "190")], [Code::STRANGE_ANSWER; 3]);
        assert_eq!(code(500, "190"), Code::OUT_OF_ORDER, "a class of statuses is no other");
    }

    #[test]
    fn an_unknown_answer_at_a_publish_point_is_in_doubt() {
        for status in [100, 204, 301, 400, 403, 409, 418, 499, 500, 502, 599] {
            let (_, landed) = judged(true, status, "nobody knows");
            assert_eq!(landed, Landed::Unknown, "{status}");
        }
        assert_eq!(judged(true, 200, "{}").0, Code::NO_PROOF);
        assert_eq!(judged(true, 503, "<html>").0, Code::ERROR_AFTER_SEND);
        assert_eq!(judged(true, 418, "").0, Code::UNCLEAR_ANSWER);
    }

    #[test]
    fn an_unknown_answer_at_a_free_step_is_tried_again() {
        for (status, code) in [(200, Code::STRANGE_ANSWER), (404, Code::STRANGE_ANSWER), (502, Code::OUT_OF_ORDER)] {
            let failure = TABLE.judge(&answer(false, status, &[], ""), &account("hush"));
            assert_eq!((failure.code, failure.landed, failure.worth), (code, Landed::No, RETRY));
        }
    }

    #[test]
    fn a_reset_header_counts_for_a_rate_limit_only() {
        let headers = [("ratelimit-reset", "900")];
        let limited = TABLE.judge(&answer(true, 429, &headers, ""), &account("hush"));
        assert_eq!(limited.not_before().unwrap().as_second(), 900);
        let broken = TABLE.judge(&answer(true, 503, &headers, ""), &account("hush"));
        assert_eq!(broken.not_before(), None);
    }
}
