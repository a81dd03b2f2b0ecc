//! Videos: asked for, uploaded in chunks, and out once the last byte is there.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    TikTok, invalid,
    posts::{Kind, Publication},
    success,
};
use crate::fake::{Answer, Ask, Stage, lock};

const LEAST_CHUNK: u64 = 5_000_000;
const MOST_CHUNK: u64 = 64 << 20;
const MOST_LAST_CHUNK: u64 = 128 << 20;
const LARGEST: u64 = 4 << 30;

/// Which bytes a request carries.
pub(super) struct Range {
    pub start: u64,
    /// The first byte that it does not carry.
    pub end: u64,
    pub total: u64,
}

impl Range {
    pub(super) fn of(ask: &Ask) -> Option<Self> {
        let (span, total) = ask.header("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = span.split_once('-')?;
        let range = Self { start: first.parse().ok()?, end: last.parse::<u64>().ok()? + 1, total: total.parse().ok()? };
        (range.start < range.end && range.end <= range.total).then_some(range)
    }
}

impl TikTok {
    pub(super) fn begin_video(&self, ask: &Ask, account: &str) -> Result<Answer, Answer> {
        let body = ask.json();
        let source = &body["source_info"];
        if source["source"] != "FILE_UPLOAD" {
            return Err(invalid("source must be FILE_UPLOAD here"));
        }
        let (total, chunk, chunks) = plan(source)?;
        self.check_post(account, ask, &body)?;
        let number = Uuid::new_v4().simple().to_string();
        let (id, token) = (format!("v_pub_file~v2-1.{}", &number[..16]), number[16..].to_owned());
        let knobs = lock(&self.knobs).clone();
        let kind = Kind::Video {
            total,
            chunk,
            chunks,
            have: 0,
            until: ask.at + Duration::from_secs(knobs.upload_life_s),
            token: token.clone(),
        };
        let publication = Publication {
            account: account.to_owned(),
            info: body["post_info"].clone(),
            kind,
            whole_at: None,
            post: None,
            fails_with: knobs.fails_with,
        };
        lock(&self.publications).insert(id.clone(), publication);
        let host = ask.header("host").unwrap_or_default();
        let address = format!("http://{host}/video/?upload_id={id}&upload_token={token}");
        Ok(success(&json!({"publish_id": id, "upload_url": address})))
    }

    /// Bytes of a video, in order.
    pub(super) fn take_bytes(&self, ask: &Ask, stage: &Stage) -> Result<Answer, Answer> {
        let said = |status: u16, why: &str| Answer::json(status, &json!({"code": "upload_error", "message": why}));
        let id = ask.param("upload_id").unwrap_or_default();
        let mut publications = lock(&self.publications);
        let publication = publications.get_mut(id).ok_or_else(|| said(404, "task not found"))?;
        let Kind::Video { total, chunk, chunks, have, until, token } = &mut publication.kind else {
            return Err(said(404, "task not found"));
        };
        if ask.param("upload_token") != Some(token.as_str()) || *until <= ask.at {
            return Err(said(403, "upload url is expired or not valid"));
        }
        let range = Range::of(ask).ok_or_else(|| said(400, "Content-Range is required"))?;
        let length = range.end - range.start;
        let is_last = *have / *chunk + 1 == *chunks;
        let fits = range.total == *total && length == ask.body.len() as u64;
        let in_order = range.start == *have && *have < *total;
        let right_size = if is_last { range.end == *total } else { length == *chunk };
        if !fits || ask.header("content-type").is_none() {
            return Err(said(400, "Content-Range does not fit the body"));
        }
        if !in_order || !right_size {
            return Err(said(416, "the range is not the one that is next"));
        }
        *have = range.end;
        if *have < *total {
            return Ok(Answer::text(206, "text/plain", ""));
        }
        let post = self.whole(ask, publication, stage);
        let answer = Answer::text(201, "text/plain", "");
        Ok(post.map_or(answer.clone(), |post| answer.made(&post)))
    }
}

/// Size, chunk size and number of chunks, if they keep the rules.
fn plan(source: &Value) -> Result<(u64, u64, u64), Answer> {
    let number = |name: &str| {
        source[name].as_u64().filter(|number| *number > 0).ok_or_else(|| invalid(&format!("{name} is required")))
    };
    let (total, chunk, chunks) = (number("video_size")?, number("chunk_size")?, number("total_chunk_count")?);
    let whole = chunks == 1 && chunk == total && total <= MOST_CHUNK;
    let in_rules = (LEAST_CHUNK..=MOST_CHUNK).contains(&chunk) && chunk <= total && chunks == total / chunk;
    let last = total.saturating_sub((chunks - 1) * chunk);
    if total > LARGEST || !(whole || in_rules) || chunks > 1000 || last > MOST_LAST_CHUNK {
        return Err(invalid("chunk_size or total_chunk_count is not valid"));
    }
    Ok((total, chunk, chunks))
}
