//! Writing and reading records.

use serde_json::{Value, json};

use super::{
    Bluesky, cid, error, invalid,
    record::{POSTS, check_key},
};
use crate::fake::{Answer, Ask, Draft, Post, Stage, lock};

/// Where a record is, or is to be.
struct Place {
    collection: String,
    key: String,
    uri: String,
}

impl Bluesky {
    /// Writes a record under a key, over what is there unless `swapRecord` forbids it. The same content again changes nothing.
    pub(super) fn put(&self, ask: &Ask, caller: &str, stage: &Stage) -> Result<Answer, Answer> {
        let body = ask.json();
        let place = place(&body, caller)?;
        check_key(&place.collection, &place.key)?;
        self.check_record(&place.collection, &body["record"])?;
        let cid = cid::of_record(&body["record"]);

        let _writing = lock(&self.writing);
        let standing = stage.post(&place.uri).map(|post| post.native["cid"].clone());
        if standing.as_ref().is_some_and(|there| *there == cid) {
            return Ok(written(&place.uri, &cid, None));
        }
        if let Some(expected) = body.get("swapRecord")
            && *expected != standing.clone().unwrap_or_default()
        {
            let was = standing.as_ref().and_then(Value::as_str).unwrap_or("null");
            return Err(error(400, "InvalidSwap", &format!("Record was at {was}")));
        }
        Ok(self.write(ask, caller, &place, body["record"].clone(), &cid, stage))
    }

    /// Writes a record under a key that must be free. If it is not, the server fails in a way that tells nothing.
    pub(super) fn create(&self, ask: &Ask, caller: &str, stage: &Stage) -> Result<Answer, Answer> {
        let mut body = ask.json();
        if body["rkey"].is_null() {
            body["rkey"] = Value::from(tid(stage.new_id()));
        }
        let place = place(&body, caller)?;
        check_key(&place.collection, &place.key)?;
        self.check_record(&place.collection, &body["record"])?;
        let cid = cid::of_record(&body["record"]);

        let _writing = lock(&self.writing);
        if stage.post(&place.uri).is_some() {
            return Err(error(500, "InternalServerError", "Internal Server Error"));
        }
        Ok(self.write(ask, caller, &place, body["record"].clone(), &cid, stage))
    }

    fn write(&self, ask: &Ask, caller: &str, place: &Place, record: Value, cid: &str, stage: &Stage) -> Answer {
        let text = record["text"].as_str().unwrap_or_default().to_owned();
        let native = json!({"cid": cid, "value": record, "collection": place.collection, "rkey": place.key});
        let id = place.uri.clone();
        if stage.post(&id).is_some() {
            stage.change(&id, &text, native);
        } else {
            let url = format!("https://bluesky.test/profile/{}/post/{}", Self::did(caller), place.key);
            stage.publish(ask, Draft { id, url, account: caller.into(), text, native });
        }
        let rev = tid(stage.new_id());
        let commit = json!({"cid": cid::of_record(&json!({"rev": rev})), "rev": rev});
        written(&place.uri, cid, Some(commit)).made(&place.uri)
    }

    pub(super) fn remove(&self, ask: &Ask, caller: &str, stage: &Stage) -> Result<Answer, Answer> {
        let place = place(&ask.json(), caller)?;
        stage.delete(&place.uri);
        Ok(Answer::json(200, &json!({})))
    }

    pub(super) fn get(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let part = |name| ask.param(name).unwrap_or_default();
        let uri = uri(&did(part("repo")), part("collection"), part("rkey"));
        let missing = || error(400, "RecordNotFound", &format!("Could not locate record: {uri}"));
        stage.post(&uri).map(|post| Answer::json(200, &shown(&post))).ok_or_else(missing)
    }

    /// Newest key first; the cursor is the last key shown.
    pub(super) fn list(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let repo = did(ask.param("repo").unwrap_or_default());
        let collection = ask.param("collection").unwrap_or(POSTS);
        let limit = ask.param("limit").and_then(|limit| limit.parse().ok()).unwrap_or(50);
        if !(1..=100).contains(&limit) {
            return Err(invalid("Error: limit must be between 1 and 100"));
        }
        let below = ask.param("cursor");
        let Some(account) = self.sessions.name_of(&repo) else {
            return Err(invalid(&format!("Could not find repo: {repo}")));
        };
        let mut posts = stage.listed(&account, usize::MAX, |post| {
            let key = post.native["rkey"].as_str().unwrap_or_default();
            post.native["collection"] == collection && below.is_none_or(|cursor| key < cursor)
        });
        posts.sort_by(|a, b| b.native["rkey"].as_str().cmp(&a.native["rkey"].as_str()));
        posts.truncate(limit);
        let mut page = json!({"records": posts.iter().map(shown).collect::<Vec<_>>()});
        if let Some(last) = posts.last() {
            page["cursor"] = last.native["rkey"].clone();
        }
        Ok(Answer::json(200, &page))
    }
}

fn place(body: &Value, caller: &str) -> Result<Place, Answer> {
    let part = |name: &str| {
        let missing = || invalid(&format!("Input must have the property \"{name}\""));
        body[name].as_str().map(str::to_owned).ok_or_else(missing)
    };
    let (repo, collection, key) = (did(&part("repo")?), part("collection")?, part("rkey")?);
    if repo != Bluesky::did(caller) {
        return Err(error(403, "AccountNotFound", "Could not find repo"));
    }
    let uri = uri(&repo, &collection, &key);
    Ok(Place { collection, key, uri })
}

/// A repository may be named by handle, too.
fn did(repo: &str) -> String {
    super::sessions::name(repo).map_or_else(|| repo.to_owned(), |name| Bluesky::did(&name))
}

fn uri(did: &str, collection: &str, key: &str) -> String {
    format!("at://{did}/{collection}/{key}")
}

fn shown(post: &Post) -> Value {
    json!({"uri": post.id, "cid": post.native["cid"], "value": post.native["value"]})
}

/// Without a commit nothing was changed.
fn written(uri: &str, cid: &str, commit: Option<Value>) -> Answer {
    let mut body = json!({"uri": uri, "cid": cid, "validationStatus": "valid"});
    if let Some(commit) = commit {
        body["commit"] = commit;
    }
    Answer::json(200, &body)
}

/// 13 sortable characters, the top bit free.
fn tid(number: u64) -> String {
    const LETTERS: &[u8] = b"234567abcdefghijklmnopqrstuvwxyz";
    let number = number & (u64::MAX >> 1);
    (0..13).rev().map(|place| char::from(LETTERS[(number >> (5 * place) & 31) as usize])).collect()
}
