//! The fake YouTube against what is known of the real one.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Fake, YouTube, fake::Platform};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

const GRAIN: usize = 256 * 1024;

struct Author<'a> {
    fake: &'a Fake<YouTube>,
    token: String,
}

impl<'a> Author<'a> {
    fn new(fake: &'a Fake<YouTube>, name: &str) -> Self {
        Self { fake, token: YouTube::token(name) }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        http().get(format!("{}/{path}", self.fake.url())).bearer_auth(&self.token)
    }

    fn put(&self, path: &str) -> RequestBuilder {
        http().put(format!("{}/{path}", self.fake.url())).bearer_auth(&self.token)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        http().post(format!("{}/{path}", self.fake.url())).bearer_auth(&self.token)
    }

    async fn begin(&self, title: &str, bytes: usize) -> Response {
        let body = json!({"snippet": {"title": title}, "status": {"privacyStatus": "private"}});
        let request = self.post("upload/youtube/v3/videos?uploadType=resumable&part=snippet,status");
        let request = request.header("x-upload-content-length", bytes).header("x-upload-content-type", "video/mp4");
        request.json(&body).send().await.expect("an answer")
    }

    /// The session of a new upload.
    async fn session(&self, bytes: usize) -> String {
        let answer = self.begin("a video", bytes).await;
        assert_eq!(answer.status(), 200);
        answer.headers()["location"].to_str().expect("an address").to_owned()
    }

    /// The status and range of the answer to a piece, or to a question without one.
    async fn piece(&self, session: &str, range: &str, bytes: usize) -> (u16, Option<String>) {
        let request = http().put(session).bearer_auth(&self.token).header("content-range", format!("bytes {range}"));
        let answer = request.body(vec![7; bytes]).send().await.expect("an answer");
        let range = answer.headers().get("range").map(|range| range.to_str().expect("text").to_owned());
        (answer.status().as_u16(), range)
    }

    /// The id of a video that is uploaded whole.
    async fn upload(&self) -> String {
        let session = self.session(10).await;
        let answer = http().put(session).bearer_auth(&self.token).body(vec![7; 10]).send().await;
        ok(answer, 200).await["id"].as_str().expect("an id").to_owned()
    }

    async fn show(&self, id: &str) -> Value {
        let path = format!("youtube/v3/videos?part=status,snippet,processingDetails&id={id}");
        ok(self.get(&path).send().await, 200).await["items"][0].clone()
    }

    async fn make(&self, id: &str, privacy: &str, status: u16) -> Value {
        let body = json!({"id": id, "status": {"privacyStatus": privacy}});
        ok(self.put("youtube/v3/videos?part=status").json(&body).send().await, status).await
    }
}

