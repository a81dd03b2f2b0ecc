//! Posts, published and not, and the photos they show.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Facebook, done, made};
use crate::{
    fake::{Answer, Ask, Draft, Found, Post, Stage, fetch, lock},
    graph::{error, page, parameter, part, person_id, stands_alone, time, unsupported},
};

const LONGEST: usize = 63_206;
/// How long a photo that nobody uses is kept.
const PHOTO_LIFE: Duration = Duration::from_secs(24 * 3600);

/// A post that the page alone sees.
pub(super) struct Unpublished {
    pub account: String,
    pub published: bool,
    text: String,
    native: Value,
}

/// A photo.
pub(super) struct Photo {
    account: String,
    alt: Option<String>,
    at: Timestamp,
    used: bool,
}

impl Unpublished {
    pub fn shown(&self, id: &str, now: Timestamp) -> Value {
        json!({
            "id": id, "message": self.text, "is_published": false, "created_time": time(now), "permalink_url": address(id),
        })
    }
}

impl Facebook {
    pub(super) fn feed(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let one = |name: &str| parameter(ask, name).filter(|value| !value.is_empty());
        let (text, link) = (one("message").unwrap_or_default(), one("link"));
        if text.encode_utf16().count() > LONGEST {
            return Err(error(400, 100, 0, "(#100) The message is too long"));
        }
        let attached = attached(ask);
        if text.is_empty() && link.is_none() && attached.is_empty() {
            return Err(error(400, 100, 0, "(#100) Either link, place or message must be supplied."));
        }
        if link.as_ref().is_some_and(|link| !link.starts_with("http")) {
            return Err(error(400, 100, 1_609_005, "The link could not be scraped."));
        }
        let waits = one("published").is_some_and(|value| value.eq_ignore_ascii_case("false"));
        if !waits && attached.is_empty() {
            unrepeated(&account, &text, link.as_deref(), stage)?;
        }
        let photos = self.attach(&attached, &account, ask.at)?;
        let rich = link.is_some() || !photos.is_empty();
        let native = json!({"link": link, "photos": photos});
        let id = format!("{}_{}", person_id(&account), stage.new_id());
        let at_once = !waits || (rich && lock(&self.knobs).publishes_drafts);
        if at_once {
            stage.publish(ask, draft(&id, &account, &text, native.clone()));
        }
        if waits {
            let post = Unpublished { account, published: at_once, text, native };
            lock(&self.unpublished).insert(id.clone(), post);
        }
        let answer = Answer::json(200, &made(&id));
        Ok(if at_once { answer.made(&id) } else { answer })
    }

    /// The photos, which from now on belong to a post.
    fn attach(&self, ids: &[String], account: &str, now: Timestamp) -> Result<Vec<Value>, Answer> {
        let mut photos = lock(&self.photos);
        let fits = |photo: &Photo| photo.account == account && (photo.used || now < photo.at + PHOTO_LIFE);
        if !ids.iter().all(|id| photos.get(id).is_some_and(fits)) {
            return Err(error(400, 100, 0, "(#100) Invalid parameter: attached_media"));
        }
        let mut shown = Vec::new();
        for id in ids {
            if let Some(photo) = photos.get_mut(id) {
                photo.used = true;
                shown.push(json!({"media_fbid": id, "alt_text": photo.alt}));
            }
        }
        Ok(shown)
    }

