//! How much platforms take in a span: each number as the documents have it, and what a post takes of it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{Content, Draft, Media, Part};
use kit::{Shifted, http};
use oncepost_channels::{Cap, CapOf, Registry, What, Window};

/// What the documents say, with where they say it; of every other channel they publish no cap that counts posts.
#[test]
fn caps_of_every_channel_are_those_of_the_documents() {
    use CapOf::{Account, App};
    use Window::{Fixed, Sliding};
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let documents = [
        // "writes 5000 points/h and 35 000/day per repo, create = 3, put = 2": the server's source. We put.
        ("bluesky", 2_500, HOUR, Fixed, Account, What::Posts),
        ("bluesky", 17_500, DAY, Fixed, Account, What::Posts),
        // "Reels: 30 API-published per page per 24 h": Meta, publishing reels.
        ("facebook", 30, DAY, Fixed, Account, What::Reels),
        // "50 per 24 h on the media_publish reference", 100 in the guide; "sliding window per publish": Meta.
        ("instagram", 50, DAY, Sliding, Account, What::FirstParts),
        // "Posting itself 300 per 3 h per account": the server's source.
        ("mastodon", 300, 3 * HOUR, Fixed, Account, What::Posts),
        // "250 posts / 24 h sliding (enforced at threads_publish), 1,000 replies / 24 h": Meta, overview of Threads.
        ("threads", 250, DAY, Sliding, Account, What::FirstParts),
        ("threads", 1_000, DAY, Fixed, Account, What::Replies),
        // "Per user token: video/init 6/min": TikTok, reference of video/init.
        ("tiktok", 6, MINUTE, Fixed, Account, What::Videos),
        // "POST /2/tweets 100/15 min per user and 10,000/24 h per app": X, rate limits.
        ("x", 100, 15 * MINUTE, Fixed, Account, What::Posts),
        ("x", 10_000, DAY, Fixed, App, What::Posts),
        // "100 videos.insert calls/day per project", "reset 00:00 Pacific": YouTube, quota.
        ("youtube", 100, DAY, Fixed, App, What::Videos),
    ];
    let mut said: BTreeMap<&str, Vec<Cap>> = BTreeMap::new();
    for (channel, most, seconds, window, of, what) in documents {
        said.entry(channel).or_default().push(Cap { most, per: Duration::from_secs(seconds), window, of, what });
    }
    for channel in Registry::all(http(Arc::new(Shifted::default()))).iter() {
        let about = channel.about();
        assert_eq!(about.offers.caps, said.remove(about.name).unwrap_or_default(), "{}", about.name);
    }
    assert!(said.is_empty(), "no channel is called {said:?}");
}

#[test]
fn a_post_takes_of_a_cap_what_the_cap_counts() {
    let part = || Part { text: "part".into(), media: Vec::new() };
    let draft = |parts: usize, media: &[&str], reel: bool| {
        let media = media.iter().map(|name| Media { url: format!("https://cdn.example/{name}"), alt: None });
        let settings = reel.then(|| ("video_as".to_owned(), "reel".to_owned()));
        Draft(Content {
            text: "once".into(),
            media: media.collect(),
            thread: (1..parts).map(|_| part()).collect(),
            settings: settings.into_iter().collect(),
            ..Content::default()
        })
    };
    let kinds = [What::Posts, What::FirstParts, What::Replies, What::Videos, What::Reels];
    let table = [
        ("a text", draft(1, &[], false), [1, 1, 0, 0, 0]),
        ("a thread", draft(4, &[], false), [4, 1, 3, 0, 0]),
        ("a picture", draft(1, &["a.png"], true), [1, 1, 0, 0, 0]),
        ("pictures", draft(1, &["a", "b"], true), [1, 1, 0, 0, 0]),
        ("a video", draft(1, &["a.mp4"], false), [1, 1, 0, 1, 0]),
        ("perhaps a video", draft(1, &["a"], false), [1, 1, 0, 1, 0]),
        ("a reel", draft(1, &["a.mp4"], true), [1, 1, 0, 1, 1]),
    ];
    for (what, draft, expected) in table {
        let takes = kinds.map(|what| {
            Cap { most: 1, per: Duration::from_secs(1), window: Window::Fixed, of: CapOf::Account, what }.takes(&draft)
        });
        assert_eq!(takes, expected, "{what}");
    }
}
