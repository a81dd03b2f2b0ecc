//! The ledger that is measured, and who has accounts in it.

use std::path::Path;

use tokio::process::Command;

use crate::{
    Done,
    config::{Account, Pace},
    stack::{Role, Servers, Stack},
};

/// How many tenants `lists.sql` has.
const TENANTS: usize = 40;
/// Its channels; what a credential is called there, and a setting without which there is no account.
const CHANNELS: [(&str, &str, Option<&str>); 8] = [
    ("mastodon", "access_token", None),
    ("bluesky", "app_password", Some("identifier")),
    ("telegram", "bot_token", Some("chat_id")),
    ("discord", "bot_token", Some("channel_id")),
    ("slack", "bot_token", Some("channel")),
    ("webhook", "signing_secret", None),
    ("linkedin", "access_token", None),
    ("wordpress", "app_password", Some("username")),
];

/// A console over servers of its own, whose ledger holds so many targets. Nothing sends them.
///
/// # Errors
/// Something does not come up, or the ledger cannot be filled.
pub async fn fill(folder: &Path, targets: u64) -> Done<Stack> {
    let servers = Servers::start().await?;
    let mut stack = Stack::over(folder, &servers.stores(), &accounts(), Pace::Production).await?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/local/lists.sql");
    let filled = Command::new("psql")
        .args(["-q", "-v", &format!("targets={targets}"), "-f"])
        .arg(script)
        .arg(servers.postgres.url())
        .stdout(std::process::Stdio::null())
        .status()
        .await?;
    if !filled.success() {
        return Err("the ledger could not be filled: psql has said why".into());
    }
    stack.servers = Some(servers);
    stack.start(Role::Api)?;
    stack.api.wait_ready(std::time::Duration::from_secs(60)).await?;
    Ok(stack)
}

fn accounts() -> Vec<Account> {
    let each = |n: usize| {
        // Named for the whole run.
        let tenant: &'static str = format!("tenant-{n:02}").leak();
        CHANNELS.iter().flat_map(move |(channel, secret, setting)| {
            (0..2).map(move |account| Account {
                tenant,
                channel,
                id: format!("account-{account}"),
                base_url: "http://127.0.0.1:9".into(),
                secrets: vec![(secret, "whsec_bm90aGluZyBpcyBzZW50IGhlcmU=".into())],
                settings: setting.iter().map(|name| (*name, format!("@{account}"))).collect(),
                rate: None,
            })
        })
    };
    (0..TENANTS).flat_map(each).collect()
}