    pub(super) async fn photo(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        let one = |name: &str| parameter(ask, name).filter(|value| !value.is_empty());
        let found = match (part(ask, |part| part.name.is_some()), one("url")) {
            (Some(file), _) => Found::of(&file.bytes),
            (None, Some(_)) if !lock(&self.knobs).fetches => Found::Jpeg,
            (None, Some(address)) => fetch(&address).await,
            (None, None) => Found::Nothing,
        };
        if !matches!(found, Found::Jpeg | Found::Png) {
            return Err(error(400, 324, 2_069_019, "(#324) Missing or invalid image file"));
        }
        let id = stage.new_id().to_string();
        let photo = Photo { account: account.clone(), alt: one("alt_text_custom"), at: ask.at, used: false };
        let alt = photo.alt.clone();
        lock(&self.photos).insert(id.clone(), photo);
        if one("published").is_some_and(|value| value.eq_ignore_ascii_case("false")) {
            return Ok(Answer::json(200, &made(&id)));
        }
        let post = format!("{}_{}", person_id(&account), stage.new_id());
        let native = json!({"photos": [{"media_fbid": id, "alt_text": alt}]});
        stage.publish(ask, draft(&post, &account, &one("caption").unwrap_or_default(), native));
        Ok(Answer::json(200, &json!({"id": id, "post_id": post})).made(&post))
    }

    /// Publishes what waits to be published.
    pub(super) fn update(&self, ask: &Ask, id: &str, page: String, stage: &Stage) -> Result<Answer, Answer> {
        let knobs = lock(&self.knobs).clone();
        let mut unpublished = lock(&self.unpublished);
        let waiting = unpublished.get_mut(id).filter(|post| post.account == page);
        let post = waiting.ok_or_else(|| unsupported(&ask.method, id))?;
        if !parameter(ask, "is_published").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Err(error(400, 100, 0, "(#100) Nothing to change"));
        }
        if post.published {
            let repeated = error(400, 100, 0, "(#100) The post is published already");
            return if knobs.takes_repeats { Ok(done()) } else { Err(repeated) };
        }
        if knobs.guards_drafts {
            unrepeated(&page, &post.text, post.native["link"].as_str(), stage)?;
        }
        post.published = true;
        stage.publish(ask, draft(id, &page, &post.text, post.native.clone()));
        Ok(done().made(id))
    }

    pub(super) fn list(&self, ask: &Ask, account: String, stage: &Stage) -> Result<Answer, Answer> {
        Ok(page(ask, stage, &account, stands_alone, shown))
    }
}

/// Refuses what says the same as the page's last post.
fn unrepeated(account: &str, text: &str, link: Option<&str>, stage: &Stage) -> Result<(), Answer> {
    let last = stage.posts().into_iter().rfind(|post| post.account == account && stands_alone(post));
    let same = |post: &Post| post.text == text && post.native["link"].as_str() == link;
    match last.filter(same) {
        Some(_) => Err(error(400, 506, 0, "(#506) Duplicate status message")),
        None => Ok(()),
    }
}

/// The ids of the photos that a post shows, as one list or by numbers.
fn attached(ask: &Ask) -> Vec<String> {
    let whole = parameter(ask, "attached_media").and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let numbered = (0..).map_while(|n| serde_json::from_str(&parameter(ask, &format!("attached_media[{n}]"))?).ok());
    let listed = whole.and_then(|list| list.as_array().cloned()).unwrap_or_else(|| numbered.collect());
    listed.iter().filter_map(|one| one["media_fbid"].as_str().map(str::to_owned)).collect()
}

fn draft(id: &str, account: &str, text: &str, native: Value) -> Draft {
    Draft { id: id.into(), url: address(id), account: account.into(), text: text.into(), native }
}

fn address(id: &str) -> String {
    format!("https://www.facebook.com/{id}")
}

/// The shape the API gives a post. Without a text there is no such field.
pub(super) fn shown(post: &Post) -> Value {
    let shows = post.native["photos"].as_array().is_some_and(|photos| !photos.is_empty());
    let rich = shows || post.native["link"].is_string() || post.native["video"].is_string();
    json!({
        "id": post.id,
        "message": (!post.text.is_empty()).then_some(&post.text),
        "created_time": time(post.created_at),
        "permalink_url": post.url,
        "is_published": true,
        "attachments": rich.then(|| json!({"data": [{"media_type": "photo"}]})),
    })
}
