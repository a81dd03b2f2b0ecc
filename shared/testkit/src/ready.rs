//! What an oncepost must know of a fake's account `main`: accounts that are ready for use.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    Bluesky, Discord, Facebook, Ghost, GoogleBusiness, Instagram, LinkedIn, Mastodon, Matrix, Nostr, Pinterest, Reddit,
    Slack, Telegram, Threads, TikTok, Webhook, WordPress, X, YouTube,
};

/// How settings name an app's secrets.
const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";

/// An account as the settings of oncepost name its things. What it holds are a fake's secrets, and nobody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The channel's name.
    pub channel: String,
    /// The fake's address, or that of the account on it.
    pub base_url: String,
    /// The secrets, by name.
    pub secrets: BTreeMap<&'static str, String>,
    /// The settings, by name.
    pub settings: BTreeMap<&'static str, String>,
}

impl Ready {
    /// The account `main` of the fake of `channel` that listens at `url`; `None` where there is no such channel.
    pub fn on(channel: &str, url: &str) -> Option<Self> {
        let one = |name, value: String| vec![(name, value)];
        let token = |value| one("access_token", value);
        let auth = ("auth_url", url.to_owned());
        let (secrets, settings) = match channel {
            "bluesky" => (one("app_password", Bluesky::password("main")), one("identifier", Bluesky::handle("main"))),
            "discord" => (
                vec![
                    ("bot_token", Discord::token("main")),
                    ("webhook_url", format!("https://discord.test{}", Discord::hook("main"))),
                ],
                vec![("channel_id", Discord::channel("main")), ("guild_id", "1000".into())],
            ),
            "facebook" => (token(Facebook::token("main")), vec![auth]),
            "ghost" => (one("admin_api_key", Ghost::key("main")), vec![]),
            "google-business" => {
                (token(GoogleBusiness::token("main")), vec![auth, ("location", GoogleBusiness::location("main"))])
            }
            "instagram" => (token(Instagram::token("main")), vec![auth]),
            "linkedin" => (token(LinkedIn::token("main")), vec![auth]),
            "mastodon" => (token(Mastodon::token("main")), vec![]),
            "matrix" => (token(Matrix::token("main")), one("room", Matrix::room("main"))),
            "nostr" => (one("secret_key", Nostr::secret_key("main")), vec![]),
            "pinterest" => (token(Pinterest::token("main")), vec![auth, ("board_id", Pinterest::board("main"))]),
            "reddit" => (
                vec![
                    ("access_token", Reddit::token("main")),
                    ("refresh_token", Reddit::refresh_token("main")),
                    (CLIENT_ID, Reddit::CLIENT.0.to_owned()),
                    (CLIENT_SECRET, Reddit::CLIENT.1.to_owned()),
                ],
                vec![auth, ("subreddit", "test".into())],
            ),
            "slack" => (
                vec![
                    ("bot_token", Slack::token("main")),
                    ("webhook_url", format!("https://hooks.slack.test{}", Slack::hook("main"))),
                ],
                vec![auth, ("channel", Slack::channel("main")), ("workspace", "https://acme.slack.test".into())],
            ),
            "telegram" => {
                (one("bot_token", Telegram::token("main")), one("chat_id", Telegram::chat("main").to_string()))
            }
            "threads" => (token(Threads::token("main")), vec![auth]),
            "tiktok" => (token(TikTok::token("main")), vec![auth]),
            "webhook" => (one("signing_secret", Webhook::SECRET.to_owned()), vec![]),
            "wordpress" => {
                (one("application_password", WordPress::password("main")), one("username", "main".to_owned()))
            }
            "x" => (token(X::token("main")), vec![auth]),
            "youtube" => (token(YouTube::token("main")), vec![auth]),
            _ => return None,
        };
        let base_url = if channel == "webhook" { format!("{url}/main") } else { url.to_owned() };
        let (secrets, settings) = (secrets.into_iter().collect(), settings.into_iter().collect());
        Some(Self { channel: channel.to_owned(), base_url, secrets, settings })
    }

    /// The app's id and secret on the fake of `channel`; `None` where accounts are not connected by a link.
    pub fn client(channel: &str) -> Option<(&'static str, &'static str)> {
        Some(match channel {
            "facebook" => Facebook::CLIENT,
            "google-business" => GoogleBusiness::CLIENT,
            "instagram" => Instagram::CLIENT,
            "linkedin" => (LinkedIn::CLIENT_ID, LinkedIn::CLIENT_SECRET),
            "mastodon" => Mastodon::CLIENT,
            "pinterest" => Pinterest::CLIENT,
            "reddit" => Reddit::CLIENT,
            "slack" => Slack::CLIENT,
            "threads" => Threads::CLIENT,
            "tiktok" => (TikTok::CLIENT_KEY, TikTok::CLIENT_SECRET),
            "x" => (X::CLIENT_ID, X::CLIENT_SECRET),
            "youtube" => YouTube::CLIENT,
            _ => return None,
        })
    }

