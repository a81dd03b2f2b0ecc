//! Accounts and apps.

use console::api::{Account, Accounts, App, Apps, Link, Removed, Seen, Source, Wrong};
use vault::record::{State, Word};

use super::{counted, harmless, instant, labelled, table};

/// All of them.
pub(crate) fn list(accounts: &Accounts, filtered: bool) -> String {
    if accounts.accounts.is_empty() {
        return match filtered {
            true => "No account fits.".into(),
            false => "There are no accounts. `oncepost accounts connect` makes the first; docs/credentials.md.".into(),
        };
    }
    let rows = accounts.accounts.iter().map(|account| {
        [
            account.name(),
            health(account),
            account.token.ends.map_or_else(|| "no known end".into(), instant),
            account.next_due.map_or_else(|| "none".into(), instant),
            to_do(account),
        ]
    });
    let table = table(["name", "health", "token ends", "next post", "what to do"], rows);
    let hint = "`oncepost accounts NAME` tells everything about one.";
    format!("{table}\n\n{hint}")
}

/// In a few words, with what holds it back.
fn health(account: &Account) -> String {
    let mut words = vec![account.health.state.name().replace('_', " ")];
    if account.disabled.is_some() {
        words.push("switched off".into());
    } else if !account.paused_by.is_empty() {
        words.push("paused".into());
    }
    words.join(", ")
}

/// What a person should do, in a few words.
fn to_do(account: &Account) -> String {
    match account.health.state {
        State::NeedsReconnect => "connect it again".into(),
        // Its renewals come to nothing: they may yet work, or take something else than a new connection.
        State::Expiring if account.token.failed.is_some() || account.token.in_doubt.is_some() => {
            "look at what is wrong".into()
        }
        State::Expiring => "connect it again before the end".into(),
        State::LacksPermission if account.health.missing.is_empty() => "give it the permission".into(),
        State::LacksPermission => format!("give it {}", account.health.missing.join(", ")),
        State::Restricted => "log in to the platform as it".into(),
        State::Unknown if account.health.wrong.is_some() => "look at what is wrong".into(),
        State::Ok | State::Unknown => String::new(),
    }
}

/// Everything about one.
pub(crate) fn whole(account: &Account) -> String {
    let mut lines = vec![format!("{}  {}", account.name(), health(account))];
    let source = match account.source {
        Source::Settings => "the settings list it".to_owned(),
        Source::Connected => "it was connected".to_owned(),
    };
    let connected = account.connected.as_ref().map(|word| format!("; last {} by {}", instant(word.at), word.by));
    lines.push(line("from", &(source + &connected.unwrap_or_default())));
    lines.extend(told(account));
    lines.extend(token(account));
    lines.push(line("holds", &listed(&account.secrets)));
    let settings = account.settings.iter().map(|(name, value)| format!("{name} = {value}"));
    let settings: Vec<_> = settings.collect();
    lines.extend((!settings.is_empty()).then(|| line("settings", &settings.join(", "))));
    lines.extend(account.app.as_ref().map(|app| line("app", app.as_str())));
    lines.extend(account.base_url.as_ref().map(|url| line("server", url.as_str())));
    lines.extend(account.disabled.as_ref().map(|word| line("switched off", &said(word))));
    lines.extend(account.pause.as_ref().map(|pause| {
        let code = pause.code.map(|code| format!("{code} ")).unwrap_or_default();
        line("paused", &format!("since {} by {}: {code}{}", instant(pause.since), pause.by, pause.reason))
    }));
    let own = account.pause.as_ref().map(|pause| pause.scope.as_str());
    let others: Vec<_> =
        account.paused_by.iter().filter(|scope| Some(scope.as_str()) != own).map(String::as_str).collect();
    lines.extend((!others.is_empty()).then(|| line("paused with", &others.join(", "))));
    lines.push(line("next post", &account.next_due.map_or_else(|| "none waits".into(), instant)));
    lines.join("\n")
}

/// How it is, how that is known, and what to do.
fn told(account: &Account) -> Vec<String> {
    let health = &account.health;
    let since = health.since.map(|since| format!(" since {}", instant(since))).unwrap_or_default();
    let known = match (health.checked_at, health.by) {
        (Some(at), Some(by)) => format!("; found out {} by {}", instant(at), how(by)),
        _ => "; it was never asked".into(),
    };
    let mut lines = vec![line("health", &format!("{}{since}{known}", health.state.name().replace('_', " ")))];
    lines.extend((!health.who.is_empty()).then(|| line("who", &health.who)));
    lines.extend((!health.missing.is_empty()).then(|| line("lacks", &health.missing.join(", "))));
    lines.extend(health.wrong.iter().flat_map(|wrong| [line("what", &what(wrong)), line("what to do", &wrong.remedy)]));
    lines
}

fn how(by: vault::record::Means) -> &'static str {
    use vault::record::Means;
    match by {
        Means::Connect => "connecting it",
        Means::Renewal => "renewing its token",
        Means::Check => "asking the platform",
        Means::Publish => "publishing",
    }
}

