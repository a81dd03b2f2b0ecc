//! Videos and reels: an upload is begun and has the video's id, its bytes are sent, and one call publishes it. Facebook decides later.

use domain::{Code, Draft, Failure, Finding, Landed, Media, PlatformWords, Receipt, Scope, Worth};
use reqwest::{Method, RequestBuilder, multipart};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::{
    BEGIN, FINISH, Facebook, Post, SEND, STATE, check, edge,
    post::is_done,
    state::{self, State},
};
use crate::{
    Account, Answer, Call, Mark, MediaFile, Verdict,
    graph::{self, failure},
};

/// The post's setting that says what a video goes out as.
pub(super) const AS: &str = "video_as";
pub(super) const KINDS: [&str; 2] = ["video", "reel"];
/// Uploads that were not ended within a day are begun anew: nothing of them is visible.
const LIFE: i64 = 20 * 3600;
/// The finer code that says which bytes are wanted.
const WANTED: &str = "/1363037";

/// An upload, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    /// The video's id.
    pub id: String,
    /// By which pieces are added to it: a session's id, of a reel an address.
    session: String,
    is_reel: bool,
    /// How many bytes it has.
    size: u64,
    /// Which bytes are wanted next; nothing is missing where both are the same.
    next: u64,
    end: u64,
    /// When it was begun, in seconds since 1970.
    begun: i64,
    /// Facebook was told to publish it, perhaps without an answer.
    told: bool,
}

#[derive(Deserialize)]
struct Begun {
    video_id: String,
    upload_session_id: Option<String>,
    upload_url: Option<String>,
    #[serde(flatten)]
    wanted: Option<Wanted>,
}

/// Whether its video goes out as a reel.
pub(crate) fn is_reel(draft: &Draft) -> bool {
    draft.0.settings.get(AS).is_some_and(|kind| kind == "reel")
}

/// Which bytes are wanted, written as texts.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Wanted {
    start_offset: String,
    end_offset: String,
}

impl Wanted {
    fn read(self) -> Option<(u64, u64)> {
        Some((self.start_offset.parse().ok()?, self.end_offset.parse().ok()?))
    }

    /// Which bytes an answer asks for: what it accepted, or a refusal that names them.
    fn of(answer: &Answer) -> Option<(u64, u64)> {
        let body: Value = answer.json()?;
        let place = if answer.is_success() { &body } else { &body["error"]["error_data"] };
        // Some errors carry their data as a text that holds JSON.
        let place = place.as_str().map_or_else(|| place.clone(), |text| serde_json::from_str(text).unwrap_or_default());
        serde_json::from_value::<Wanted>(place).ok()?.read()
    }
}

impl Upload {
    /// The handle under which it is stored.
    pub const HANDLE: &str = "video";

    pub fn stored(handle: Option<&str>) -> Option<Self> {
        serde_json::from_str(handle?).ok()
    }

    async fn keep(&self, call: &mut Call<'_>) -> Result<(), Failure> {
        call.keep(Self::HANDLE, &json!(self).to_string()).await
    }

    fn is_whole(&self) -> bool {
        self.next >= self.size
    }
}

impl Facebook {
    /// `None`: Facebook has taken it and decides later.
    pub(super) async fn publish_video(
        &self,
        call: &mut Call<'_>,
        post: &Post,
        media: &Media,
    ) -> Result<Option<Receipt>, Failure> {
        let now = self.graph.http.runtime().now().as_second();
        let stored = Upload::stored(call.handle(Upload::HANDLE));
        let mut upload = match stored.filter(|upload| upload.told || upload.begun + LIFE > now) {
            Some(upload) if upload.told => match self.told_before(call, &upload).await? {
                Some(State::Out(receipt)) => return Ok(Some(receipt)),
                _ => upload,
            },
            Some(upload) => upload,
            None => self.begin(call, media).await?,
        };
        if !upload.is_whole() {
            self.send(call, media, &mut upload).await?;
        }
        upload.told = true;
        upload.keep(call).await?;
        let request = self.finish(call.account, &upload, post)?;
        let point = call.publish_point(FINISH, 0).await?;
        let failure = match self.graph.http.publish(point, request).await {
            Ok(answer) if is_done(&answer) => return Ok(None),
            Ok(answer) => self.graph.judge(&answer, call.account),
            Err(failure) => failure,
        };
        if failure.landed == Landed::No {
            upload.told = false;
            upload.keep(call).await?;
        }
        Err(failure)
    }

    /// How far a video is that Facebook was told to publish before. Nothing is sent again unless it says that it is not published.
    async fn told_before(&self, call: &mut Call<'_>, upload: &Upload) -> Result<Option<State>, Failure> {
        match self.state(call.account, &upload.id).await? {
            state @ (State::Out(_) | State::Unpublished | State::Uploading(_)) => Ok(Some(state)),
            State::Broken(why) => {
                call.forget(Upload::HANDLE).await?;
                Err(broken(&why))
            }
            State::Working | State::Flagged(_) => {
                let unclear =
                    failure(Code::NO_PROOF, STATE, "Facebook does not say yet whether the video is published");
                Err(Failure { landed: Landed::Unknown, scope: Scope::Channel, ..unclear })
            }
        }
    }

