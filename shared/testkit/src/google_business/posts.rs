//! Local posts: made, judged, listed.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::GoogleBusiness;
use crate::{
    fake::{Answer, Ask, Draft, Stage, lock},
    google::rpc_error,
};

const TYPES: [&str; 4] = ["STANDARD", "EVENT", "OFFER", "ALERT"];
const ACTIONS: [&str; 6] = ["BOOK", "ORDER", "SHOP", "LEARN_MORE", "SIGN_UP", "CALL"];

/// A post, shown to the world or not.
#[derive(Clone)]
pub(super) struct Record {
    name: String,
    account: String,
    contents: Value,
    made_at: Timestamp,
    judged_at: Timestamp,
    rejects: bool,
    /// `PROCESSING`, `LIVE`, `REJECTED`.
    state: &'static str,
}

impl Record {
    fn shown(&self) -> Value {
        let mut shown = self.contents.clone();
        shown["name"] = json!(self.name);
        shown["state"] = json!(self.state);
        shown["createTime"] = json!(self.made_at.to_string());
        shown["updateTime"] = json!(self.made_at.to_string());
        if self.state == "LIVE" {
            shown["searchUrl"] = json!(self.url());
        }
        shown
    }

    fn url(&self) -> String {
        let id = self.name.rsplit('/').next().unwrap_or_default();
        format!("https://local.google.com/place?id={}&use=posts&lpsid={id}", self.account)
    }

    /// Decides, once its time has come.
    fn judge(&mut self, ask: &Ask, stage: &Stage) {
        if self.state != "PROCESSING" || self.judged_at > stage.now() {
            return;
        }
        self.state = if self.rejects { "REJECTED" } else { "LIVE" };
        if self.state == "LIVE" {
            let draft = Draft {
                id: self.name.clone(),
                url: self.url(),
                account: self.account.clone(),
                text: self.contents["summary"].as_str().unwrap_or_default().to_owned(),
                native: self.contents.clone(),
            };
            stage.publish(ask, draft);
        }
    }
}

impl GoogleBusiness {
    /// All posts, whatever became of them, as their owner sees them.
    pub fn records(&self) -> Vec<Value> {
        lock(&self.records).iter().map(Record::shown).collect()
    }

    pub(super) fn judge_posts(&self, ask: &Ask, stage: &Stage) {
        lock(&self.records).iter_mut().for_each(|record| record.judge(ask, stage));
    }

    pub(super) fn create(&self, ask: &Ask, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        let contents = ask.json();
        check(&contents).map_err(|why| rpc_error(400, &format!("Request contains an invalid argument: {why}")))?;
        let knobs = lock(&self.knobs).clone();
        let id = 7_000_000_000_000_000_000 + self.ids.fetch_add(1, SeqCst);
        let mut record = Record {
            name: format!("{}/localPosts/{id}", Self::location(account)),
            account: account.to_owned(),
            contents,
            made_at: stage.now(),
            judged_at: stage.now() + Duration::from_secs(knobs.processing_s),
            rejects: knobs.rejects,
            state: "PROCESSING",
        };
        record.judge(ask, stage);
        let answer = Answer::json(200, &record.shown());
        let answer = if record.state == "LIVE" { answer.made(&record.name) } else { answer };
        lock(&self.records).push(record);
        Ok(answer)
    }

    pub(super) fn list(&self, ask: &Ask, account: &str, stage: &Stage) -> Answer {
        let most: usize = ask.param("pageSize").and_then(|most| most.parse().ok()).unwrap_or(20).clamp(1, 100);
        let from: usize = ask.param("pageToken").and_then(|token| token.parse().ok()).unwrap_or_default();
        let late = |record: &Record| {
            record.state == "LIVE" && stage.listed(account, 1, |post| post.id == record.name).is_empty()
        };
        let records: Vec<Record> = lock(&self.records).clone();
        let mine = |record: &&Record| record.account == account && !late(record);
        let all: Vec<Value> = records.iter().rev().filter(mine).map(Record::shown).collect();
        let mut body = json!({});
        let page: Vec<Value> = all.iter().skip(from).take(most).cloned().collect();
        if !page.is_empty() {
            body["localPosts"] = json!(page);
        }
        if from + most < all.len() {
            body["nextPageToken"] = json!((from + most).to_string());
        }
        Answer::json(200, &body)
    }

    pub(super) fn show(&self, name: &str) -> Result<Answer, Answer> {
        let records = lock(&self.records);
        let record = records.iter().find(|record| record.name == name);
        record.map(|record| Answer::json(200, &record.shown())).ok_or_else(gone)
    }

    pub(super) fn remove(&self, name: &str, stage: &Stage) -> Result<Answer, Answer> {
        let mut records = lock(&self.records);
        let at = records.iter().position(|record| record.name == name).ok_or_else(gone)?;
        records.remove(at);
        stage.delete(name);
        Ok(Answer::json(200, &json!({})))
    }
}

fn gone() -> Answer {
    rpc_error(404, "Requested entity was not found.")
}

/// What Google refuses.
fn check(post: &Value) -> Result<(), &'static str> {
    let text = |field: &str| post[field].as_str().unwrap_or_default();
    let topic = text("topicType");
    if !TYPES.contains(&topic) {
        return Err("topicType");
    }
    if text("summary").is_empty() || text("summary").chars().count() > 1500 {
        return Err("summary");
    }
    let action = &post["callToAction"];
    if !action.is_null() {
        let kind = action["actionType"].as_str().unwrap_or_default();
        if !ACTIONS.contains(&kind) || (kind == "CALL") == action["url"].is_string() || topic == "OFFER" {
            return Err("call_to_action");
        }
    }
    let event = &post["event"];
    if matches!(topic, "EVENT" | "OFFER") {
        let day = |name: &str| ["year", "month", "day"].iter().all(|part| event["schedule"][name][part].is_u64());
        if event["title"].as_str().is_none_or(str::is_empty) || !day("startDate") || !day("endDate") {
            return Err("event");
        }
    }
    let media = post["media"].as_array().cloned().unwrap_or_default();
    let is_photo = |item: &Value| {
        item["mediaFormat"] == "PHOTO" && item["sourceUrl"].as_str().is_some_and(|url| url.starts_with("http"))
    };
    if media.len() > 1 || !media.iter().all(is_photo) {
        return Err("media");
    }
    Ok(())
}
