//! Files: uploaded without a place, which may be repeated freely, then shown by a message of ours.
//!
//! Pictures are shown by blocks of the message itself. A video cannot be: Slack makes the message when the upload is completed, names no
//! message in its answer, and says where the file is shown only when it is asked.

use std::time::Duration;

use domain::{Code, Failure, Finding, Media, Part, Receipt};
use reqwest::header;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{COMPLETE, SHARE, Slack, TABLE, TICKET, UPLOAD, conversation, message::stamp, receipt};
use crate::{Account, Answer, Call, Mark, MediaFile};

const INFO: &str = "read file";
/// Waits between two questions where a file is shown. After the last it is a doubt, which a look settles.
const WAITS: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// An uploaded file, as its handle keeps it: `PLACE ID`, the place being `image` or `video`.
pub(super) struct File {
    pub id: String,
    kind: String,
}

impl File {
    pub fn is_image(&self) -> bool {
        self.kind == "image"
    }

    fn read(handle: &str) -> Option<Self> {
        let (kind, id) = handle.split_once(' ')?;
        Some(Self { id: id.into(), kind: kind.into() })
    }
}

#[derive(Deserialize)]
struct Ticket {
    upload_url: Url,
    file_id: String,
}

impl Slack {
    /// The part's files, each uploaded once and stored as a handle before it is used.
    pub(super) async fn files(&self, call: &mut Call<'_>, number: u16, part: &Part) -> Result<Vec<File>, Failure> {
        let mut files = Vec::new();
        for (n, media) in part.media.iter().enumerate() {
            let name = handle(number, n);
            if let Some(file) = call.handle(&name).and_then(File::read) {
                files.push(file);
                continue;
            }
            let fetched = self.http.media().open(call, media, self.about.limits.takes).await?;
            let kind = if fetched.kind.is_image() { "image" } else { "video" };
            let id = self.upload(call.account, media, fetched, n).await?;
            call.keep(&name, &format!("{kind} {id}")).await?;
            files.push(File { id, kind: kind.into() });
        }
        // Where a video is among them, completing is what publishes.
        if files.iter().all(File::is_image) {
            for (n, file) in files.iter().enumerate() {
                self.complete(call, number, n, file).await?;
            }
        }
        Ok(files)
    }

    async fn upload(&self, account: &Account, media: &Media, file: MediaFile, n: usize) -> Result<String, Failure> {
        let name = format!("file{n}.{}", file.kind.extension);
        let mut fields = vec![("filename", name), ("length", file.size.to_string())];
        fields.extend(media.alt.clone().map(|alt| ("alt_txt", alt)));
        let ticket: Ticket = self.ask(TICKET, account, "files.getUploadURLExternal", &fields).await?;
        let place = account.at_given(ticket.upload_url, TICKET)?.base_url;
        let request = self.http.request(reqwest::Method::POST, place);
        let request = request.header(header::CONTENT_TYPE, file.kind.mime).body(file.body());
        let answer = self.http.free(UPLOAD, request).await?;
        if answer.is_success() { Ok(ticket.file_id) } else { Err(TABLE.judge(&answer, account)) }
    }

    /// Makes a file usable, shown nowhere. Once done, it is remembered.
    async fn complete(&self, call: &mut Call<'_>, number: u16, n: usize, file: &File) -> Result<(), Failure> {
        let done = format!("complete.{number}.{n}");
        if call.handle(&done) == Some(file.id.as_str()) {
            return Ok(());
        }
        let fields = [("files", json!([{ "id": file.id }]).to_string())];
        let completed = self.ask::<Value>(COMPLETE, call.account, "files.completeUploadExternal", &fields).await;
        match completed {
            Ok(_) => call.keep(&done, &file.id).await,
            Err(failure) => self.lost(call, number, failure).await,
        }
    }

    /// The part as a message that Slack makes of its files.
    pub(super) async fn share(
        &self,
        call: &mut Call<'_>,
        number: u16,
        part: &Part,
        files: &[File],
    ) -> Result<Receipt, Failure> {
        let account = call.account;
        let ids: Vec<Value> = files.iter().map(|file| json!({ "id": file.id })).collect();
        let mut fields = vec![("files", json!(ids).to_string()), ("channel_id", conversation(account)?.to_owned())];
        if !part.text.trim().is_empty() {
            fields.push(("initial_comment", part.text.clone()));
        }
        if let Some(first) = call.receipt(0).filter(|_| number > 0) {
            fields.push(("thread_ts", stamp(&first.id)));
        }
        // Who may not ask where a file is shown would never learn that it is out: that is said while nothing is visible.
        match self.shown(account, &files[0].id).await {
            Ok(Finding::Found(receipt)) => return Ok(receipt),
            Err(failure) if failure.code == Code::PERMISSION_MISSING => return Err(failure),
            _ => {}
        }
        let request = self.request(account, "files.completeUploadExternal")?.form(&fields);
        let point = call.publish_point(SHARE, number).await?;
        let answer = self.http.publish(point, request).await?;
        if !is_ok(&answer) {
            return self.lost(call, number, TABLE.judge(&answer, account)).await;
        }
        // Accepted is not shown: the proof is the message's own time stamp.
        for wait in WAITS {
            if let Ok(Finding::Found(receipt)) = self.shown(account, &files[0].id).await {
                return Ok(receipt);
            }
            self.http.runtime().sleep(wait).await;
        }
        Err(TABLE.judge(&answer, account))
    }

    /// Files that Slack does not know any more, or will not complete, are uploaded again on the next try.
    async fn lost<T>(&self, call: &mut Call<'_>, number: u16, failure: Failure) -> Result<T, Failure> {
        if matches!(failure.code, Code::MEDIA_NOT_READY | Code::STRANGE_ANSWER) {
            for n in 0..super::MOST_MEDIA {
                if call.handle(&handle(number, n)).is_some() {
                    call.forget(&handle(number, n)).await?;
                }
            }
        }
        Err(failure)
    }

    /// Where the file of the mark's part is shown, for parts that Slack makes of files.
    pub(super) async fn look_by_file(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        match mark.handle(&handle(mark.part, 0)).and_then(File::read) {
            Some(file) => self.shown(mark.account, &file.id).await,
            None => Ok(Finding::CannotTell("the file is not among the handles".into())),
        }
    }

    async fn shown(&self, account: &Account, id: &str) -> Result<Finding, Failure> {
        let channel = conversation(account)?;
        let body: Value = self.ask(INFO, account, "files.info", &[("file", id.to_owned())]).await?;
        let shares = &body["file"]["shares"];
        let places = [&shares["public"][channel], &shares["private"][channel]];
        let ts = places.into_iter().find_map(|place| place[0]["ts"].as_str());
        Ok(ts.map_or(Finding::Absent, |ts| Finding::Found(receipt(account, channel, ts))))
    }
}

fn handle(number: u16, n: usize) -> String {
    format!("file.{number}.{n}")
}

fn is_ok(answer: &Answer) -> bool {
    answer.is_success() && answer.json::<Value>().is_some_and(|body| body["ok"] == true)
}
