//! Videos: asked for, uploaded in chunks, and out with the last of them.

use std::{ops::Range, time::Duration};

use domain::{Code, Failure};
use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::{AGAIN, BEGIN, CHUNK, LAST_CHUNK, MINUTE, TikTok, check, creator::Creator, failure, judge, wrong};
use crate::{Account, Call, MediaFile, Published, media::refused, text};

/// The one handle: what is being published, and where it stands.
pub(super) const HANDLE: &str = "upload";
/// The least that TikTok takes, however it counts a megabyte: what is lost with a chunk, and what the last one has to bring in the
/// time of one call, is least so.
const CHUNK_SIZE: u64 = 5 << 20;
/// How long an upload's address is said to be good.
const LIFE: Duration = Duration::from_secs(3600);

/// What is being published, as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    /// The publish id. Empty: pictures were asked for, or are about to be, and no answer came.
    pub id: String,
    pub creator: String,
    /// Everybody may see it, so that it will have an id of its own.
    pub public: bool,
    pub begun: Timestamp,
    /// A video's bytes on their way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sending: Option<Sending>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sending {
    /// Where the bytes go; empty once all are there.
    address: String,
    size: u64,
    /// The chunks that TikTok has.
    sent: u64,
    /// The address has refused bytes: it is of no use any more.
    #[serde(default)]
    refused: bool,
}

#[derive(Deserialize)]
pub(super) struct Begun {
    pub publish_id: String,
    upload_url: Option<String>,
}

impl Upload {
    pub(super) fn new(id: String, creator: String, public: bool, begun: Timestamp) -> Self {
        Self { id, creator, public, begun, sending: None }
    }

    pub(super) fn kept(stored: Option<&str>) -> Option<Self> {
        serde_json::from_str(stored?).ok()
    }

    /// Whether its publish id is known.
    pub(super) fn is_named(&self) -> bool {
        !self.id.is_empty()
    }

    pub(super) fn is_video(&self) -> bool {
        self.sending.is_some()
    }

    /// Whether bytes of the video are missing, now that TikTok says it has so many; if it does not say, they may be.
    pub(super) fn is_short_of(&self, have: Option<u64>) -> bool {
        self.sending.as_ref().is_some_and(|sending| have.is_none_or(|have| have < sending.size))
    }

    /// The upload, to be gone on with behind the bytes that TikTok has. `None`: a new one is needed, because its address is of no use
    /// any more, or TikTok has half a chunk: bytes that are sent twice would spoil the file.
    pub(super) fn resumed(mut self, have: Option<u64>, now: Timestamp) -> Option<Self> {
        let usable_until = self.begun.checked_add(LIFE - 5 * MINUTE).ok()?;
        let sending = self.sending.as_mut()?;
        let chunks = Chunks::of(sending.size);
        sending.sent = have.filter(|have| have % chunks.size == 0)? / chunks.size;
        (!sending.refused && !sending.address.is_empty() && now < usable_until && sending.sent < chunks.count)
            .then_some(self)
    }
}

/// How a file is cut: all chunks are of one size, and the last takes what remains with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chunks {
    file: u64,
    size: u64,
    count: u64,
}

impl Chunks {
    fn of(file: u64) -> Self {
        let count = (file / CHUNK_SIZE).max(1);
        Self { file, size: if count == 1 { file } else { CHUNK_SIZE }, count }
    }

    /// Which bytes chunk `n` has.
    fn range(self, n: u64) -> Range<u64> {
        let end = if n + 1 >= self.count { self.file } else { (n + 1) * self.size };
        n * self.size..end
    }
}

impl TikTok {
    /// Asks the creator, fetches what is to be posted, and begins with it.
    pub(super) async fn begin(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        let creator = self.creator(call.account).await?;
        let audience = creator.audience(call.draft, call.account)?.to_owned();
        let draft = call.draft;
        let Some(first) = draft.0.media.first() else {
            return Err(wrong(Code::NOTHING_TO_SAY, BEGIN, "TikTok takes no text alone"));
        };
        // Pictures TikTok fetches itself, and of videos nothing else is made.
        let file = self.http.media().open_as_is(call, first, check::TAKES).await?;
        if file.kind.is_image() {
            return self.post_photos(call, creator, &audience).await;
        }
        check_video(call, &creator, &file)?;
        let upload = self.begin_video(call, &creator, &audience, &file).await?;
        match self.send_file(call, upload, file).await? {
            Some(published) => Ok(published),
            None => Err(failure(Code::MEDIA_NOT_READY, BEGIN, AGAIN, "the upload cannot be gone on with")),
        }
    }

