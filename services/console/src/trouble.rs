//! What goes wrong with credentials, told to callers.

use axum::http::StatusCode;
use domain::{Code, Failure, PlatformWords, Worth};
use vault::{SealError, VaultError};

use crate::{Problem, api::Wrong};

/// A failure as it is told of an account.
pub(crate) fn wrong(failure: &Failure) -> Wrong {
    let page = failure.code.page();
    Wrong {
        code: Some(failure.code),
        title: page.map_or("Unknown failure", |page| page.title).into(),
        step: failure.step.clone(),
        platform_said: Some(failure.said.clone()).filter(|said| *said != PlatformWords::default()),
        remedy: page.map_or("", |page| page.mend()).into(),
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        let told = sentence(&error.to_string());
        match error {
            VaultError::Refused(all) => Self::unfit(all.iter().map(|why| field(why)).collect()).of_account(),
            VaultError::NoAccount(name) => Self::not_found(format!("account {name}")),
            VaultError::NoApp(name) => Self {
                remedy: "`oncepost apps` (GET /v1/apps) lists those that there are.".into(),
                ..Self::not_found(format!("app {name}"))
            },
            VaultError::NoHook(name) => Self {
                remedy: "`oncepost hooks` (GET /v1/hooks) lists those that there are.".into(),
                ..Self::not_found(format!("hook {name}"))
            },
            VaultError::Changed(_) => {
                // It begins with a name, whose letters are as they are.
                Self::plain(StatusCode::CONFLICT, format!("{error}."), "Look at how it is now (GET), then ask again.")
            }
            VaultError::Link(_) => {
                let remedy = "Ask for a new link: `oncepost accounts link` (POST /v1/accounts/…/link).";
                Self::plain(StatusCode::GONE, told, remedy)
            }
            VaultError::Another { .. } => {
                let remedy = "If it was renamed there, or if another account is meant from now on, say so with `--another` \
                    (\"another\": true).";
                Self::plain(StatusCode::CONFLICT, format!("{error}."), remedy)
            }
            VaultError::NotYet { .. } => {
                let remedy = "Nothing: it is renewed by itself when a post needs it. To connect the account again gives it new tokens at once.";
                Self::plain(StatusCode::CONFLICT, sentence(&told), remedy)
            }
            VaultError::Failed(failure) => {
                Self { remedy: wrong(&failure).remedy, ..Self::coded(status(&failure), failure.code, told) }
            }
            VaultError::Seal(_, SealError::NoKeys) => Self {
                remedy:
                    "Make a key with `oncepost vault key`, name its file or variable in vault.keys of the server's \
                    settings, and start it anew; docs/credentials.md tells how."
                        .into(),
                ..Self::coded(StatusCode::UNPROCESSABLE_ENTITY, Code::CREDENTIALS_MISSING, told)
            },
            VaultError::Seal(..) => Self {
                remedy: "Put the key back that it was sealed with (vault.keys), or connect the account again.".into(),
                ..Self::coded(StatusCode::UNPROCESSABLE_ENTITY, Code::CREDENTIALS_MISSING, told)
            },
            VaultError::Ledger(error) => error.into(),
            VaultError::Record(..) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a record of credentials cannot be read");
                let remedy = "It was written by a newer version, or changed by hand: see docs/upgrades.md.";
                Self::plain(StatusCode::INTERNAL_SERVER_ERROR, told, remedy)
            }
        }
    }
}

impl Problem {
    /// What stands in the way of an account, told with what this address takes.
    fn of_account(mut self) -> Self {
        let remedy = "docs/credentials.md tells how accounts are connected, and the channel's page what each needs.";
        for problem in &mut self.problems {
            problem.remedy = remedy.into();
        }
        Self { remedy: remedy.into(), ..self }
    }

    /// What is asked for cannot be done as things stand.
    pub(crate) fn in_the_way(error: VaultError, remedy: &str) -> Self {
        match error {
            VaultError::Refused(all) => Self::plain(StatusCode::CONFLICT, sentence(&all.join("; ")), remedy),
            error => error.into(),
        }
    }
}

/// A reason such as "settings.x is missing", with its place apart.
fn field(why: &str) -> contract::Problem {
    let (place, rest) = why.split_once(' ').unwrap_or((why, ""));
    let is_field = place.starts_with("settings.") || place.starts_with("secrets.");
    let (path, message) = if is_field { (format!("$.{place}"), rest) } else { ("$".to_owned(), why) };
    contract::Problem::new(path, Code::BAD_FIELD, message)
}

/// What the platform did not do: an answer from behind us, unless a person must act first.
fn status(failure: &Failure) -> StatusCode {
    match (failure.code, failure.worth) {
        (Code::OWN_HICCUP, _) => StatusCode::SERVICE_UNAVAILABLE,
        (Code::CREDENTIALS_MISSING, _) | (_, Worth::AfterFix { .. } | Worth::Never) => StatusCode::UNPROCESSABLE_ENTITY,
        (_, Worth::Retry { .. }) => StatusCode::BAD_GATEWAY,
    }
}

/// The same words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
