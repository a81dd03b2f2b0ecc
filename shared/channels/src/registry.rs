//! All channels that there are.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Channel, Http, bluesky::Bluesky, instagram::Instagram, mastodon::Mastodon, threads::ThreadsApp, webhook::Webhook,
};

/// The channels by name.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, Arc<dyn Channel>>);

impl Registry {
    /// Every channel of this crate. A new one is one line here.
    pub fn all(http: Http) -> Self {
        Self::of([
            Arc::new(Bluesky::new(http.clone())) as Arc<dyn Channel>,
            Arc::new(Instagram::new(http.clone())),
            Arc::new(Mastodon::new(http.clone())),
            Arc::new(ThreadsApp::new(http.clone())),
            Arc::new(Webhook::new(http)),
        ])
    }

    /// These channels only.
    pub fn of(channels: impl IntoIterator<Item = Arc<dyn Channel>>) -> Self {
        Self(channels.into_iter().map(|channel| (channel.about().name, channel)).collect())
    }

    /// The channel of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Channel>> {
        self.0.get(name)
    }

    /// The channels' names, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }

    /// The channels, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Channel>> {
        self.0.values()
    }
}
