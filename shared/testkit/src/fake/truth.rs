//! What really is out there: the posts a platform shows, against which every promise is checked.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// Something a platform shows to the world.
#[derive(Clone, Debug, Serialize)]
pub struct Post {
    /// The platform's id.
    pub id: String,
    /// Where a person sees it.
    pub url: String,
    /// Whose it is.
    pub account: String,
    /// Its text.
    pub text: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on listings show it.
    pub listed_at: Timestamp,
    /// The key the caller sent with it.
    pub key: Option<String>,
    /// Taken down since.
    pub deleted: bool,
    /// What else the platform keeps of it, in its own shape.
    pub native: Value,
}

/// A post about to be made.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The platform's id.
    pub id: String,
    /// Where a person will see it.
    pub url: String,
    /// Whose it is.
    pub account: String,
    /// Its text.
    pub text: String,
    /// What else the platform keeps of it.
    pub native: Value,
}

/// All posts of one platform, in the order they were made.
#[derive(Default)]
pub(crate) struct Truth {
    posts: Vec<Post>,
    by_id: HashMap<String, usize>,
    by_account: HashMap<String, Vec<usize>>,
}

impl Truth {
    pub(crate) fn add(&mut self, draft: Draft, key: Option<String>, now: Timestamp, list_late: Duration) -> Post {
        let Draft { id, url, account, text, native } = draft;
        let post =
            Post { id, url, account, text, created_at: now, listed_at: now + list_late, key, deleted: false, native };
        self.by_id.insert(post.id.clone(), self.posts.len());
        self.by_account.entry(post.account.clone()).or_default().push(self.posts.len());
        self.posts.push(post.clone());
        post
    }

    /// Overwrites text and native form.
    pub(crate) fn change(&mut self, id: &str, text: &str, native: Value) {
        if let Some(&at) = self.by_id.get(id) {
            (self.posts[at].text, self.posts[at].native) = (text.to_owned(), native);
        }
    }

    /// Takes a post down and returns it as it was.
    pub(crate) fn delete(&mut self, id: &str) -> Option<Post> {
        let post = &mut self.posts[*self.by_id.get(id)?];
        (!post.deleted).then(|| {
            let before = post.clone();
            post.deleted = true;
            before
        })
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Post> {
        self.posts.get(*self.by_id.get(id)?).filter(|post| !post.deleted)
    }

    /// Everything that is visible, listed or not.
    pub(crate) fn visible(&self) -> impl Iterator<Item = &Post> {
        self.posts.iter().filter(|post| !post.deleted)
    }

    /// Everything that was taken down.
    pub(crate) fn deleted(&self) -> impl Iterator<Item = &Post> {
        self.posts.iter().filter(|post| post.deleted)
    }

    /// What listings of an account show now, newest first.
    pub(crate) fn listed(&self, account: &str, now: Timestamp) -> impl Iterator<Item = &Post> {
        let places = self.by_account.get(account).map(Vec::as_slice).unwrap_or_default();
        places.iter().rev().map(|&at| &self.posts[at]).filter(move |post| !post.deleted && post.listed_at <= now)
    }

    /// Visible posts that repeat an earlier one of the same account, word for word.
    pub(crate) fn duplicates(&self) -> Vec<Post> {
        let mut seen = std::collections::HashSet::new();
        self.visible().filter(|post| !seen.insert((&post.account, &post.text))).cloned().collect()
    }
}
