//! What a creator may do now. It changes with every tap in the app, so it is asked before every post and never remembered.

use domain::{Code, Draft, Failure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CREATOR, TikTok, check, wrong};
use crate::Account;

/// A creator's word.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Creator {
    #[serde(rename = "creator_username")]
    pub name: String,
    privacy_level_options: Vec<String>,
    #[serde(default)]
    comment_disabled: bool,
    #[serde(default)]
    duet_disabled: bool,
    #[serde(default)]
    stitch_disabled: bool,
    /// The longest video that it may post, in seconds.
    pub max_video_post_duration_sec: Option<u64>,
}

impl TikTok {
    pub(super) async fn creator(&self, account: &Account) -> Result<Creator, Failure> {
        let request = self.request(account, "post/publish/creator_info/query/")?.json(&json!({}));
        self.free(CREATOR, account, request).await
    }
}

impl Creator {
    /// Who is to see the post, if the creator and the app's standing allow it.
    pub(super) fn audience<'a>(&self, draft: &'a Draft, account: &'a Account) -> Result<&'a str, Failure> {
        let audience = check::audience(draft, account);
        if !check::is_audited(account) && audience != check::SELF_ONLY {
            let said = format!("the app is not audited by TikTok and may post for {} only", check::SELF_ONLY);
            return Err(wrong(Code::BAD_SETTING, CREATOR, said));
        }
        if !self.privacy_level_options.iter().any(|option| option == audience) {
            let offered = self.privacy_level_options.join(", ");
            let said = format!("the creator's account offers {offered}, not {audience}: choose one of these");
            return Err(wrong(Code::BAD_SETTING, CREATOR, said));
        }
        Ok(audience)
    }

    /// `post_info` of either kind of post. What the creator has switched off stays off.
    pub(super) fn info(&self, draft: &Draft, audience: &str, video: bool) -> Value {
        let mut info = json!({ "privacy_level": audience });
        let switches = check::SWITCHES.iter().chain(check::VIDEO_SWITCHES.iter().filter(|_| video));
        for name in switches.filter(|name| !(video && **name == "auto_add_music")) {
            let off = match *name {
                "disable_comment" => self.comment_disabled,
                "disable_duet" => self.duet_disabled,
                "disable_stitch" => self.stitch_disabled,
                _ => false,
            };
            if let Some(on) = off.then_some(true).or_else(|| check::switch(draft, name)) {
                info[*name] = json!(on);
            }
        }
        info
    }
}