fn token(account: &Account) -> Vec<String> {
    let token = &account.token;
    let since = token.since.map(|since| format!("since {}, ", instant(since))).unwrap_or_default();
    let ends = token.ends.map_or_else(|| "no known end".into(), |ends| format!("ends {}", instant(ends)));
    let renewal = match (token.can_renew, token.renews_at) {
        (false, _) => "; only a person can replace it".into(),
        (true, Some(at)) => format!("; {}, next {}", renewed(token.renewed), instant(at)),
        (true, None) => format!("; {}, next when a post needs it", renewed(token.renewed)),
    };
    let mut lines = vec![line("token", &format!("{since}{ends}{renewal}"))];
    lines.extend(token.refresh_ends.map(|ends| line("refresh token", &format!("ends {}", instant(ends)))));
    lines.extend(token.scopes.as_ref().map(|scopes| line("scopes", &listed(scopes))));
    lines.extend(token.in_doubt.map(|sent| {
        let words = "and the answer was lost; docs/credentials.md tells what follows";
        line("in doubt", &format!("the refresh token was sent {}, {words}", instant(sent)))
    }));
    lines.extend(token.failed.as_ref().map(|wrong| line("not renewed", &what(wrong))));
    lines
}

fn renewed(count: u64) -> String {
    match count {
        0 => "not renewed yet".into(),
        1 => "renewed once".into(),
        count => format!("renewed {count} times"),
    }
}

/// What went wrong, with the platform's words.
fn what(wrong: &Wrong) -> String {
    let code = wrong.code.map(|code| format!("{code} ")).unwrap_or_default();
    let step = if wrong.step.is_empty() { String::new() } else { format!(", at \"{}\"", wrong.step) };
    let said = wrong.platform_said.as_ref().map(|said| {
        let status = said.status.map(|status| format!("HTTP {status}"));
        let words: Vec<_> = status.into_iter().chain([said.text.clone()]).filter(|text| !text.is_empty()).collect();
        format!(" ({})", words.join(": "))
    });
    format!("{code}{}{step}{}", wrong.title, said.unwrap_or_default())
}

fn said(word: &Word) -> String {
    format!("{} by {}: {}", instant(word.at), word.by, word.note)
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

fn line(head: &str, text: &str) -> String {
    labelled(&format!("  {head:<13}  "), &harmless(text))
}

/// What came of connecting an account, or of looking after it.
pub(crate) fn seen(done: &str, seen: &Seen) -> String {
    let mut lines = vec![format!("{done}: {}.", seen.account.name())];
    if let Some(wrong) = &seen.unchecked {
        lines.push(labelled("", &format!("Its platform did not say that it is well: {}", harmless(&what(wrong)))));
        lines.push(labelled("→ ", &wrong.remedy));
    }
    lines.extend(seen.released.map(|count| match count {
        0 => "Its pause has ended; nothing had been held, or another pause still holds it.".into(),
        count => format!("Its pause has ended. Released little by little: {}.", targets(count)),
    }));
    lines.push(whole(&seen.account));
    lines.join("\n")
}

fn targets(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "target")
}

/// A link by which an account is connected.
pub(crate) fn link(name: &str, link: &Link) -> String {
    let until = instant(link.expires_at);
    format!("{}\nWhoever follows it connects {name}, once, until {until}: send it to nobody else.", link.url)
}

/// Nobody came back by the link.
pub(crate) fn not_linked(name: &str) -> String {
    format!(
        "{name} was not connected by the link, whose time is over. If somebody followed it, the page at its end said why. \
         `oncepost accounts link` makes a new one."
    )
}

/// An account that is switched off.
pub(crate) fn disabled(account: &Account) -> String {
    let name = account.name();
    let word = account.disabled.as_ref().map(said).unwrap_or_default();
    let hint = format!("Its targets are held; `oncepost accounts enable {name}` ends it.");
    format!("Switched off: {name}, {}\n{hint}", harmless(&word))
}

/// An account that was removed.
pub(crate) fn removed(removed: &Removed) -> String {
    let waiting = match removed.waiting {
        0 => "Nothing waited for it.".into(),
        count => format!("{} waited for it: each fails when it comes due.", targets(count)),
    };
    format!("Disconnected: {}. Its secrets are removed. {waiting}", removed.account)
}

/// All apps.
pub(crate) fn apps(apps: &Apps) -> String {
    if apps.apps.is_empty() {
        return "There are no apps. `oncepost apps put NAME` makes the first.".into();
    }
    let rows = apps.apps.iter().map(|app| {
        let source = match (app.source, &app.put) {
            (Source::Settings, _) => "the settings".into(),
            (Source::Connected, Some(word)) => format!("{} by {}", instant(word.at), word.by),
            (Source::Connected, None) => "not known".into(),
        };
        [app.name.to_string(), listed(&app.secrets), app.accounts.to_string(), source]
    });
    table(["name", "holds", "accounts", "from"], rows)
}

/// An app whose secrets were put in.
pub(crate) fn app_put(app: &App, new: bool) -> String {
    let done = if new { "Put in" } else { "Put in anew" };
    format!("{done}: app {}, which holds {}. {} it.", app.name, listed(&app.secrets), users(app.accounts))
}

fn users(count: usize) -> String {
    match count {
        0 => "No account uses".into(),
        1 => "1 account uses".into(),
        count => format!("{count} accounts use"),
    }
}
