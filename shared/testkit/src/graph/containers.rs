//! Containers: made, worked on, ready for a day, published.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::Value;

use crate::fake::{Stage, lock};

const LIFE: Duration = Duration::from_secs(24 * 3600);

/// Something that can be published.
#[derive(Clone)]
pub(crate) struct Container {
    /// Whose it is.
    pub account: String,
    /// What its post will be.
    pub native: Value,
    /// The text.
    pub text: String,
    /// It goes into a carousel and cannot be published by itself.
    pub child: bool,
    /// What is wrong with it, if something is.
    pub broken: Option<String>,
    /// When it was made.
    pub made: Timestamp,
    /// When the platform is done with it.
    pub ready_at: Timestamp,
    /// Since when it says that it was published.
    pub published_at: Option<Timestamp>,
    /// Its children.
    pub children: Vec<String>,
}

/// All containers.
#[derive(Default)]
pub(crate) struct Containers {
    all: Mutex<HashMap<String, Container>>,
    lost: Mutex<HashSet<String>>,
}

impl Containers {
    pub fn add(&self, stage: &Stage, container: Container) -> String {
        let id = stage.new_id().to_string();
        lock(&self.all).insert(id.clone(), container);
        id
    }

    /// The account's container of this id.
    pub fn get(&self, id: &str, account: &str) -> Option<Container> {
        let lost = lock(&self.lost).contains(id);
        lock(&self.all).get(id).filter(|container| container.account == account && !lost).cloned()
    }

    /// The platform loses every container that there is.
    pub fn lose(&self) {
        let ids: Vec<String> = lock(&self.all).keys().cloned().collect();
        lock(&self.lost).extend(ids);
    }

    /// Something is found to be wrong with every container that is not published.
    pub fn break_all(&self, why: &str) {
        for container in lock(&self.all).values_mut().filter(|container| container.published_at.is_none()) {
            container.broken = Some(why.to_owned());
        }
    }

    /// From `at` on it, and its children, say that they were published.
    pub fn published(&self, id: &str, at: Timestamp) {
        let mut all = lock(&self.all);
        let children = all.get(id).map(|container| container.children.clone()).unwrap_or_default();
        for id in children.iter().map(String::as_str).chain([id]) {
            if let Some(container) = all.get_mut(id) {
                container.published_at.get_or_insert(at);
            }
        }
    }
}

impl Container {
    /// How far it is, in the platform's words.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.published_at {
            Some(at) if at <= now => "PUBLISHED",
            _ if self.broken.is_some() => "ERROR",
            _ if now >= self.made + LIFE => "EXPIRED",
            _ if now < self.ready_at => "IN_PROGRESS",
            _ => "FINISHED",
        }
    }
}
