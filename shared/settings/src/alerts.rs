//! Alerts: who is told that something needs a person.

use std::{collections::BTreeSet, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use email_address::EmailAddress;
use serde::{Deserialize, Serialize};

use crate::{Problem, SecretRef, span};

/// Alerts for groups of failures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alerts {
    /// A Slack-compatible incoming webhook; absent: no chat is told. Its address is a secret.
    pub slack_url: Option<SecretRef>,
    /// Who is told by mail; absent: nobody.
    pub mail: Option<Mail>,
    /// After how long people are reminded of a group that nobody has mended.
    #[serde(with = "span")]
    pub old_after: Duration,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { slack_url: None, mail: None, old_after: Duration::from_secs(4 * 3600) }
    }
}

/// Alerts by mail, through one SMTP server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// The SMTP server's name or address.
    pub host: String,
    /// Its port; absent: the usual one for `tls`.
    pub port: Option<u16>,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// The name to log in with; absent: without logging in.
    pub username: Option<String>,
    /// The password for it: a secret.
    pub password: Option<SecretRef>,
    /// Whom the messages are from: an address, or a name and an address in angle brackets.
    pub from: String,
    /// Who is told: addresses. What each has been told is kept apart.
    pub to: Vec<String>,
    /// A file of certificates (PEM) that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
}

impl Mail {
    /// The server's port.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            MailTls::StartTls => 587,
            MailTls::Tls => 465,
            MailTls::None => 25,
        })
    }
}

/// How the connection to an SMTP server is encrypted. Never by chance: a server that offers less is told nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// It begins in clear and must be encrypted before anything is said.
    #[default]
    StartTls,
    /// It is encrypted from its first byte.
    Tls,
    /// Not at all: for a server on this machine only.
    None,
}

/// Checks that people can be told as the settings say.
pub(crate) fn check(alerts: &Alerts, problems: &mut Vec<Problem>) {
    if let Some(url) = &alerts.slack_url {
        let is_web = url::Url::parse(url.secret().reveal()).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        // One that was not found is told of already.
        if !is_web && !url.secret().reveal().is_empty() {
            let remedy = "give the whole address of an incoming webhook, such as https://hooks.slack.com/services/…";
            problems.push(Problem::new("alerts.slack_url", "is not a web address", remedy));
        }
    }
    if let Some(settings) = &alerts.mail {
        mail(settings, problems);
    }
}

fn mail(mail: &Mail, problems: &mut Vec<Problem>) {
    let mut need = |holds: bool, key: &str, problem: &str, remedy: &str| {
        if !holds {
            problems.push(Problem::new(format!("alerts.mail.{key}"), problem, remedy));
        }
    };
    let is_address = mail.host.parse::<IpAddr>().is_ok();
    let is_name =
        !mail.host.is_empty() && mail.host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let problem = "is not the name or address of a server";
    need(
        is_address || is_name,
        "host",
        problem,
        "write it alone, as smtp.acme.example; the port goes into alerts.mail.port",
    );
    need(mail.port != Some(0), "port", "must not be zero", "leave it out for the usual one");
    let is_here = mail.host == "localhost" || mail.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let problem = "is none, and the server is not on this machine: alerts and the password would travel in clear";
    need(mail.tls != MailTls::None || is_here, "tls", problem, "write starttls or tls");
    let is_whole = mail.username.is_some() == mail.password.is_some();
    need(is_whole, "username", "one is set without the other", "set username and password, or neither");
    let is_mailbox = |text: &str| EmailAddress::from_str(text).is_ok() && !text.contains(char::is_control);
    let remedy = "write an address, as oncepost@acme.example, or `oncepost <oncepost@acme.example>`";
    need(is_mailbox(&mail.from), "from", "is not a mail address", remedy);
    need(
        !mail.to.is_empty(),
        "to",
        "is empty: nobody would be told",
        "list who is to be told, or leave alerts.mail out",
    );
    let mut seen = BTreeSet::new();
    for (n, to) in mail.to.iter().enumerate() {
        let is_plain = is_mailbox(to) && !to.contains(['<', '>', ' ']);
        need(is_plain, &format!("to[{n}]"), "is not a mail address", "write the address alone, as ann@acme.example");
        need(seen.insert(to.to_lowercase()), &format!("to[{n}]"), "is there twice", "leave one of them out");
    }
}
