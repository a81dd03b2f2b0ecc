//! How much platforms take in a span, as their documents say: for whoever plans ahead. Nothing is held back by it; that is the guard's.
//!
//! A cap that is not published, that counts calls, or that a platform sets for each account by itself is absent.

use std::time::Duration;

use domain::Draft;

use crate::{Kind, facebook};

/// The most of something in a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// The most of them.
    pub most: u32,
    /// In so long.
    pub per: Duration,
    /// How the span is counted.
    pub window: Window,
    /// Whose they are.
    pub of: CapOf,
    /// What is counted.
    pub what: What,
}

/// Whose posts a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapOf {
    /// One account's.
    Account,
    /// Those of all accounts that share our registration with the platform.
    App,
}

/// How a cap's span is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Back from each moment: the documents say so.
    Sliding,
    /// From the platform's own beginnings, or the documents do not say. There may be room sooner than a sliding window had it.
    Fixed,
}

/// What a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Every part of a thread.
    Posts,
    /// Posts, of a thread only the first part: replies are counted apart.
    FirstParts,
    /// Every part of a thread but the first.
    Replies,
    /// Posts that are a video, as far as the file's address tells: one that says nothing counts.
    Videos,
    /// Videos that go out as reels.
    Reels,
}

impl Cap {
    const fn of_account(most: u32, what: What, per: Duration) -> Self {
        Self { most, per, window: Window::Fixed, of: CapOf::Account, what }
    }

    const fn of_app(most: u32, what: What, per: Duration) -> Self {
        Self { of: CapOf::App, ..Self::of_account(most, what, per) }
    }

    const fn sliding(self) -> Self {
        Self { window: Window::Sliding, ..self }
    }

    /// How much of it a post takes.
    pub fn takes(&self, draft: &Draft) -> u32 {
        let content = &draft.0;
        let replies = u32::try_from(content.thread.len()).unwrap_or(u32::MAX);
        match self.what {
            What::Posts => replies.saturating_add(1),
            What::FirstParts => 1,
            What::Replies => replies,
            What::Videos => is_video(draft).into(),
            What::Reels => (is_video(draft) && facebook::is_reel(draft)).into(),
        }
    }
}

impl What {
    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            What::Posts | What::FirstParts => "posts",
            What::Replies => "replies",
            What::Videos => "videos",
            What::Reels => "reels",
        }
    }
}

fn is_video(draft: &Draft) -> bool {
    // Platforms take a video alone.
    matches!(&*draft.0.media, [one] if Kind::says_video(&one.url) != Some(false))
}

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Its rate limits: the table of `POST /2/tweets`. What X allows one account a day is in its answers only.
pub(crate) const X: &[Cap] =
    &[Cap::of_account(100, What::Posts, Duration::from_secs(15 * 60)), Cap::of_app(10_000, What::Posts, DAY)];

/// Reference of `media_publish`. The guide to publishing says 100; what holds for an account, `content_publishing_limit` tells. A first
/// comment is none.
pub(crate) const INSTAGRAM: &[Cap] = &[Cap::of_account(50, What::FirstParts, DAY).sliding()];

/// Overview of the Threads API, rate limits. Of the window of replies it does not say that it slides.
pub(crate) const THREADS: &[Cap] =
    &[Cap::of_account(250, What::FirstParts, DAY).sliding(), Cap::of_account(1_000, What::Replies, DAY)];

/// Guide to publishing reels: of a page, by the API.
pub(crate) const FACEBOOK: &[Cap] = &[Cap::of_account(30, What::Reels, DAY)];

/// Quota page of the Data API: `videos.insert` of a project. A day begins at midnight Pacific time.
pub(crate) const YOUTUBE: &[Cap] = &[Cap::of_app(100, What::Videos, DAY)];

/// Reference of `video/init`, by the user's token. How many posts a creator has in a day is not published.
pub(crate) const TIKTOK: &[Cap] = &[Cap::of_account(6, What::Videos, Duration::from_secs(60))];

/// Source of the server, `app/lib/rate_limiter.rb`: by the clock. Other servers, and changed ones, may take more or less.
pub(crate) const MASTODON: &[Cap] = &[Cap::of_account(300, What::Posts, Duration::from_secs(3 * 3600))];

/// Source of the server: 5,000 points in an hour and 35,000 in a day, of which a record that is put takes two.
pub(crate) const BLUESKY: &[Cap] =
    &[Cap::of_account(5_000 / 2, What::Posts, HOUR), Cap::of_account(35_000 / 2, What::Posts, DAY)];