    async fn begin(&self, call: &mut Call<'_>, media: &Media) -> Result<Upload, Failure> {
        let is_reel = is_reel(call.draft);
        let size = self.file(call, media, is_reel).await?.size;
        let mut fields = vec![("upload_phase", "start".to_owned())];
        let (path, account) = place(call.account, is_reel);
        if !is_reel {
            fields.push(("file_size", size.to_string()));
        }
        let request = self.graph.post(&account, &edge(&account, path), &fields)?;
        let begun: Begun = self.graph.ask(BEGIN, call.account, request).await?;
        let (next, end) = begun.wanted.and_then(Wanted::read).unwrap_or((0, size));
        let session = begun.upload_session_id.or(begun.upload_url);
        let session = session.ok_or_else(|| failure(Code::STRANGE_ANSWER, BEGIN, "the answer names no upload"))?;
        if is_reel {
            // An address that cannot be used is not kept: the next try is given another.
            upload_address(call.account, &session)?;
        }
        let begun_at = self.graph.http.runtime().now().as_second();
        let upload = Upload { id: begun.video_id, session, is_reel, size, next, end, begun: begun_at, told: false };
        upload.keep(call).await?;
        Ok(upload)
    }

    /// Sends the bytes that are wanted until none is.
    async fn send(&self, call: &mut Call<'_>, media: &Media, upload: &mut Upload) -> Result<(), Failure> {
        let file = self.file(call, media, upload.is_reel).await?;
        if file.size != upload.size {
            call.forget(Upload::HANDLE).await?;
            return Err(failure(Code::MEDIA_NOT_READY, SEND, "the file at the media address has changed"));
        }
        if upload.is_reel {
            // An earlier try may have brought a part of it there.
            upload.next = match self.state(call.account, &upload.id).await {
                Ok(State::Uploading(next)) => next,
                Ok(State::Unpublished) => upload.size,
                _ => 0,
            };
        }
        while !upload.is_whole() {
            let before = upload.next;
            let request = self.piece(call.account, upload, &file)?;
            let answer = self.graph.http.free(SEND, request).await?;
            match Wanted::of(&answer) {
                Some((next, end)) => (upload.next, upload.end) = (next, end),
                None if upload.is_reel && is_done(&answer) => upload.next = upload.size,
                None => return Err(self.given_up(call, self.graph.judge(&answer, call.account)).await?),
            }
            if upload.next == before {
                return Err(failure(Code::MEDIA_NOT_READY, SEND, "Facebook asks for the same bytes again"));
            }
            upload.keep(call).await?;
        }
        Ok(())
    }

    /// A request with the bytes that are wanted next.
    fn piece(&self, account: &Account, upload: &Upload, file: &MediaFile) -> Result<RequestBuilder, Failure> {
        let from = upload.next.min(file.size);
        if upload.is_reel {
            let address = upload_address(account, &upload.session)?;
            let token = format!("OAuth {}", account.secret(graph::TOKEN)?.reveal());
            let request = self.graph.http.request(Method::POST, address).header("authorization", token);
            let request = request.header("offset", from).header("file_size", upload.size);
            return Ok(request.body(file.range(from..file.size)));
        }
        let chunk = file.part_of(from..upload.end.clamp(from, file.size), "chunk")?;
        let form = multipart::Form::new()
            .text("upload_phase", "transfer")
            .text("upload_session_id", upload.session.clone())
            .text("start_offset", from.to_string())
            .part("video_file_chunk", chunk);
        let (path, there) = place(account, false);
        self.graph.send(&there, &edge(&there, path), form)
    }

    /// An upload that Facebook refuses to go on with is forgotten, and begun anew by the next try.
    async fn given_up(&self, call: &mut Call<'_>, failure: Failure) -> Result<Failure, Failure> {
        let wanted = failure.said.code.as_ref().is_some_and(|code| code.ends_with(WANTED));
        if failure.code == Code::MEDIA_NOT_READY && !wanted {
            call.forget(Upload::HANDLE).await?;
        }
        Ok(failure)
    }

    fn finish(&self, account: &Account, upload: &Upload, post: &Post) -> Result<RequestBuilder, Failure> {
        let (path, there) = place(account, upload.is_reel);
        let mut fields = vec![("upload_phase", "finish".to_owned()), ("description", post.text.clone())];
        match upload.is_reel {
            true => fields.extend([("video_id", upload.id.clone()), ("video_state", "PUBLISHED".into())]),
            false => fields.push(("upload_session_id", upload.session.clone())),
        }
        self.graph.post(&there, &edge(&there, path), &fields)
    }

