//! A Ghost site's Admin API, as 5.130 was measured.
//!
//! An integration is NAME with the key [`Ghost::key`], and needs no making. What is reproduced with care: no idempotency of any kind
//! (one slug may be had twice, drafts included), updates that must carry `updated_at` and collide only where they change something,
//! self-made tokens with their audience and five minutes, errors whose status lies, and e-mails that go out on a publish that names a
//! newsletter. Not there: members, pages, revisions, its own scheduler.

mod access;
mod images;
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
use serde_json::json;

use crate::fake::{Answer, Ask, Platform, Stage, lock};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// The largest file, bytes.
    pub max_upload_bytes: usize,
    /// In the middle of an update of itself.
    pub maintenance: bool,
}

impl Default for Knobs {
    fn default() -> Self {
        Self { max_upload_bytes: 20 << 20, maintenance: false }
    }
}

/// The platform. Run it with `Fake::<Ghost>::start()`.
#[derive(Default)]
pub struct Ghost {
    knobs: Mutex<Knobs>,
    access: Access,
    ids: AtomicU64,
    posts: Mutex<BTreeMap<String, Article>>,
    mails: Mutex<Vec<(String, String)>>,
}

impl Ghost {
    /// The admin key of an integration: `id:secret`, both in hexadecimal. Names have twelve bytes at most.
    pub fn key(name: &str) -> String {
        access::key(name)
    }

    /// Somebody takes the integration away.
    pub fn revoke(&self, name: &str) {
        self.access.revoke(name);
    }

    /// Somebody deletes a post or draft.
    pub fn erase(&self, id: &str) {
        lock(&self.posts).remove(id);
    }

    /// Somebody gives a post another status, as `scheduled`, or edits it.
    pub fn set_status(&self, id: &str, status: &str, stage: &Stage) {
        if let Some(article) = lock(&self.posts).get_mut(id) {
            article.status = status.to_owned();
            article.touch(stage.now());
        }
    }

    /// The ids and slugs of all drafts.
    pub fn drafts(&self) -> Vec<(String, String)> {
        let posts = lock(&self.posts);
        let drafts = posts.iter().filter(|(_, article)| article.status == "draft");
        drafts.map(|(id, article)| (id.clone(), article.slug.clone())).collect()
    }

    /// The e-mails that went out: post and newsletter.
    pub fn mails(&self) -> Vec<(String, String)> {
        lock(&self.mails).clone()
    }

    /// An id such as the database makes them: 24 hexadecimal digits.
    fn new_id(&self) -> String {
        format!("{:024x}", 0x6500_0000_0000_0000_u64 + self.ids.fetch_add(1, SeqCst))
    }

    fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let segments = ask.segments();
        let ["ghost", "api", "admin", rest @ ..] = segments.as_slice() else {
            return Ok(Answer::text(404, "text/html", "<html><body>404 Page not found</body></html>"));
        };
        if (ask.method.as_str(), rest) == ("GET", &["site"][..]) {
            let site = json!({"site": {"title": "Blog", "url": "https://ghost.test/", "version": "5.130"}});
            return Ok(Answer::json(200, &site));
        }
        let name = self.access.check(ask, stage.now())?;
        match (ask.method.as_str(), rest) {
            ("GET", ["posts"]) => Ok(self.browse(ask)),
            ("POST", ["posts"]) => self.create(ask, &name, stage),
            ("GET", ["posts", "slug", slug]) => self.by_slug(slug),
            ("GET", ["posts", id]) => self.show(id),
            ("PUT", ["posts", id]) => self.update(ask, id, stage),
            ("DELETE", ["posts", id]) => self.remove(id, stage),
            ("POST", ["images", "upload"]) => self.upload(ask),
            _ => Err(not_found("Resource not found error.")),
        }
    }
}

impl Platform for Ghost {
    const NAME: &'static str = "ghost";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        matches!(ask.segments().as_slice(), ["ghost", "api", "admin", "posts", ..])
            && ask.json()["posts"][0]["status"] == "published"
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        access::named(ask)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        if lock(&self.knobs).maintenance {
            return error(
                503,
                "MaintenanceError",
                None,
                "Site is currently undergoing maintenance, please wait.",
                None,
            );
        }
        self.route(&ask, stage).unwrap_or_else(|refusal| refusal)
    }

    fn limited(&self, _ask: &Ask, seconds: u64) -> Answer {
        error(429, "TooManyRequestsError", None, "Too many requests.", None).with("Retry-After", seconds)
    }

    /// Tokens are made by the caller: its key is what can end.
    fn expire(&self, account: &str) {
        self.access.expire(account);
    }

    fn restore(&self, account: &str) {
        self.access.restore(account);
    }
}

fn error(status: u16, kind: &str, code: Option<&str>, message: &str, context: Option<&str>) -> Answer {
    let error = json!({
        "type": kind, "code": code, "message": message, "context": context, "details": null, "help": null, "property": null,
        "ghostErrorCode": null, "id": "00000000-0000-0000-0000-000000000000",
    });
    Answer::json(status, &json!({ "errors": [error] }))
}

fn not_found(message: &str) -> Answer {
    error(404, "NotFoundError", None, message, None)
}