    /// Repeated freely: without bytes nothing comes of it.
    async fn begin_video(
        &self,
        call: &mut Call<'_>,
        creator: &Creator,
        audience: &str,
        file: &MediaFile,
    ) -> Result<Upload, Failure> {
        let size = file.size;
        let chunks = Chunks::of(size);
        let mut info = creator.info(call.draft, audience, true);
        info["title"] = json!(caption(call));
        if let Some(at) = check::setting(call.draft, check::COVER_AT).and_then(|at| at.parse::<u32>().ok()) {
            info[check::COVER_AT] = json!(at);
        }
        let body = json!({
            "post_info": info,
            "source_info": {
                "source": "FILE_UPLOAD",
                "video_size": size,
                "chunk_size": chunks.size,
                "total_chunk_count": chunks.count,
            },
        });
        let now = self.now();
        let request = self.request(call.account, "post/publish/video/init/")?.json(&body);
        let begun: Begun = self.free(BEGIN, call.account, request).await?;
        let address = begun.upload_url.filter(|_| !begun.publish_id.is_empty()).ok_or_else(|| {
            failure(Code::STRANGE_ANSWER, BEGIN, AGAIN, "the answer holds no publish id or no address")
        })?;
        // An address that cannot be used is not kept: the next try is given another.
        place(call.account, &address)?;
        let sending = Some(Sending { address, size, sent: 0, refused: false });
        let public = audience == check::PUBLIC;
        let upload = Upload { sending, ..Upload::new(begun.publish_id, creator.name.clone(), public, now) };
        keep(call, &upload).await?;
        Ok(upload)
    }

    /// Sends the chunks that are missing. `None`: the upload is of no use any more.
    pub(super) async fn send(&self, call: &mut Call<'_>, upload: Upload) -> Result<Option<Published>, Failure> {
        let draft = call.draft;
        let Some(media) = draft.0.media.first() else { return Ok(None) };
        let file = self.http.media().open(call, media, check::TAKES).await?;
        self.send_file(call, upload, file).await
    }

    async fn send_file(
        &self,
        call: &mut Call<'_>,
        mut upload: Upload,
        file: MediaFile,
    ) -> Result<Option<Published>, Failure> {
        let Some(mut sending) = upload.sending.clone().filter(|sending| sending.size == file.size) else {
            // The file at the address is another one now.
            return forget(call).await.map(|()| None);
        };
        let chunks = Chunks::of(sending.size);
        for n in sending.sent..chunks.count {
            let range = chunks.range(n);
            let request = put(self, call.account, &sending.address, &file, range, sending.size)?;
            if n + 1 == chunks.count {
                let point = call.publish_point(LAST_CHUNK, 0).await?;
                let answer = self.http.publish(point, request).await?;
                if answer.status == 201 {
                    // The address carries its own permission, and has done its work. Without this it ends by itself.
                    sending.address.clear();
                    upload.sending = Some(sending);
                    let _ = keep(call, &upload).await;
                    return self.accepted(call, &upload).await.map(Some);
                }
                let failure = judge(&answer, call.account);
                if failure.code == Code::MEDIA_NOT_READY {
                    sending.refused = true;
                    upload.sending = Some(sending);
                    // Without it the same address is tried once more, and refuses once more.
                    let _ = keep(call, &upload).await;
                }
                return Err(failure);
            }
            let answer = self.http.free(CHUNK, request).await?;
            if answer.status != 206 {
                let failure = judge(&answer, call.account);
                if answer.status < 500 {
                    forget(call).await?;
                }
                return Err(failure);
            }
            sending.sent = n + 1;
            upload.sending = Some(sending.clone());
            keep(call, &upload).await?;
        }
        Ok(None)
    }
}

