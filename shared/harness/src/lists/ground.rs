//! The ledger that is measured, and who has accounts in it.

use std::path::Path;

use testkit::servers::{Kind, Server};
use tokio::process::Command;

use crate::{
    Done,
    config::{self, Account, Pace, Stores},
    stack::{Role, Servers, Stack},
};

/// How many tenants `lists.sql` has.
const TENANTS: usize = 40;
/// Its channels, and what a credential is called there.
const CHANNELS: [(&str, &str); 8] = [
    ("mastodon", "access_token"),
    ("bluesky", "app_password"),
    ("telegram", "bot_token"),
    ("discord", "bot_token"),
    ("slack", "bot_token"),
    ("webhook", "signing_secret"),
    ("linkedin", "access_token"),
    ("wordpress", "app_password"),
];

/// A console over servers of its own, whose ledger holds so many targets. Nothing sends them.
///
/// # Errors
/// Something does not come up, or the ledger cannot be filled.
pub async fn fill(folder: &Path, targets: u64) -> Done<Stack> {
    let (rabbit, redis, postgres) =
        tokio::try_join!(Server::start(Kind::RabbitMq), Server::start(Kind::Redis), Server::start(Kind::Postgres))?;
    let stores = Stores {
        ledger: postgres.url().into(),
        broker: rabbit.url().into(),
        guard: redis.url().into(),
        prefix: config::PREFIX.into(),
    };
    let mut stack = Stack::over(folder, &stores, &accounts(), Pace::Production).await?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/local/lists.sql");
    let filled = Command::new("psql")
        .args(["-q", "-v", &format!("targets={targets}"), "-f"])
        .arg(script)
        .arg(postgres.url())
        .stdout(std::process::Stdio::null())
        .status()
        .await?;
    if !filled.success() {
        return Err("the ledger could not be filled: psql has said why".into());
    }
    stack.servers = Some(Servers { rabbit, redis, postgres });
    stack.start(Role::Api)?;
    stack.api.wait_ready(std::time::Duration::from_secs(60)).await?;
    Ok(stack)
}

fn accounts() -> Vec<Account> {
    let each = |n: usize| {
        // Named for the whole run.
        let tenant: &'static str = format!("tenant-{n:02}").leak();
        CHANNELS.iter().flat_map(move |(channel, secret)| {
            (0..2).map(move |account| Account {
                tenant,
                channel,
                id: format!("account-{account}"),
                base_url: "http://127.0.0.1:9".into(),
                secrets: vec![(secret, "whsec_bm90aGluZyBpcyBzZW50IGhlcmU=".into())],
                settings: Vec::new(),
            })
        })
    };
    (0..TENANTS).flat_map(each).collect()
}
