//! `oncepost doctor`: checks settings, connections, topology, migrations and clock, and says what to do about each.

use std::time::Duration;

use broker::Source;
use channels::Accounts;
use ledger::{Continuity, CredentialStore, Ledger, RecordKind, Restores};
use runtime::Runtime;
use serde::Serialize;
use settings::Settings;

use crate::{cli::labelled, compose, failure::Failure, stores};

/// How far this machine's clock may be from the ledger's.
const SKEW: Duration = Duration::from_secs(2);
/// How long the broker has to take a connection.
const BROKER: Duration = Duration::from_secs(15);

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    check: &'static str,
    /// Whether it is as it should be.
    ok: bool,
    /// What was found.
    found: String,
    /// What to do, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

impl Finding {
    fn of(check: &'static str, found: Result<String, String>, remedy: &'static str) -> Self {
        match found {
            Ok(found) => Self { check, ok: true, found, remedy: None },
            Err(found) => Self { check, ok: false, found, remedy: Some(remedy) },
        }
    }
}

/// Looks at everything, whether or not something before it failed.
pub async fn examine(settings: &Settings, runtime: &Runtime) -> Vec<Finding> {
    let mut findings = vec![warnings(settings)];
    let channels = compose::registry(settings, runtime);
    findings.push(Finding::of(
        "connectors",
        channels.as_ref().map(|channels| channels.names().join(", ")).map_err(ToString::to_string),
        "report this: the program is built wrongly",
    ));
    findings.extend(ledger(settings, runtime).await);
    if let Ok(channels) = &channels {
        findings.push(broker(settings, runtime, channels).await);
    }
    findings.push(guard(settings, runtime).await);
    if let Ok(channels) = &channels {
        findings.push(accounts(settings, channels).await);
    }
    findings.extend(sign_on(settings, runtime).await);
    findings
}

fn warnings(settings: &Settings) -> Finding {
    let warnings: Vec<_> = settings.warnings().iter().map(ToString::to_string).collect();
    let found = if warnings.is_empty() { Ok("valid and safe".into()) } else { Err(warnings.join("; ")) };
    Finding::of("settings", found, "docs/configuration.md lists every key; the warnings say what to change")
}

async fn ledger(settings: &Settings, runtime: &Runtime) -> Vec<Finding> {
    let remedy = "start PostgreSQL, check ledger.url, and run `oncepost migrate` if the schema is not this program's";
    match stores::ledger(settings, runtime, stores::Migrate::No).await {
        Err(failure) => vec![Finding::of("ledger", Err(failure.bare().to_string()), remedy)],
        Ok(stores::Stores { ledger, credentials, restores, .. }) => {
            let shown = format!("{} answers, schema is up to date", settings.ledger.url);
            let ping =
                ledger.now().await.map(|_| shown).map_err(|error| Failure::of("ask the ledger", error).to_string());
            vec![
                Finding::of("ledger", ping, remedy),
                history(&*restores).await,
                clock(&*ledger, runtime).await,
                vault(settings, &*credentials).await,
            ]
        }
    }
}

/// Whether the ledger holds all of its history, as far as its database can tell.
async fn history(restores: &dyn Restores) -> Finding {
    let found = match restores.standing().await {
        Err(error) => Err(Failure::of("ask the ledger for its history", error).to_string()),
        Ok(standing) => match standing.continuity {
            Continuity::Whole => Ok("whole".into()),
            Continuity::CannotTell => Ok("this database cannot tell whether it was restored: docs/restore.md".into()),
            Continuity::Broken => {
                Err("the database was restored, moved, or taken over; nothing is sent or accepted".into())
            }
        },
    };
    Finding::of(
        "history",
        found,
        "find out from when on its history is lost, then run `oncepost restored`: docs/restore.md",
    )
}

async fn clock(ledger: &dyn Ledger, runtime: &Runtime) -> Finding {
    let before = runtime.now();
    let found = match ledger.now().await {
        Err(error) => Err(Failure::of("ask the ledger for its time", error).to_string()),
        Ok(theirs) => {
            let skew = theirs.duration_since(before).unsigned_abs();
            let text = format!("{} ms from the ledger's", skew.as_millis());
            if skew <= SKEW { Ok(text) } else { Err(text) }
        }
    };
    Finding::of("clock", found, "set the machine's clock by NTP; leases stay safe, but work will look early or late")
}

/// Whether everything that is sealed was sealed with a key that is at hand.
async fn vault(settings: &Settings, credentials: &dyn CredentialStore) -> Finding {
    let found = async {
        let keys = compose::keys(settings).map_err(|failure| failure.to_string())?;
        let mut sealed = 0_usize;
        for kind in RecordKind::ALL {
            let rows = credentials.rows(kind).await;
            for row in rows.map_err(|error| Failure::of("read the sealed records", error).to_string())? {
                let Some(bytes) = &row.sealed else { continue };
                keys.open(&format!("{kind}/{}", row.name), bytes)
                    .map_err(|why| format!("{kind} {}: {why}", row.name))?;
                sealed += 1;
            }
        }
        match (keys.can_seal(), sealed) {
            (false, _) => Ok("no key: accounts are those of the settings, and no token is renewed".into()),
            (true, sealed) => Ok(format!("{sealed} sealed records, all of them open")),
        }
    };
    Finding::of(
        "vault",
        found.await,
        "put the keys that vault.keys named before back; docs/credentials.md tells how keys change",
    )
}

