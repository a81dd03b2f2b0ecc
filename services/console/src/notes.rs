//! Notes: what they are on, whom they concern, who may see them.

use std::collections::BTreeSet;

use domain::{Code, PauseScope, Target, TenantId};
use ledger::{Note, Outlet};

use crate::{Console, Problem, access::Caller, api, scope};

/// What a note may be on.
pub(crate) struct Subject {
    /// As it is kept, and as it is written.
    pub name: String,
    /// Whose the thing is, if it is one tenant's.
    pub tenant: Option<TenantId>,
    /// The scope that it is, unless it is a cause.
    pub scope: Option<PauseScope>,
}

/// Reads what a note is to be on.
///
/// # Errors
/// The text is nothing that a note can be on.
pub(crate) fn subject(text: &str) -> Result<Subject, Problem> {
    let wrong = |why: String| {
        let forms = "cause:GROUP, account:TENANT/CHANNEL/NAME, channel:NAME, app:NAME";
        Problem::field("$.on", Code::BAD_FIELD, format!("{why}; a note is on one of {forms}"))
    };
    if let Some(group) = text.strip_prefix("cause:") {
        let is_group = group == "-" || group.splitn(3, '/').count() == 3;
        if !is_group || group.len() > 500 {
            return Err(wrong("a cause is written as `oncepost failures` shows it, as OP-2102/account/-".into()));
        }
        return Ok(Subject { name: text.into(), tenant: None, scope: None });
    }
    let read = scope::read(text).map_err(|problem| {
        wrong(problem.problems.first().map_or_else(String::new, |problem| {
            problem.message.split_once(';').map_or(problem.message.clone(), |(why, _)| why.to_owned())
        }))
    })?;
    match read {
        PauseScope::All | PauseScope::Tenant { .. } => Err(wrong(format!("{text} takes no note"))),
        found => Ok(Subject { name: found.to_string(), tenant: scope::tenant_of(&found).cloned(), scope: Some(found) }),
    }
}

/// What notes on one thing or another would concern.
#[derive(Default)]
pub(crate) struct Concerned(BTreeSet<String>);

impl Concerned {
    /// The cause of this key.
    pub fn cause(&mut self, group: &str) {
        self.0.insert(format!("cause:{group}"));
    }

    /// An account, its channel and its app.
    pub fn place(&mut self, place: &Outlet) {
        let Outlet { tenant, channel, account, app } = place;
        self.0.insert(format!("account:{tenant}/{channel}/{account}"));
        self.0.insert(format!("channel:{channel}"));
        self.0.extend(app.as_ref().map(|app| format!("app:{app}")));
    }

    /// A target, and what went wrong with it if a person is needed.
    pub fn target(target: &Target) -> Self {
        let mut concerned = Self::default();
        let Target { tenant, channel, account, app, .. } = target.clone();
        concerned.place(&Outlet { tenant, channel, account, app });
        if let Some(failure) = target.last_failure.as_ref().filter(|_| target.listed.is_some()) {
            concerned.cause(&failure.group());
        }
        concerned
    }

    /// Those of `notes` that concern it and that `caller` may see.
    pub fn among(&self, notes: &[Note], caller: &Caller) -> Vec<api::Note> {
        let concerning = notes.iter().filter(|note| self.0.contains(&note.subject) && may_see(caller, note));
        concerning.cloned().map(shown).collect()
    }
}

/// A tenant sees the notes on its own accounts. What operators note of causes, channels and apps is theirs.
pub(crate) fn may_see(caller: &Caller, note: &Note) -> bool {
    caller.tenant.is_none() || caller.tenant == note.tenant
}

/// A note as callers see it.
pub(crate) fn shown(note: Note) -> api::Note {
    let Note { id, subject, text, who, at, until, .. } = note;
    api::Note { id, on: subject, text, by: who, at, until }
}

impl Console {
    /// The notes that concern something. They are an addition: when they cannot be read, there are none.
    pub(crate) async fn noted(&self, concerned: &Concerned, caller: &Caller) -> Vec<api::Note> {
        match self.notes.notes(None).await {
            Ok(notes) => concerned.among(&notes, caller),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "notes cannot be read");
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_on_a_cause_an_account_a_channel_or_an_app() {
        let on =
            |text: &str| subject(text).map(|subject| (subject.name, subject.tenant.map(|tenant| tenant.to_string())));
        for text in ["cause:OP-2102/account/-", "cause:OP-2001/post/a/b", "cause:-", "channel:mastodon", "app:x"] {
            assert_eq!(on(text).unwrap(), (text.to_owned(), None));
        }
        let (name, tenant) = on("account:acme/mastodon/main").unwrap();
        assert_eq!((name.as_str(), tenant.as_deref()), ("account:acme/mastodon/main", Some("acme")));
        for text in ["", "all", "tenant:acme", "cause:", "cause:OP-2102", "OP-2102/account/-", "account:acme/main"] {
            let problem = subject(text).err().unwrap();
            assert!(problem.detail.contains("a note is on one of cause:GROUP"), "{text}: {}", problem.detail);
            assert_eq!(problem.detail.matches("one of").count(), 1, "{}", problem.detail);
        }
    }
}
