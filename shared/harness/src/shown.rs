//! What the platforms show, by the markers in it.

use std::collections::{BTreeMap, BTreeSet};

use testkit::{Call, Post, fake::Stage};

use crate::faults::Platforms;

/// What every marker begins and ends with.
const BEGIN: &str = "[post-";
const END: char = ']';

/// The marker of one part of a post. It is in that part's text and in no other.
pub fn marker(post: usize, part: usize) -> String {
    format!("{BEGIN}{post:05}-part-{part}{END}")
}

/// Every visible post of the platforms by channel, account and marker, as of one moment.
pub struct Shown {
    posts: BTreeMap<(&'static str, String, String), Vec<Post>>,
    calls: BTreeMap<&'static str, Vec<Call>>,
    /// Visible posts that repeat another.
    pub twice: usize,
}

impl Shown {
    /// Looks at all platforms.
    pub fn on(platforms: &Platforms) -> Self {
        let mut shown = Self { posts: BTreeMap::new(), calls: BTreeMap::new(), twice: 0 };
        shown.add("mastodon", &platforms.mastodon);
        shown.add("bluesky", &platforms.bluesky);
        shown.add("webhook", &platforms.webhook);
        shown
    }

    fn add(&mut self, channel: &'static str, stage: &Stage) {
        self.twice += stage.duplicates().len();
        self.calls.insert(channel, stage.publish_calls());
        for post in stage.posts() {
            // Bluesky shows handles, whose first word is the account.
            let account = post.account.split('.').next().unwrap_or_default().to_owned();
            // A webhook receiver gets a thread whole; its parts are in what it keeps of the request.
            let native = post.native.to_string();
            let markers: BTreeSet<_> = markers(&post.text).chain(markers(&native)).collect();
            for marker in markers {
                let place = (channel, account.clone(), marker.to_owned());
                self.posts.entry(place).or_default().push(post.clone());
            }
        }
    }

    /// The visible posts that carry this marker on an account, in the order they were made.
    pub fn of(&self, channel: &'static str, account: &str, marker: &str) -> &[Post] {
        let place = (channel, account.to_owned(), marker.to_owned());
        self.posts.get(&place).map(Vec::as_slice).unwrap_or_default()
    }

    /// The calls that made a post or carried its key.
    pub fn calls_of(&self, channel: &'static str, post: &Post) -> Vec<&Call> {
        let ours = |call: &&Call| call.made.as_ref() == Some(&post.id) || (post.key.is_some() && call.key == post.key);
        self.calls.get(channel).into_iter().flatten().filter(ours).collect()
    }
}

/// The markers in a text.
fn markers(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(BEGIN).filter_map(|(at, _)| text[at..].find(END).map(|end| &text[at..=at + end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_marker_in_a_text_is_found() {
        let text = format!("a {} b {}{} [post-", marker(7, 0), marker(12, 3), marker(7, 0));
        assert_eq!(markers(&text).collect::<Vec<_>>(), [marker(7, 0), marker(12, 3), marker(7, 0)]);
        assert_eq!(markers("nothing here").count(), 0);
    }
}
