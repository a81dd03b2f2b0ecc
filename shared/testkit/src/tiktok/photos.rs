//! Pictures: TikTok fetches them itself, and posts them as soon as it is asked to.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    TikTok, invalid,
    posts::{Kind, Publication, units},
    refusal, success,
};
use crate::fake::{Answer, Ask, Found, Stage, fetch, lock};

const MOST: usize = 35;
const LONGEST_TITLE: usize = 90;
const LONGEST_TEXT: usize = 4000;

impl TikTok {
    pub(super) async fn begin_photos(&self, ask: &Ask, account: &str, stage: &Stage) -> Result<Answer, Answer> {
        let body = ask.json();
        let (source, info) = (&body["source_info"], &body["post_info"]);
        let direct = body["post_mode"] == "DIRECT_POST" && body["media_type"] == "PHOTO";
        if !direct || source["source"] != "PULL_FROM_URL" {
            return Err(invalid("post_mode, media_type or source is not one that is offered here"));
        }
        let images: Vec<&str> =
            source["photo_images"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let cover = source["photo_cover_index"].as_u64().unwrap_or_default();
        if images.is_empty() || images.len() > MOST || cover as usize >= images.len() {
            return Err(invalid("photo_images or photo_cover_index is not valid"));
        }
        if units(&info["title"]) > LONGEST_TITLE || units(&info["description"]) > LONGEST_TEXT {
            return Err(invalid("title or description is too long"));
        }
        let prefix = lock(&self.knobs).verified_prefix.clone();
        if images.iter().any(|image| !image.starts_with(&prefix)) {
            let message = "Please verify the ownership of the URL properties before using them.";
            return Err(refusal(403, "url_ownership_unverified", message));
        }
        self.check_post(account, ask, &body)?;
        let mut fails_with = lock(&self.knobs).fails_with.clone();
        for image in &images {
            match fetch(image).await {
                Found::Jpeg => {}
                Found::Nothing => fails_with = "photo_pull_failed".into(),
                _ => fails_with = "file_format_check_failed".into(),
            }
        }
        let id = format!("p_pub_url~v2.{}", &Uuid::new_v4().simple().to_string()[..16]);
        let mut info = info.clone();
        info["images"] = json!(images);
        let mut publication = Publication {
            account: account.to_owned(),
            info,
            kind: Kind::Photos,
            whole_at: None,
            post: None,
            fails_with,
        };
        let post = self.whole(ask, &mut publication, stage);
        lock(&self.publications).insert(id.clone(), publication);
        let answer = success(&json!({"publish_id": id}));
        Ok(post.map_or(answer.clone(), |post| answer.made(&post)))
    }
}