fn reason(body: &Value) -> &str {
    body["error"]["errors"][0]["reason"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn googles_own_client_takes_it_for_youtube() {
    let fake = Fake::<YouTube>::start().await;
    fake.platform().expire("alice");
    let (id, secret) = YouTube::CLIENT;
    let arguments = [&fake.url(), &YouTube::token("alice"), &YouTube::refresh_token("alice"), id, secret];
    let saw = clients::script("youtube", &arguments).await;
    assert_eq!(saw["refreshed"], true, "its token had ended");
    assert_eq!(saw["progress"], json!([GRAIN, 2 * GRAIN, 3 * GRAIN]));
    assert_eq!(
        (&saw["private"]["privacyStatus"], &saw["private"]["uploadStatus"]),
        (&json!("private"), &json!("processed"))
    );
    assert_eq!((&saw["processing"], &saw["title"]), (&json!("succeeded"), &json!("alice")));
    assert_eq!(saw["listed"], json!([saw["id"]]));
    assert_eq!(saw["public"], json!(["public", "A talk, whole", null]), "a part is changed whole");
    assert_eq!(saw["careless"], "public");
    assert_eq!(saw["too_long"], json!({"status": 400, "reason": "invalidTitle"}));
    assert_eq!(saw["no_such_video"], json!({"status": 404, "reason": "videoNotFound"}));
    assert_eq!(saw["no_such_playlist"], json!({"status": 404, "reason": "playlistNotFound"}));
    let posts = fake.posts();
    assert_eq!((posts.len(), &posts[0].text, &json!(posts[0].id)), (2, &"A talk, whole".to_owned(), &saw["id"]));
    assert_eq!((posts[0].native["thumbnail"].as_u64(), fake.platform().playlist("PL1").len()), (Some(4), 1));
}

#[tokio::test]
async fn a_session_says_how_far_it_is_and_what_it_made() {
    let fake = Fake::<YouTube>::start().await;
    let (alice, total) = (Author::new(&fake, "alice"), 2 * GRAIN + 5);
    let session = alice.session(total).await;
    assert_eq!(alice.piece(&session, &format!("*/{total}"), 0).await, (308, None));
    let first = format!("0-{}/{total}", GRAIN - 1);
    let range = |last: usize| Some(format!("bytes=0-{last}"));
    assert_eq!(alice.piece(&session, &first, GRAIN).await, (308, range(GRAIN - 1)));
    assert_eq!(alice.piece(&session, &first, GRAIN).await.0, 400, "it is further by now");
    assert_eq!(alice.piece(&session, &format!("{GRAIN}-{}/{total}", GRAIN + 9), 10).await.0, 400, "not in grains");
    assert_eq!(alice.piece(&session, &format!("*/{total}"), 0).await, (308, range(GRAIN - 1)));
    let rest = format!("{GRAIN}-{}/{total}", total - 1);
    assert_eq!(Author::new(&fake, "bob").piece(&session, &rest, total - GRAIN).await.0, 404, "not his");
    assert_eq!(alice.piece(&session, &rest, total - GRAIN).await.0, 200);
    let again = http().put(&session).bearer_auth(&alice.token).header("content-range", format!("bytes */{total}"));
    let video = ok(again.send().await, 200).await;
    assert_eq!((&video["status"]["uploadStatus"], fake.platform().videos(fake.now()).len()), (&json!("processed"), 1));
    fake.advance(Duration::from_secs(8 * 24 * 3600));
    assert_eq!(alice.piece(&session, &format!("*/{total}"), 0).await.0, 404, "after a week");
}

#[tokio::test]
async fn a_session_may_take_less_than_it_is_sent() {
    let fake = Fake::<YouTube>::start().await;
    fake.set(|knobs| knobs.takes_at_most = GRAIN as u64);
    let alice = Author::new(&fake, "alice");
    let session = alice.session(GRAIN + 1).await;
    let all = alice.piece(&session, &format!("0-{GRAIN}/{}", GRAIN + 1), GRAIN + 1).await;
    assert_eq!(all, (308, Some(format!("bytes=0-{}", GRAIN - 1))));
    assert_eq!(alice.piece(&session, &format!("{GRAIN}-{GRAIN}/{}", GRAIN + 1), 1).await.0, 200);
}

#[tokio::test]
async fn a_video_is_seen_once_it_is_public_and_worked_on_before_it_is_judged() {
    let fake = Fake::<YouTube>::start().await;
    fake.set(|knobs| (knobs.processing_s, knobs.rejects) = (60, "copyright".into()));
    let alice = Author::new(&fake, "alice");
    let id = alice.upload().await;
    assert_eq!((fake.posts().len(), &alice.show(&id).await["status"]["uploadStatus"]), (0, &json!("uploaded")));
    for _ in 0..2 {
        let video = alice.make(&id, "public", 200).await;
        assert_eq!((&video["status"]["privacyStatus"], fake.posts().len()), (&json!("public"), 1));
    }
    fake.advance(Duration::from_secs(61));
    let status = alice.show(&id).await["status"].clone();
    assert_eq!((&status["uploadStatus"], &status["rejectionReason"]), (&json!("rejected"), &json!("copyright")));
    assert_eq!(Author::new(&fake, "bob").show(&id).await, Value::Null, "nobody else is told");
    assert_eq!(reason(&Author::new(&fake, "bob").make(&id, "public", 404).await), "videoNotFound");
}

#[tokio::test]
async fn without_an_audit_every_upload_stays_private() {
    let fake = Fake::<YouTube>::start().await;
    fake.set(|knobs| knobs.audited = false);
    let alice = Author::new(&fake, "alice");
    let id = alice.upload().await;
    assert_eq!(
        (&alice.make(&id, "public", 200).await["status"]["privacyStatus"], fake.posts().len()),
        (&json!("private"), 0)
    );
}

#[tokio::test]
async fn quotas_are_the_projects_and_the_cap_is_the_channels() {
    let fake = Fake::<YouTube>::start().await;
    fake.set(|knobs| (knobs.uploads_per_channel, knobs.units_per_day) = (1, 52));
    let (alice, bob) = (Author::new(&fake, "alice"), Author::new(&fake, "bob"));
    let id = alice.upload().await;
    let capped = alice.begin("another", 10).await;
    assert_eq!(capped.status(), 400);
    assert_eq!(reason(&capped.json().await.expect("a body")), "uploadLimitExceeded");
    assert_eq!(bob.begin("his", 10).await.status(), 200);
    alice.make(&id, "unlisted", 200).await;
    assert_eq!(reason(&bob.make("x", "public", 403).await), "quotaExceeded");
    bob.show("x").await;
    fake.set(|knobs| knobs.inserts_per_day = 2);
    assert_eq!(Author::new(&fake, "carol").begin("hers", 10).await.status(), 403);
    fake.advance(Duration::from_secs(24 * 3600));
    alice.make(&id, "public", 200).await;
}

#[tokio::test]
async fn tokens_end_are_renewed_and_lack_scopes() {
    let fake = Fake::<YouTube>::start().await;
    let mut alice = Author::new(&fake, "alice");
    let channels = "youtube/v3/channels?part=snippet&mine=true";
    fake.platform().expire("alice");
    assert_eq!(reason(&ok(alice.get(channels).send().await, 401).await), "authError");
    let renew = |secret: &str| {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &YouTube::refresh_token("alice")),
            ("client_id", YouTube::CLIENT.0),
            ("client_secret", secret),
        ];
        http().post(format!("{}/token", fake.url())).form(&form)
    };
    assert_eq!(ok(renew("wrong").send().await, 401).await["error"], "invalid_client");
    let renewed = ok(renew(YouTube::CLIENT.1).send().await, 200).await;
    assert_eq!((&renewed["expires_in"], &renewed["refresh_token"]), (&json!(3599), &Value::Null));
    alice.token = renewed["access_token"].as_str().expect("a token").to_owned();
    ok(alice.get(channels).send().await, 200).await;
    let info = format!("{}/tokeninfo?access_token={}", fake.url(), alice.token);
    assert!(http::get(&info, 200).await["scope"].as_str().is_some_and(|scope| scope.contains("youtube.upload")));
    fake.platform().grant("alice", "https://www.googleapis.com/auth/youtube.upload");
    let id = alice.upload().await;
    assert_eq!(reason(&alice.make(&id, "public", 403).await), "insufficientPermissions");
    fake.advance(Duration::from_secs(3600));
    assert_eq!(http::get(&info, 400).await["error"], "invalid_token");
    fake.platform().revoke("alice");
    assert_eq!(ok(renew(YouTube::CLIENT.1).send().await, 400).await["error"], "invalid_grant");
}