/// Where TikTok says that the chunks go.
fn place(account: &Account, address: &str) -> Result<Url, Failure> {
    let strange = || failure(Code::STRANGE_ANSWER, CHUNK, AGAIN, "TikTok gave an address that cannot be used");
    Ok(account.at_given(address.parse().map_err(|_| strange())?, CHUNK)?.base_url)
}

/// The request for one chunk. The address is its own permission: the token stays here.
fn put(
    tiktok: &TikTok,
    account: &Account,
    address: &str,
    file: &MediaFile,
    range: Range<u64>,
    size: u64,
) -> Result<reqwest::RequestBuilder, Failure> {
    let url = place(account, address)?;
    let header = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    let request = tiktok.http.request(Method::PUT, url).header("content-type", file.kind.mime);
    Ok(request.header("content-range", header).body(file.range(range)))
}

/// What the post says, its link with it.
pub(super) fn caption(call: &Call<'_>) -> String {
    text::parts(call.draft).into_iter().next().unwrap_or_default().text
}

/// What the creator and the rest of the post say of the video.
fn check_video(call: &Call<'_>, creator: &Creator, file: &MediaFile) -> Result<(), Failure> {
    if call.draft.0.media.len() > 1 {
        return Err(refused("TikTok takes one video alone, or pictures".into()));
    }
    let most = creator.max_video_post_duration_sec.map(Duration::from_secs);
    if let (Some(video), Some(most)) = (file.video, most)
        && video.duration > most
    {
        let (plays, most) = (video.duration.as_secs_f64(), most.as_secs());
        return Err(refused(format!("the video plays {plays:.1} s; this creator may post up to {most} s")));
    }
    fits(call, false)
}

/// The text, now that it is known what it goes with.
pub(super) fn fits(call: &Call<'_>, pictures: bool) -> Result<(), Failure> {
    let text = caption(call);
    match check::texts(pictures).iter().find(|count| count.of(&text) > count.most) {
        Some(count) => {
            let said = format!("the text has {} UTF-16 units; TikTok takes {}", count.of(&text), count.most);
            Err(wrong(Code::TEXT_TOO_LONG, BEGIN, said))
        }
        None => Ok(()),
    }
}

pub(super) async fn keep(call: &mut Call<'_>, upload: &Upload) -> Result<(), Failure> {
    call.keep(HANDLE, &json!(upload).to_string()).await
}

pub(super) async fn forget(call: &mut Call<'_>) -> Result<(), Failure> {
    call.forget(HANDLE).await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn chunks_keep_tiktoks_rules_and_hold_every_byte_once(file in 1_u64..=check::LARGEST_VIDEO) {
            let chunks = Chunks::of(file);
            prop_assert_eq!(chunks.count, file / chunks.size);
            prop_assert!(chunks.count <= 1000);
            prop_assert!(chunks.count == 1 || (5_000_000..=64_000_000).contains(&chunks.size));
            let mut at = 0;
            for n in 0..chunks.count {
                let range = chunks.range(n);
                prop_assert_eq!(range.start, at);
                prop_assert!(!range.is_empty() && range.end - range.start <= 64_000_000);
                at = range.end;
            }
            prop_assert_eq!(at, file);
        }
    }

    #[test]
    fn an_upload_goes_on_behind_whole_chunks_only() {
        let begun = Timestamp::UNIX_EPOCH;
        let size = 3 * CHUNK_SIZE + 7;
        let sending = Some(Sending { address: "https://up.example/".into(), size, sent: 0, refused: false });
        let upload = Upload { sending, ..Upload::new("v".into(), "c".into(), true, begun) };
        let sent = |have, at: u64| {
            let resumed = upload.clone().resumed(have, begun + Duration::from_secs(at));
            resumed.and_then(|upload| Some(upload.sending?.sent))
        };
        assert_eq!(
            [sent(Some(0), 9), sent(Some(CHUNK_SIZE), 9), sent(Some(2 * CHUNK_SIZE), 9)],
            [Some(0), Some(1), Some(2)]
        );
        assert_eq!([sent(Some(1), 9), sent(None, 9), sent(Some(0), 3300), sent(Some(3 * CHUNK_SIZE), 9)], [None; 4]);
        assert!(Upload::kept(Some(&json!(upload).to_string())) == Some(upload));
    }
}
