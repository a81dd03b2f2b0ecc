//! Facebook's API for pages, from its documentation and from what its users report.
//!
//! A token is `token-NAME` and belongs to the page NAME, which needs no making; `person-NAME` is the token of a person who looks after
//! that page. Posts can be made unpublished and published later by their ids; videos are uploaded in pieces, and worked on before they
//! are shown. What publishing an unpublished post a second time does is documented nowhere: a knob says.
//! Not there: stories, scheduling by Facebook, albums, groups, targeting.

mod comments;
mod connect;
mod persons;
mod posts;
mod videos;

use std::{collections::HashMap, sync::Mutex};

use comments::Comment;
use posts::{Photo, Unpublished};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use videos::Video;

use crate::{
    fake::{Agreed, Answer, Ask, Codes, Consent, Platform, Stage, lock},
    graph::{
        access::{self, Access, caller, owner},
        error, limited, parameter, path, person_id, pick, stands_alone, with_usage,
    },
};

/// What can be set about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Knobs {
    /// How long a video is worked on before it is shown, milliseconds.
    pub video_ms: u64,
    /// How many bytes of a video are asked for at once.
    pub piece: u64,
    /// A video that nobody has told to be published can be read.
    pub shows_unfinished: bool,
    /// The flag "published" of such a video is set all the same.
    pub flags_unfinished: bool,
    /// Unpublished posts with photos or links are published at once, as was reported.
    pub publishes_drafts: bool,
    /// An unpublished post that repeats the last one cannot be published either.
    pub guards_drafts: bool,
    /// Publishing a post that is published is a success.
    pub takes_repeats: bool,
    /// Photos are fetched from their addresses; otherwise every address is believed.
    pub fetches: bool,
    /// What the person does whom a link leads to the platform.
    pub consent: Consent,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            video_ms: 0,
            piece: 1 << 20,
            shows_unfinished: true,
            flags_unfinished: false,
            publishes_drafts: false,
            guards_drafts: false,
            takes_repeats: true,
            fetches: true,
            consent: Consent::default(),
        }
    }
}

/// The platform. Run it with `Fake::<Facebook>::start()`.
#[derive(Default)]
pub struct Facebook {
    codes: Codes,
    /// What persons agreed to, by whose account it is.
    agreed: Mutex<HashMap<String, Agreed>>,
    knobs: Mutex<Knobs>,
    access: Access,
    persons: Mutex<persons::Persons>,
    unpublished: Mutex<HashMap<String, Unpublished>>,
    photos: Mutex<HashMap<String, Photo>>,
    videos: Mutex<HashMap<String, Video>>,
    comments: Mutex<Vec<Comment>>,
}

impl Facebook {
    /// The app's id and secret.
    pub const CLIENT: (&'static str, &'static str) = ("4017", "fb-app-secret");

    /// The token of a page.
    pub fn token(name: &str) -> String {
        format!("token-{name}")
    }

    /// The token of the person who looks after a page.
    pub fn person_token(name: &str) -> String {
        format!("person-{name}")
    }

    /// The number of a page.
    pub fn page_id(name: &str) -> String {
        person_id(name)
    }

    /// The owner changes the password.
    pub fn revoke(&self, page: &str) {
        self.access.revoke(page);
    }

    /// The tokens of the page work again.
    pub fn restore(&self, page: &str) {
        self.access.restore(page);
    }

    /// The page takes the permission to publish away.
    pub fn forbid(&self, page: &str) {
        self.access.forbid(page);
    }

    /// The texts of all comments, in the order they were made.
    pub fn comments(&self) -> Vec<String> {
        lock(&self.comments).iter().map(|comment| comment.text.clone()).collect()
    }

    /// How many posts were made unpublished and are so still.
    pub fn drafts(&self) -> usize {
        lock(&self.unpublished).values().filter(|post| !post.published).count()
    }

