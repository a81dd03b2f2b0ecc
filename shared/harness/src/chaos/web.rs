//! The network of one process: a fault proxy of its own to each server and to each platform.

use std::{collections::BTreeMap, time::Duration};

use testkit::{Proxy, proxy::Way};
use tokio::sync::Mutex;

use super::timetable::Trouble;
use crate::{Done, config::Stores};

/// What a process is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strand {
    /// The broker.
    RabbitMq,
    /// The guard.
    Redis,
    /// The ledger.
    PostgreSql,
    /// A platform, by its channel.
    Platform(&'static str),
}

impl Strand {
    /// All of them.
    pub const ALL: [Strand; 6] = [
        Strand::RabbitMq,
        Strand::Redis,
        Strand::PostgreSql,
        Strand::Platform("mastodon"),
        Strand::Platform("bluesky"),
        Strand::Platform("webhook"),
    ];
}

/// How long a strand is left alone after trouble, so that what was kept gets through before anything else is done to it.
const REST: Duration = Duration::from_millis(1500);

struct Line {
    proxy: Proxy,
    url: String,
    /// Held while somebody makes trouble: one at a time.
    busy: Mutex<()>,
}

/// The proxies of one process.
pub struct Web(BTreeMap<Strand, Line>);

impl Web {
    /// Proxies before each of these addresses.
    ///
    /// # Errors
    /// An address cannot be redirected.
    pub fn before(addresses: &[(Strand, String)]) -> Done<Self> {
        let line = |(strand, url): &(Strand, String)| {
            let (proxy, url) = Proxy::before_url(url)?;
            Ok((*strand, Line { proxy, url: url.trim_end_matches('/').to_owned(), busy: Mutex::default() }))
        };
        Ok(Self(addresses.iter().map(line).collect::<Done<_>>()?))
    }

    /// The address that leads to `strand` through its proxy.
    ///
    /// # Errors
    /// There is no such strand.
    pub fn url(&self, strand: Strand) -> Done<String> {
        Ok(self.0.get(&strand).ok_or("no such strand")?.url.clone())
    }

    /// The stores as this process reaches them.
    ///
    /// # Errors
    /// There is no strand to one of them.
    pub fn stores(&self, prefix: &str) -> Done<Stores> {
        Ok(Stores {
            ledger: self.url(Strand::PostgreSql)?,
            broker: self.url(Strand::RabbitMq)?,
            guard: self.url(Strand::Redis)?,
            prefix: prefix.into(),
        })
    }

    /// Whether the process is connected to this.
    pub fn has(&self, strand: Strand) -> bool {
        self.0.contains_key(&strand)
    }

    /// Makes trouble on a strand, and ends it after `span`.
    ///
    /// # Errors
    /// There is no such strand, or its proxy cannot be opened again.
    pub async fn trouble(&self, strand: Strand, trouble: Trouble, span: Duration) -> Done {
        let line = self.0.get(&strand).ok_or("no such strand")?;
        let _busy = line.busy.lock().await;
        let proxy = &line.proxy;
        match trouble {
            Trouble::Cut => proxy.cut().await?,
            Trouble::Refuse => {
                proxy.refuse().await;
                tokio::time::sleep(span).await;
                proxy.admit()?;
            }
            Trouble::Delay(by) => {
                proxy.delay(Way::Up, by);
                proxy.delay(Way::Down, by);
                tokio::time::sleep(span).await;
                proxy.delay(Way::Up, Duration::ZERO);
                proxy.delay(Way::Down, Duration::ZERO);
            }
            Trouble::StallUp => stall(proxy, Way::Up, span).await,
            Trouble::StallDown => stall(proxy, Way::Down, span).await,
        }
        tokio::time::sleep(REST).await;
        Ok(())
    }
}

async fn stall(proxy: &Proxy, way: Way, span: Duration) {
    proxy.stall(way);
    tokio::time::sleep(span).await;
    proxy.flow_again(way);
}
