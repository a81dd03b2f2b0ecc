//! Each channel's repeat safety, as its connector states it.

use std::time::Duration;

use channels::{AccountCard, Channel, Http, HttpOptions, Registry};
use domain::{AccountId, ChannelName, OnDoubt, RepeatSafety, TenantId};
use runtime::Runtime;

/// What an account can say of its server or receiver: channel, setting, value, and what that means in words.
const VARIANTS: &[(&str, &str, &str, &str)] = &[
    ("discord", "look_up", "none", "where the bot may not read"),
    ("discord", "via", "webhook", "through a webhook"),
    ("linkedin", "author", "urn:li:organization:ID", "for a page"),
    ("linkedin", "duplicate_guard", "trusted", "whose refusal of duplicates is trusted"),
    ("mastodon", "idempotency_key", "ignored", "on a server that ignores keys"),
    ("slack", "look_up", "none", "where the bot may not read"),
    ("slack", "via", "webhook", "through an incoming webhook"),
    ("webhook", "repeats", "unsafe", "to a receiver that forgets ids"),
];

pub fn registry() -> Registry {
    // Refused only if it was installed before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Registry::all(Http::new(HttpOptions::default(), Runtime::system()).unwrap())
}

pub fn render() -> String {
    let mut lines = vec![
        "| channel | repeat safety | an unknown outcome is looked into | and settled by |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for channel in registry().iter() {
        let about = channel.about();
        lines.push(row(about.title, about.name, about.repeat));
        for (_, setting, value, words) in VARIANTS.iter().filter(|(channel, ..)| *channel == about.name) {
            let repeat = variant(&**channel, setting, value);
            assert_ne!(repeat, about.repeat, "{} {setting} = {value} changes nothing", about.name);
            lines.push(row(&format!("{} {words} (`{setting} = \"{value}\"`)", about.title), about.name, repeat));
        }
    }
    lines.join("\n") + "\n"
}

/// What the channel makes of an account with this setting.
fn variant(channel: &dyn Channel, setting: &str, value: &str) -> RepeatSafety {
    let card = AccountCard {
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new(channel.about().name).unwrap(),
        id: AccountId::new("main").unwrap(),
        app: None,
        rate: None,
        app_rate: None,
        on_doubt: OnDoubt::Park,
        settings: [(setting.to_owned(), value.to_owned())].into(),
    };
    channel.safety(&card).repeat
}

fn row(title: &str, name: &str, repeat: RepeatSafety) -> String {
    let after = match repeat {
        RepeatSafety::Nothing => "at once".to_owned(),
        other => format!("{} after the last call", span(other.settles_after())),
    };
    format!("| [{title}](docs/channels/{name}.md) | **{}** | {after} | {} |", kind(repeat), settled_by(repeat))
}

/// The kind, with its window.
fn kind(repeat: RepeatSafety) -> String {
    match repeat {
        RepeatSafety::PlatformKey { kept_for, .. } => format!("{}, {}", repeat.name(), span(kept_for)),
        _ => repeat.name().to_owned(),
    }
}

fn settled_by(repeat: RepeatSafety) -> String {
    let listing =
        |sure_after| format!("the account's posts; \"not there\" counts {} after the last call", span(sure_after));
    match repeat {
        RepeatSafety::PlatformKey { afterwards: Some(look_up), .. } => {
            format!("the same call with the same key; when the key is forgotten, {}", listing(look_up.sure_after))
        }
        RepeatSafety::PlatformKey { afterwards: None, .. } => {
            "the same call with the same key; when the key is forgotten, a person".to_owned()
        }
        RepeatSafety::Handle { .. } => "asking for the handle, which was stored before it was used".to_owned(),
        RepeatSafety::LookUp(look_up) => listing(look_up.sure_after),
        RepeatSafety::Nothing => "a person, at once; never sent again by itself".to_owned(),
    }
}

const YEAR: u64 = 365 * 86_400;

fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds >= 2 * YEAR && seconds % YEAR == 0 => format!("{} years", seconds / YEAR),
        seconds if seconds >= 7200 && seconds % 3600 == 0 => format!("{} hours", seconds / 3600),
        3600 => "1 hour".to_owned(),
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
