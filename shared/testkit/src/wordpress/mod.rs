//! A WordPress site's REST API (`/wp-json/wp/v2`), as a 6.1 was measured.
//!
//! A user is NAME with the application password [`WordPress::password`], and needs no making. What is reproduced with care: no
//! idempotency of any kind (`Idempotency-Key` is ignored, one slug may be had twice), drafts that keep their slug while published
//! posts get `-2`, publishing by id as often as one likes, permanent refusals with status 500, and wrong credentials that sound
//! like a missing permission. Not there: terms, comments, revisions, its own scheduler.

mod access;
mod media;
mod posts;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use access::Access;
use posts::Article;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fake::{Answer, Ask, Platform, Stage, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// The largest file, bytes.
    pub max_upload_bytes: usize,
    /// In the middle of an update of itself: an HTML page for every call.
    pub maintenance: bool,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { max_upload_bytes: 64 << 20, maintenance: false }
    }
}

/// The platform. Run it with `Fake::<WordPress>::start()`.
#[derive(Default)]
pub struct WordPress {
    knobs: Mutex<Knobs>,
    access: Access,
    ids: AtomicU64,
    posts: Mutex<BTreeMap<u64, Article>>,
    media: Mutex<BTreeMap<u64, Value>>,
}

impl WordPress {
    /// The application password of a user, with the spaces that WordPress shows it with.
    pub fn password(name: &str) -> String {
        format!("Xq7{name} Ab3d Ef5h Jk8l")
    }

    /// The user takes the application password back.
    pub fn revoke(&self, name: &str) {
        self.access.revoke(name);
    }

    /// From now on the user may write drafts and not publish.
    pub fn make_contributor(&self, name: &str) {
        self.access.demote(name);
    }

    /// Somebody deletes a post or draft for good.
    pub fn erase(&self, id: u64) {
        lock(&self.posts).remove(&id);
    }

    /// Somebody gives a post another status, as `trash`.
    pub fn set_status(&self, id: u64, status: &str) {
        if let Some(article) = lock(&self.posts).get_mut(&id) {
            article.status = status.to_owned();
        }
    }

    /// The ids and slugs of all drafts.
    pub fn drafts(&self) -> Vec<(u64, String)> {
        let posts = lock(&self.posts);
        let drafts = posts.iter().filter(|(_, article)| article.status == "draft");
        drafts.map(|(id, article)| (*id, article.slug.clone())).collect()
    }

    fn new_id(&self) -> u64 {
        self.ids.fetch_add(1, SeqCst) + 1
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let segments = ask.segments();
        let ["wp-json", "wp", "v2", rest @ ..] = segments.as_slice() else { return Err(no_route()) };
        let user = self.access.user(ask);
        match (ask.method.as_str(), rest) {
            ("GET", ["users", "me"]) => self.me(ask, user),
            ("GET", ["posts"]) => self.list(ask, user.as_deref(), stage),
            ("POST", ["posts"]) => self.create(ask, user.as_deref(), stage),
            ("GET", ["posts", id]) => self.show(ask, id, user.as_deref(), stage),
            ("POST" | "PUT" | "PATCH", ["posts", id]) => self.update(ask, id, user.as_deref(), stage),
            ("DELETE", ["posts", id]) => self.remove(ask, id, user.as_deref(), stage),
            ("POST", ["media"]) => self.upload(ask, user.as_deref()),
            ("POST" | "PUT" | "PATCH", ["media", id]) => self.describe(ask, id, user.as_deref()),
            ("GET", ["media", id]) => self.show_media(id),
            _ => Err(no_route()),
        }
    }

    fn me(&self, ask: &Ask, user: Option<String>) -> Result<Answer, Answer> {
        let name = user.ok_or_else(|| error(401, "rest_not_logged_in", "You are not currently logged in."))?;
        let mut me = json!({"id": 1, "name": name, "slug": name, "link": format!("https://blog.test/author/{name}/")});
        if ask.param("context") == Some("edit") {
            let may = self.access.may_publish(&name);
            me["capabilities"] = json!({"edit_posts": true, "publish_posts": may, "upload_files": may});
        }
        Ok(Answer::json(200, &me))
    }
}

impl Platform for WordPress {
    const NAME: &'static str = "wordpress";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        matches!(ask.segments().as_slice(), ["wp-json", "wp", "v2", "posts", ..])
            && ask.field("status") == Some("publish")
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        ask.basic().map(|(name, _)| name)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        if lock(&self.knobs).maintenance {
            let page = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Briefly unavailable for \
                        scheduled maintenance. Check back in a minute.</body></html>";
            return Answer::text(503, "text/html; charset=utf-8", page).with("Retry-After", 600);
        }
        self.route(&ask, stage).unwrap_or_else(|refusal| refusal)
    }

    /// WordPress itself knows no limit; this is a host's.
    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        Answer::text(429, "text/html", "<html><head><title>429 Too Many Requests</title></head></html>")
            .with("Retry-After", seconds)
    }

    /// Application passwords have no end of their own.
    fn expire(&self, account: &str) {
        self.access.revoke(account);
    }

    fn restore(&self, account: &str) {
        self.access.restore(account);
    }
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"code": code, "message": message, "data": {"status": status}}))
}

fn no_route() -> Answer {
    error(404, "rest_no_route", "No route was found matching the URL and request method.")
}