    pub(super) async fn look_at_video(&self, account: &Account, upload: &Upload) -> Result<Finding, Failure> {
        Ok(match self.state(account, &upload.id).await? {
            State::Out(receipt) => Finding::Found(receipt),
            // What Facebook cannot use is not out; the next try says why.
            State::Unpublished | State::Uploading(_) | State::Broken(_) => Finding::Absent,
            State::Working => Finding::CannotTell("Facebook still works on the video".into()),
            State::Flagged(_) => Finding::CannotTell("Facebook contradicts itself about the video".into()),
        })
    }

    /// What Facebook has decided about a video that it has taken.
    pub(super) async fn verdict(&self, mark: &Mark<'_>) -> Result<Verdict, Failure> {
        let Some(upload) = Upload::stored(mark.handle(Upload::HANDLE)) else { return Ok(Verdict::Still) };
        match self.state(mark.account, &upload.id).await? {
            State::Out(receipt) | State::Flagged(receipt) => Ok(Verdict::Out(receipt)),
            State::Broken(why) => Ok(Verdict::Refused(broken(&why))),
            State::Working | State::Unpublished | State::Uploading(_) => Ok(Verdict::Still),
        }
    }

    async fn state(&self, account: &Account, id: &str) -> Result<State, Failure> {
        let fields = "status,published,permalink_url";
        let request = self.graph.get(account, id, &[("fields", fields)])?;
        let answer = self.graph.http.free(STATE, request).await?;
        state::read(id, &answer).ok_or_else(|| self.graph.judge(&answer, account))
    }

    async fn file(&self, call: &mut Call<'_>, media: &Media, is_reel: bool) -> Result<MediaFile, Failure> {
        let takes = if is_reel { check::REEL } else { check::VIDEO };
        self.graph.http.media().open(call, media, &[takes]).await
    }
}

/// The edge that takes videos of a kind, and the account with the server that serves it: Facebook has one for large videos alone.
fn place(account: &Account, is_reel: bool) -> (&'static str, Account) {
    let mut there = account.clone();
    if !is_reel && account.base_url.host_str() == Some("graph.facebook.com") {
        // It is an address with this very name already, so this cannot fail.
        let _ = there.base_url.set_host(Some("graph-video.facebook.com"));
    }
    (if is_reel { "video_reels" } else { "videos" }, there)
}

/// Where Facebook says a reel's bytes go. Only its own servers get the token.
fn upload_address(account: &Account, address: &str) -> Result<Url, Failure> {
    let strange = || failure(Code::STRANGE_ANSWER, SEND, "Facebook gave an upload address that is not its own");
    let url: Url = address.parse().map_err(|_| strange())?;
    let url = account.at_given(url, SEND)?.base_url;
    let host = url.host_str().unwrap_or_default();
    let theirs = account.base_url.host_str() == Some(host) || host.ends_with(".facebook.com");
    if theirs { Ok(url) } else { Err(strange()) }
}

/// Facebook took the video, and then could not use it.
fn broken(why: &str) -> Failure {
    let said = format!("Facebook cannot use the video: {why}");
    let failure = failure(Code::MEDIA_REFUSED, STATE, &said);
    let said = PlatformWords { code: Some("error".into()), ..failure.said };
    Failure { worth: Worth::Never, said, ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::{account, answer};

    #[test]
    fn the_bytes_that_are_wanted_are_read_from_answers_and_refusals() {
        let wanted = |status: u16, body: &str| Wanted::of(&answer(false, status, &[], body));
        assert_eq!(wanted(200, r#"{"start_offset":"5","end_offset":"9"}"#), Some((5, 9)));
        let data = r#"{"error":{"error_data":{"start_offset":"5","end_offset":"9"}}}"#;
        assert_eq!((wanted(400, data), wanted(200, data)), (Some((5, 9)), None));
        let text = r#"{"error":{"error_data":"{\"start_offset\":\"5\",\"end_offset\":\"9\"}"}}"#;
        assert_eq!(wanted(400, text), Some((5, 9)));
        for body in ["", "{}", r#"{"start_offset":"x","end_offset":"9"}"#, r#"{"error":{"error_data":"soon"}}"#] {
            assert_eq!((wanted(200, body), wanted(400, body)), (None, None), "{body}");
        }
    }

    #[test]
    fn the_token_goes_to_facebooks_servers_only() {
        let mut account = account("hush");
        account.base_url = "https://graph.facebook.com".parse().unwrap();
        for (address, fine) in [
            ("https://rupload.facebook.com/video-upload/v25.0/17", true),
            ("https://graph.facebook.com/x", true),
            ("https://facebook.com.example/x", false),
            ("http://rupload.facebook.com/x", false),
            ("17", false),
        ] {
            assert_eq!(upload_address(&account, address).is_ok(), fine, "{address}");
        }
        let (path, there) = place(&account, false);
        assert_eq!((path, there.base_url.host_str()), ("videos", Some("graph-video.facebook.com")));
        let (path, there) = place(&account, true);
        assert_eq!((path, there.base_url.host_str()), ("video_reels", Some("graph.facebook.com")));
    }
}