async fn broker(settings: &Settings, runtime: &Runtime, channels: &channels::Registry) -> Finding {
    let found = async {
        let told = |failure: Failure| failure.bare().to_string();
        let broker = stores::Broker::open(settings, runtime, channels, "doctor").map_err(told)?;
        broker.reached(BROKER).await.map_err(told)?;
        let transport = broker.transport();
        let failed = |error| Failure::of("ask the broker", error).to_string();
        transport.ping().await.map_err(failed)?;
        let unrouted = transport.depth(Source::Unrouted).await.map_err(failed)?;
        transport.close().await;
        match unrouted.ready {
            0 => Ok(format!("{} answers, topology is declared, nothing is unrouted", settings.broker.url)),
            n => Err(format!("{n} messages could not be routed")),
        }
    };
    Finding::of(
        "broker",
        found.await,
        "start RabbitMQ, check broker.url; look into the queue oncepost.unrouted if it is not empty",
    )
}

async fn guard(settings: &Settings, runtime: &Runtime) -> Finding {
    let found = async {
        let guard = stores::guard(settings, runtime).map_err(|failure| failure.to_string())?;
        guard.ping().await.map_err(|error| Failure::of("use the guard", error).to_string())?;
        Ok(format!("{} answers", settings.guard.url))
    };
    Finding::of("guard", found.await, "start Redis and check guard.url; until then oncepost is slower, not wrong")
}

async fn accounts(settings: &Settings, registry: &channels::Registry) -> Finding {
    let found = async {
        let accounts = compose::accounts(settings, registry).map_err(|failure| failure.to_string())?;
        let (mut problems, mut without_key) = (Vec::new(), Vec::new());
        for card in accounts.all() {
            let name = format!("{}/{}/{}", card.tenant, card.channel, card.id);
            let app = card.app.as_ref().and_then(|app| settings.apps.get(app));
            let renews = |account: &channels::Account| {
                let mut account = account.clone();
                // That the app has them is enough here.
                for name in app.into_iter().flat_map(|app| app.secrets.keys()) {
                    account.secrets.entry(name.clone()).or_insert_with(|| channels::Secret::new("its app's"));
                }
                registry.get(card.channel.as_str()).is_some_and(|channel| channel.can_renew(&account))
            };
            match accounts.open(&card.tenant, &card.channel, &card.id).await {
                Err(failure) => problems.push(format!("{name}: {}", failure.said.text)),
                Ok(account) if settings.vault.keys.is_empty() && renews(&account) => without_key.push(name),
                Ok(_) => {}
            }
        }
        if !without_key.is_empty() {
            let names = without_key.join(", ");
            problems.push(format!("vault.keys names no key, so no token is renewed of those that could be: {names}"));
        }
        if problems.is_empty() {
            Ok(format!("{} accounts, all secrets found", accounts.all().len()))
        } else {
            Err(problems.join("; "))
        }
    };
    Finding::of(
        "accounts",
        found.await,
        "put the named secrets, keys (`oncepost vault key` makes one) and settings in place; an account without them cannot publish, or not for long",
    )
}

/// Whether people can log in at the provider, if the settings name one.
async fn sign_on(settings: &Settings, runtime: &Runtime) -> Option<Finding> {
    let oidc = settings.api.oidc.as_ref()?;
    let found = async {
        let sign_on = compose::sign_on(settings, runtime).map_err(|failure| failure.to_string())?;
        let Some(sign_on) = sign_on else { return Err("api.public_url is missing".into()) };
        let keys = sign_on.examine().await.map_err(|error| error.to_string())?;
        Ok(format!("{} answers, with {keys} keys", oidc.issuer))
    };
    let remedy = "compare api.oidc.issuer with what the provider calls itself, and see whether this machine reaches it; tokens are taken meanwhile";
    Some(Finding::of("single sign-on", found.await, remedy))
}

/// Prints the findings; returns whether all is well.
pub fn print(findings: &[Finding], json: bool) -> bool {
    let well = findings.iter().all(|finding| finding.ok);
    if json {
        crate::say(&serde_json::json!({ "ok": well, "checks": findings }).to_string());
        return well;
    }
    crate::say(&told(findings));
    well
}

fn told(findings: &[Finding]) -> String {
    let lines = findings.iter().flat_map(|finding| {
        let mark = if finding.ok { "ok" } else { "!!" };
        let found = labelled(&format!("{mark}  {:<10}  ", finding.check), &finding.found);
        let remedy = finding.remedy.map(|remedy| labelled(&format!("{:16}→ ", ""), remedy));
        [found].into_iter().chain(remedy)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_within_the_page_and_without_padding() {
        let long = "acme/mastodon/main: the variable TOKEN is not set; ".repeat(6);
        let findings = [
            Finding::of("settings", Ok("valid and safe".into()), "read the docs"),
            Finding::of("accounts", Err(long), "put the named secrets in place"),
        ];
        let told = told(&findings);
        assert!(told.starts_with("ok  settings    valid and safe\n!!  accounts    acme/mastodon/main: "), "{told}");
        assert!(told.ends_with("\n                → put the named secrets in place"), "{told}");
        assert!(told.lines().all(|line| line.chars().count() <= 100 && line == line.trim_end()), "{told}");
    }
}
