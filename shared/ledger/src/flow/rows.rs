//! Rows as they are read for people, and what they become.

use domain::{Attempt, Override, PostId, State, TargetId, WorkerName, post_status};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    LedgerError, PostSummary, PostView, TargetView,
    record::{Record, instant, number, read_json, state},
};

/// A target with what it changes of its post.
#[derive(sqlx::FromRow)]
pub(super) struct TargetRow {
    #[sqlx(flatten)]
    pub record: Record,
    pub changes: Option<String>,
    pub listed_at: Option<i64>,
}

impl TargetRow {
    pub(super) fn view(self, attempts: Vec<Attempt>) -> Result<TargetView, LedgerError> {
        let id = self.record.id;
        let changes: Override =
            self.changes.map(|text| read_json(id, "the changes", &text)).transpose()?.unwrap_or_default();
        Ok(TargetView { target: self.record.target()?, changes, attempts })
    }
}

/// A row of `attempts`.
#[derive(sqlx::FromRow)]
pub(super) struct AttemptRow {
    pub target: Uuid,
    number: i32,
    kind: String,
    worker: String,
    began_at: i64,
    ended_at: i64,
    outcome: String,
    failure: Option<String>,
}

impl AttemptRow {
    pub(super) fn attempt(self) -> Result<Attempt, LedgerError> {
        let id = TargetId(self.target);
        Ok(Attempt {
            target: id,
            number: number(self.number),
            kind: named(id, "an attempt's kind", self.kind)?,
            worker: WorkerName::new(self.worker).map_err(|why| LedgerError::corrupt(id, "an attempt's worker", why))?,
            began_at: instant(self.began_at),
            ended_at: instant(self.ended_at),
            outcome: named(id, "an attempt's outcome", self.outcome)?,
            failure: self.failure.map(|text| read_json(id, "an attempt's failure", &text)).transpose()?,
        })
    }
}

/// Those of `read` that could be read. What a newer version has written must not hide the rest from people.
pub(super) fn readable<T>(read: impl IntoIterator<Item = Result<T, LedgerError>>) -> Vec<T> {
    let told = |result: Result<T, LedgerError>| match result {
        Ok(row) => Some(row),
        Err(error) => {
            metrics::counter!("oncepost_ledger_rows_left_out_total").increment(1);
            tracing::error!(error = &error as &dyn std::error::Error, "a row is left out of what is shown");
            None
        }
    };
    read.into_iter().filter_map(told).collect()
}

fn named<T: DeserializeOwned>(id: TargetId, what: &str, name: String) -> Result<T, LedgerError> {
    serde_json::from_value(serde_json::Value::String(name)).map_err(|why| LedgerError::corrupt(id, what, why))
}

/// A row of `posts`. `states` lists its targets' states, a listed one with a mark, as `6,7!`.
#[derive(sqlx::FromRow)]
pub(super) struct PostRow {
    pub id: Uuid,
    tenant: String,
    key: String,
    revision: i32,
    pub content: String,
    accepted_at: i64,
    states: Option<String>,
}

impl PostRow {
    pub(super) fn view(self, targets: Vec<TargetView>) -> Result<PostView, LedgerError> {
        let states: Vec<_> = targets.iter().map(|view| (view.target.state, view.target.listed.is_some())).collect();
        Ok(PostView {
            id: PostId(self.id),
            tenant: self.tenant.parse().map_err(|why| LedgerError::corrupt(self.id, "the tenant", why))?,
            key: self.key,
            revision: number(self.revision),
            content: read_json(self.id, "the content", &self.content)?,
            accepted_at: instant(self.accepted_at),
            status: post_status(&states),
            targets,
        })
    }

    pub(super) fn summary(self) -> Result<PostSummary, LedgerError> {
        let states = self.states.as_deref().unwrap_or_default();
        let states: Vec<(State, bool)> = states
            .split(',')
            .filter_map(|text| text.trim_end_matches('!').parse().ok().map(|number| (number, text.ends_with('!'))))
            .map(|(number, listed)| Ok((state(TargetId(self.id), number)?, listed)))
            .collect::<Result<_, LedgerError>>()?;
        let mut counts = std::collections::BTreeMap::new();
        for (state, _) in &states {
            *counts.entry(*state).or_default() += 1;
        }
        let view = self.view(Vec::new())?;
        Ok(PostSummary {
            id: view.id,
            tenant: view.tenant,
            key: view.key,
            excerpt: view.content.text.chars().take(80).collect(),
            accepted_at: view.accepted_at,
            status: post_status(&states),
            states: counts,
        })
    }
}
