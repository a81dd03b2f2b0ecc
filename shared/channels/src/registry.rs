//! All channels that there are.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Channel, Http, bluesky::Bluesky, discord::Discord, facebook::Facebook, ghost::Ghost,
    google_business::GoogleBusiness, instagram::Instagram, linkedin::LinkedIn, mastodon::Mastodon, matrix::Matrix,
    nostr::Nostr, pinterest::Pinterest, reddit::Reddit, slack::Slack, telegram::Telegram, threads::ThreadsApp,
    tiktok::TikTok, webhook::Webhook, wordpress::WordPress, x::X, youtube::YouTube,
};

/// The channels by name.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, Arc<dyn Channel>>);

impl Registry {
    /// Every channel of this crate. A new one is one line here.
    pub fn all(http: Http) -> Self {
        Self::of([
            Arc::new(Bluesky::new(http.clone())) as Arc<dyn Channel>,
            Arc::new(Discord::new(http.clone())),
            Arc::new(Facebook::new(http.clone())),
            Arc::new(Ghost::new(http.clone())),
            Arc::new(GoogleBusiness::new(http.clone())),
            Arc::new(Instagram::new(http.clone())),
            Arc::new(LinkedIn::new(http.clone())),
            Arc::new(Mastodon::new(http.clone())),
            Arc::new(Matrix::new(http.clone())),
            Arc::new(Nostr::new(http.clone())),
            Arc::new(Pinterest::new(http.clone())),
            Arc::new(Reddit::new(http.clone())),
            Arc::new(Slack::new(http.clone())),
            Arc::new(Telegram::new(http.clone())),
            Arc::new(ThreadsApp::new(http.clone())),
            Arc::new(TikTok::new(http.clone())),
            Arc::new(Webhook::new(http.clone())),
            Arc::new(WordPress::new(http.clone())),
            Arc::new(X::new(http.clone())),
            Arc::new(YouTube::new(http)),
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
