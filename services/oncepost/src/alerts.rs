//! `oncepost alerts`: whether people can be told.

use std::{fs, process::ExitCode};

use channels::{Foreign, ForeignOptions, Secret};
use clap::Subcommand;
use notifier::{MailOptions, MailTls, Untold, Ways};
use runtime::Runtime;
use serde_json::json;
use settings::{Mail, Settings};

use crate::{complain, failure::Failure, say};

/// What can be done about alerts.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum AlertsCommand {
    /// Send a message that says that it is a test by each way that the settings name, and say what came of it
    Test,
}

/// How people are told, by the settings.
///
/// # Errors
/// What of the settings cannot be used.
pub fn ways(settings: &Settings, runtime: &Runtime) -> Result<Ways, Failure> {
    // The operators name them themselves: they may be in their own network.
    let anywhere = ForeignOptions { allow_private: true, ..ForeignOptions::default() };
    let outside = Foreign::new(&anywhere, runtime.clone())
        .map_err(|error| Failure::of("make the HTTP client for alerts", error))?;
    let slack = settings.alerts.slack_url.as_ref().map(|slack| Secret::new(slack.secret().reveal()));
    let mail = settings.alerts.mail.as_ref().map(mail).transpose()?;
    Ways::new(runtime, outside, slack.as_ref(), mail.as_ref())
        .map_err(|why| Failure::new("tell people of failures", why))
}

fn mail(mail: &Mail) -> Result<MailOptions, Failure> {
    let trusted = mail.ca_file.as_ref().map(fs::read).transpose().map_err(|error| {
        Failure::of("read alerts.mail.ca_file", error).remedy("Mount the file, or correct its path or its permissions.")
    })?;
    let login = mail.username.clone().zip(mail.password.as_ref());
    Ok(MailOptions {
        host: mail.host.clone(),
        port: mail.port(),
        tls: match mail.tls {
            settings::MailTls::StartTls => MailTls::StartTls,
            settings::MailTls::Tls => MailTls::Tls,
            settings::MailTls::None => MailTls::None,
        },
        login: login.map(|(name, password)| (name, Secret::new(password.secret().reveal()))),
        from: mail.from.clone(),
        to: mail.to.clone(),
        trusted,
    })
}

/// Carries a command out. 0: all were told; 1: somebody was not, or there is nobody to tell.
pub async fn run(command: AlertsCommand, settings: &Settings, as_json: bool) -> ExitCode {
    let AlertsCommand::Test = command;
    let runtime = Runtime::system();
    let ways = match ways(settings, &runtime) {
        Ok(ways) => ways,
        Err(failure) => {
            complain(&format!("oncepost: {failure}"));
            return ExitCode::FAILURE;
        }
    };
    let tested = ways.test(&runtime, settings.api.public_url.as_ref()).await;
    say(&if as_json { in_json(&tested) } else { in_words(&tested) });
    if !tested.is_empty() && tested.iter().all(|(_, outcome)| outcome.is_ok()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What came of a test: a way, and why it did not work.
type Tested = [(String, Result<(), Untold>)];

fn in_words(tested: &Tested) -> String {
    if tested.is_empty() {
        return "Nobody is told: the settings name neither alerts.slack_url nor alerts.mail. docs/alerts.md says how."
            .into();
    }
    let line = |(way, outcome): &(String, Result<(), Untold>)| match outcome {
        Ok(()) => format!("told      {way}: taken. Look whether the message has arrived"),
        Err(Untold { why, remedy, .. }) => format!("NOT told  {way}: {why}\n          To mend it: {remedy}"),
    };
    let lines: Vec<_> = tested.iter().map(line).collect();
    lines.join("\n")
}

fn in_json(tested: &Tested) -> String {
    let way = |(way, outcome): &(String, Result<(), Untold>)| match outcome {
        Ok(()) => json!({ "way": way, "told": true }),
        Err(Untold { why, remedy, .. }) => json!({ "way": way, "told": false, "why": why, "remedy": remedy }),
    };
    let ways: Vec<_> = tested.iter().map(way).collect();
    format!("{:#}", json!({ "ways": ways }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_a_test_is_told_way_by_way() {
        let untold =
            Untold { why: "refused: 535".into(), remedy: "see whether the password is right".into(), all_alike: true };
        let tested = [("the chat at a.example".to_owned(), Ok(())), ("mail to b@c.example".to_owned(), Err(untold))];
        let told = in_words(&tested);
        assert_eq!(
            told,
            "told      the chat at a.example: taken. Look whether the message has arrived\n\
             NOT told  mail to b@c.example: refused: 535\n          To mend it: see whether the password is right"
        );
        assert!(in_json(&tested).contains("\"told\": false"));
        assert!(in_words(&[]).contains("alerts.mail"));
    }
}