    async fn route(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(answer) = self.connect(ask) {
            return Ok(answer);
        }
        self.ripen(ask, stage);
        let publisher = || self.access.check_publisher(ask);
        let reader = || self.access.check(ask);
        match (ask.method.as_str(), path(ask).as_slice()) {
            ("GET", ["oauth", "access_token"]) => self.lengthen(ask),
            ("GET", ["debug_token"]) => self.inspect(ask),
            ("GET", ["me", "accounts"]) => self.managed(ask),
            ("GET", ["me"]) if self.is_person(ask) => Err(not_a_page()),
            ("POST", ["video-upload", _, id]) => self.receive(ask, id, &publisher()?),
            ("POST", [page, "feed"]) => self.feed(ask, owner(ask, page, publisher()?)?, stage),
            ("POST", [page, "photos"]) => self.photo(ask, owner(ask, page, publisher()?)?, stage).await,
            ("POST", [page, "videos"]) => self.video(ask, owner(ask, page, publisher()?)?, stage),
            ("POST", [page, "video_reels"]) => self.reel(ask, owner(ask, page, publisher()?)?, stage),
            ("GET", [page, "published_posts" | "feed" | "posts"]) => {
                self.list(ask, owner(ask, page, reader()?)?, stage)
            }
            ("POST", [id, "comments"]) => self.comment(ask, id, publisher()?, stage),
            ("GET", [id, "comments"]) => reader().and_then(|_| self.list_comments(ask, id, stage)),
            ("POST", [id]) => self.update(ask, id, publisher()?, stage),
            ("GET", [id]) => self.show(ask, id, reader()?, stage),
            _ => Err(error(400, 2500, 0, "Unknown path components")),
        }
    }

    fn show(&self, ask: &Ask, id: &str, page: String, stage: &Stage) -> Result<Answer, Answer> {
        if let Some(video) = self.show_video(id, &page, ask) {
            return video.map(|video| Answer::json(200, &pick(&video, ask)));
        }
        if let Some(post) = lock(&self.unpublished).get(id).filter(|post| post.account == page && !post.published) {
            return Ok(Answer::json(200, &pick(&post.shown(id, ask.at), ask)));
        }
        if let Some(post) = stage.post(id).filter(stands_alone) {
            return Ok(Answer::json(200, &pick(&posts::shown(&post), ask)));
        }
        owner(ask, id, page.clone())?;
        let page = json!({"id": person_id(&page), "name": page, "category": "Bakery"});
        Ok(Answer::json(200, &pick(&page, ask)))
    }
}

fn not_a_page() -> Answer {
    error(400, 100, 0, "(#100) Tried accessing nonexisting field (category) on node type (User)")
}

impl Platform for Facebook {
    const NAME: &'static str = "facebook";
    type Knobs = Knobs;

    fn knobs(&self) -> &Mutex<Knobs> {
        &self.knobs
    }

    fn publishes(&self, ask: &Ask) -> bool {
        let says = |name: &str| parameter(ask, name).unwrap_or_default();
        ask.method == "POST"
            && match path(ask).as_slice() {
                [_, "feed" | "photos"] => says("published").to_lowercase() != "false",
                [_, "videos" | "video_reels"] => matches!(says("upload_phase").as_str(), "" | "finish"),
                [_, "comments"] => true,
                [_] => says("is_published").to_lowercase() == "true",
                _ => false,
            }
    }

    fn account(&self, ask: &Ask) -> Option<String> {
        access::name(ask)
    }

    async fn answer(&self, ask: Ask, stage: &Stage) -> Answer {
        let answer = self.route(&ask, stage).await.unwrap_or_else(|refusal| refusal);
        with_usage(answer, &caller(&ask), "pages", 1, 0)
    }

    fn limited(&self, ask: &Ask, seconds: u64) -> Answer {
        limited(&caller(ask), "pages", 80_001, seconds)
    }

    fn expire(&self, account: &str) {
        self.access.expire(account);
    }

    fn restore(&self, account: &str) {
        self.access.restore(account);
    }
}

/// What is asked for by its id.
fn made(id: &str) -> Value {
    json!({"id": id})
}

/// It is done.
fn done() -> Answer {
    Answer::json(200, &json!({"success": true}))
}
