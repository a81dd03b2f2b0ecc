//! Checks an error table row by row.

use domain::{Code, Fix, Landed, Scope, Worth};
use jiff::Timestamp;
use oncepost_channels::{Account, Answer, Table};

/// An answer at a step, and what it must mean.
pub struct Case {
    pub step: &'static str,
    pub point: bool,
    pub status: u16,
    pub body: &'static str,
    pub code: Code,
    pub landed: Landed,
    pub worth: Worth,
    pub scope: Scope,
}

pub const RETRY: Worth = Worth::Retry { not_before: None };

pub const fn fix(fix: Fix) -> Worth {
    Worth::AfterFix { fix }
}

/// An answer of a publish point.
pub const fn point(step: &'static str, status: u16, body: &'static str) -> Case {
    Case {
        step,
        point: true,
        status,
        body,
        code: Code::UNCLEAR_ANSWER,
        landed: Landed::No,
        worth: RETRY,
        scope: Scope::Post,
    }
}

/// An answer of a free step.
pub const fn free(step: &'static str, status: u16, body: &'static str) -> Case {
    Case { point: false, ..point(step, status, body) }
}

impl Case {
    pub const fn is(self, code: Code, worth: Worth, scope: Scope) -> Self {
        Self { code, worth, scope, ..self }
    }

    pub const fn in_doubt(self) -> Self {
        Self { landed: Landed::Unknown, ..self }
    }

    fn answer(&self) -> Answer {
        Answer {
            step: self.step,
            point: self.point,
            status: self.status,
            headers: Default::default(),
            body: self.body.into(),
            at: Timestamp::UNIX_EPOCH,
        }
    }
}

/// Every case means what it says, the n-th case meets the n-th row, and every row is met.
pub fn check(table: &Table, account: &Account, cases: &[Case]) {
    assert_eq!(cases.len(), table.rows.len(), "one case for each row, in their order");
    for (n, case) in cases.iter().enumerate() {
        let answer = case.answer();
        let name = format!("row {n}: {} {} {}", case.step, case.status, case.body);
        assert_eq!(table.row_of(&answer, account), Some(n), "{name}");
        let failure = table.judge(&answer, account);
        assert_eq!(
            (failure.code, failure.landed, failure.worth, failure.scope),
            (case.code, case.landed, case.worth, case.scope),
            "{name}"
        );
        assert_eq!((failure.step.as_str(), failure.said.status), (case.step, Some(case.status)), "{name}");
    }
}