    /// The first refresh token of the account `main` on the fake of `channel`; `None` where there is none from the beginning.
    pub fn refresh_token(channel: &str) -> Option<String> {
        Some(match channel {
            "facebook" => Facebook::person_token("main"),
            "google-business" => GoogleBusiness::refresh_token("main"),
            "linkedin" => LinkedIn::refresh_token("main"),
            "matrix" => Matrix::refresh_token("main"),
            "pinterest" => Pinterest::refresh_token("main"),
            "reddit" => Reddit::refresh_token("main"),
            "tiktok" => TikTok::refresh_token("main"),
            "x" => X::refresh_token("main"),
            "youtube" => YouTube::refresh_token("main"),
            _ => return None,
        })
    }

    /// The account as an entry of oncepost's settings, of the tenant `acme`, with its refresh token. Behind it the app through which it
    /// is connected, where there is one, by the channel's name.
    pub fn toml(&self) -> String {
        // What JSON writes as a string, TOML reads as the same.
        let quoted = |text: &str| Value::from(text).to_string();
        let secret = |name: &str, value: &str| format!("secrets.{name} = {{ value = {} }}", quoted(value));
        let client = Self::client(&self.channel);
        let mut lines = vec!["[[accounts]]".to_owned()];
        let plain = [("tenant", "acme"), ("channel", &self.channel), ("id", "main"), ("base_url", &self.base_url)];
        let app = client.map(|_| ("app", self.channel.as_str()));
        lines.extend(plain.into_iter().chain(app).map(|(name, value)| format!("{name} = {}", quoted(value))));
        let mut secrets = self.secrets.clone();
        secrets.extend(Self::refresh_token(&self.channel).map(|token| ("refresh_token", token)));
        if client.is_some() {
            secrets.retain(|name, _| ![CLIENT_ID, CLIENT_SECRET].contains(name));
        }
        lines.extend(secrets.iter().map(|(name, value)| secret(name, value)));
        lines.extend(self.settings.iter().map(|(name, value)| format!("settings.{name} = {}", quoted(value))));
        if let Some((id, password)) = client {
            lines.extend([String::new(), format!("[apps.{}]", self.channel)]);
            lines.extend([secret(CLIENT_ID, id), secret(CLIENT_SECRET, password)]);
        }
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, path::Path};

    use super::*;

    const CHANNELS: [&str; 20] = [
        "bluesky",
        "discord",
        "facebook",
        "ghost",
        "google-business",
        "instagram",
        "linkedin",
        "mastodon",
        "matrix",
        "nostr",
        "pinterest",
        "reddit",
        "slack",
        "telegram",
        "threads",
        "tiktok",
        "webhook",
        "wordpress",
        "x",
        "youtube",
    ];

    /// What an account on a fake takes, as a row.
    fn row(channel: &str) -> String {
        let ready = Ready::on(channel, "http://fake.test").expect("a channel");
        let app = Ready::client(channel).is_some();
        let of_app = |name: &&str| app && [CLIENT_ID, CLIENT_SECRET].contains(name);
        let own = ready.secrets.keys().copied().filter(|name| !of_app(name));
        let renewed = Ready::refresh_token(channel).map(|_| "refresh_token");
        let mut secrets: Vec<_> = own.chain(renewed).collect();
        secrets.sort_unstable();
        secrets.dedup();
        let listed = |names: Vec<&str>| match &names[..] {
            [] => "–".to_owned(),
            names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        };
        let settings = listed(ready.settings.keys().copied().collect());
        let app = listed(if app { vec![CLIENT_ID, CLIENT_SECRET] } else { Vec::new() });
        format!("| `{channel}` | {} | {settings} | {app} |", listed(secrets))
    }

    /// Whoever connects an account by hand must know how its things are called.
    #[test]
    fn the_readme_names_what_an_account_on_each_fake_takes() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        let written = fs::read_to_string(&path).expect("the README");
        let head = "| fake | secrets | settings | of its app |\n|---|---|---|---|\n";
        let rows: Vec<_> = CHANNELS.iter().map(|channel| row(channel)).collect();
        let table = format!("{head}{}\n", rows.join("\n"));
        if env::var_os("UPDATE").is_some() {
            let from = written.find(head).expect("the table's head");
            let end = written[from..].find("\n\n").map_or(written.len(), |end| from + end + 1);
            fs::write(&path, format!("{}{table}{}", &written[..from], &written[end..])).expect("written");
            return;
        }
        assert!(
            written.contains(&table),
            "the README is not what fakes take: UPDATE=1 cargo test -p oncepost-testkit --lib"
        );
        assert!(Ready::on("board", "http://fake.test").is_none(), "the board is no channel's");
    }
}
