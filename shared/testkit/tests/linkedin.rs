//! The fake LinkedIn against what is known of the real one.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Cue, Fake, LinkedIn, fake::Platform as _};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

struct Author<'a> {
    fake: &'a Fake<LinkedIn>,
    http: Client,
    token: String,
    urn: String,
}

impl<'a> Author<'a> {
    fn member(fake: &'a Fake<LinkedIn>, name: &str) -> Self {
        Self { fake, http: http(), token: LinkedIn::token(name), urn: LinkedIn::member(name) }
    }

    fn page(fake: &'a Fake<LinkedIn>, name: &str) -> Self {
        Self { urn: LinkedIn::page(name), ..Self::member(fake, name) }
    }

    fn with(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.bearer_auth(&self.token).header("linkedin-version", "202605");
        request.header("x-restli-protocol-version", "2.0.0")
    }

    async fn send(&self, path: &str, body: &Value) -> reqwest::Result<Response> {
        self.with(self.http.post(format!("{}/{path}", self.fake.url()))).json(body).send().await
    }

    async fn get(&self, path: &str, status: u16) -> Value {
        ok(self.with(self.http.get(format!("{}/{path}", self.fake.url()))).send().await, status).await
    }

    fn body(&self, text: &str) -> Value {
        let distribution = json!({"feedDistribution": "MAIN_FEED"});
        json!({
            "author": self.urn, "commentary": text, "visibility": "PUBLIC", "distribution": distribution,
            "lifecycleState": "PUBLISHED",
        })
    }

    async fn post(&self, text: &str) -> String {
        let made = self.send("rest/posts", &self.body(text)).await.expect("an answer");
        assert_eq!(made.status(), 201);
        made.headers()["x-restli-id"].to_str().expect("text").to_owned()
    }

    async fn refusal(&self, text: &str, status: u16) -> Value {
        ok(self.send("rest/posts", &self.body(text)).await, status).await
    }

    async fn refresh(&self) -> String {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "refresh-alice"),
            ("client_id", LinkedIn::CLIENT_ID),
            ("client_secret", LinkedIn::CLIENT_SECRET),
        ];
        let request = self.http.post(format!("{}/oauth/v2/accessToken", self.fake.url())).form(&form);
        ok(request.send().await, 200).await["access_token"].as_str().expect("a token").to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn linkedins_own_library_takes_it_for_linkedin() {
    let fake = Fake::<LinkedIn>::start().await;
    let page = LinkedIn::page("alice");
    let saw = clients::script("linkedin", &[&fake.url(), &LinkedIn::token("alice"), &page]).await;
    assert_eq!(saw["member"], LinkedIn::member("alice"));
    let posts = fake.posts();
    assert_eq!(saw["made"], json!({"status": 201, "id": posts[0].id, "body": ""}));
    assert_eq!(posts[0].text, "for the page (once) #Rust");
    assert_eq!((&saw["again"]["status"], &saw["again"]["body"]["status"]), (&json!(422), &json!(422)));
    let message = saw["again"]["body"]["message"].as_str().unwrap_or_default();
    assert!(message.ends_with(saw["own"].as_str().expect("an id")), "it names the first: {message}");
    assert_eq!((&saw["comment"]["status"], &saw["comment"]["body"]["commentUrn"]), (&json!(201), &json!(posts[1].id)));
    assert!(saw["upload"]["image"].as_str().is_some_and(|urn| urn.starts_with("urn:li:image:")), "{saw}");
    assert_eq!((&saw["upload"]["status"], &saw["gone"]), (&json!(201), &json!(204)));
    assert_eq!(
        (&saw["read"], &saw["found"]),
        (&json!("for the page \\(once\\) {hashtag|\\#|Rust}"), &json!([posts[0].id]))
    );
    assert_eq!((&saw["unread"], &saw["unfound"]), (&json!(403), &json!(403)), "what members post is not shown");
    assert_eq!((&saw["roles"], &saw["old"]), (&json!([page]), &json!({"status": 426, "code": "NONEXISTENT_VERSION"})));
}

#[tokio::test]
async fn a_duplicate_names_the_first_and_after_that_was_deleted_a_ghost() {
    let fake = Fake::<LinkedIn>::start().await;
    let (alice, page) = (Author::member(&fake, "alice"), Author::page(&fake, "alice"));
    let first = alice.post("again").await;
    page.post("again").await;
    let refusal = alice.refusal("again", 422).await;
    assert_eq!(refusal["errorDetails"]["inputErrors"][0]["code"], "DUPLICATE_POST");
    assert!(refusal["message"].as_str().is_some_and(|message| message.ends_with(&first)), "{refusal}");
    fake.delete(&first);
    fake.set(|knobs| knobs.ghosts = true);
    let (one, two) = (alice.refusal("again", 422).await, alice.refusal("again", 422).await);
    assert_ne!(one["message"], two["message"], "another one each time");
    let named = one["message"].as_str().and_then(|message| message.split(' ').next_back()).expect("a URN");
    assert!(fake.post(named).is_none());
    fake.advance(Duration::from_secs(48 * 3600));
    alice.post("again").await;
}

#[tokio::test]
async fn a_text_is_cut_at_a_sign_that_is_not_escaped() {
    let fake = Fake::<LinkedIn>::start().await;
    Author::member(&fake, "alice").post("all of it (or not)").await;
    assert_eq!(fake.posts()[0].text, "all of it ");
}

#[tokio::test]
async fn nobody_writes_for_others_and_only_pages_are_read() {
    let fake = Fake::<LinkedIn>::start().await;
    let (alice, page) = (Author::member(&fake, "alice"), Author::page(&fake, "alice"));
    let mallory = Author { token: LinkedIn::token("mallory"), ..Author::member(&fake, "alice") };
    assert_eq!(mallory.refusal("x", 403).await["code"], "ACCESS_DENIED");
    let (own, pages) = (alice.post("own").await, page.post("page's").await);
    alice.get(&format!("rest/posts/{own}"), 403).await;
    assert_eq!(page.get(&format!("rest/posts/{pages}"), 200).await["commentary"], "page's");
    let roles = async || page.get("rest/organizationAcls", 200).await["elements"].as_array().map(Vec::len);
    fake.platform().take_page("alice");
    assert_eq!(roles().await, Some(0));
    fake.platform().restore("alice");
    assert_eq!(roles().await, Some(1), "it may what it could at first");
    let text = page.refusal(&"x".repeat(3001), 422).await;
    assert!(text["message"].as_str().is_some_and(|message| message.contains("/commentary")), "{text}");
}

#[tokio::test]
async fn pictures_and_videos_are_used_once_they_are_whole_and_ready() {
    let fake = Fake::<LinkedIn>::start().await;
    fake.set(|knobs| knobs.media_processing_ms = 5000);
    let alice = Author::member(&fake, "alice");
    let wanted = json!({"initializeUploadRequest": {"owner": alice.urn, "fileSizeBytes": 5 << 20}});
    let begun = ok(alice.send("rest/videos?action=initializeUpload", &wanted).await, 200).await["value"].clone();
    let pieces = begun["uploadInstructions"].as_array().expect("a list");
    assert_eq!((pieces.len(), &pieces[1]["lastByte"]), (2, &json!((5 << 20) - 1)));
    let mut tags = Vec::new();
    for (piece, bytes) in pieces.iter().zip([4 << 20, 1 << 20]) {
        let url = piece["uploadUrl"].as_str().expect("a URL");
        let answer = alice.http.put(url).body(vec![7; bytes]).send().await.expect("an answer");
        tags.push(answer.headers()["etag"].to_str().expect("text").to_owned());
    }
    let finish = |tags: &[String]| json!({"finalizeUploadRequest": {"video": begun["video"], "uploadToken": "", "uploadedPartIds": tags}});
    let action = "rest/videos?action=finalizeUpload";
    assert_eq!(alice.send(action, &finish(&tags[..1])).await.expect("an answer").status(), 400);
    assert_eq!(alice.send(action, &finish(&tags)).await.expect("an answer").status(), 200);
    let path = format!("rest/videos/{}", begun["video"].as_str().expect("a URN"));
    assert_eq!(alice.get(&path, 200).await["status"], "PROCESSING");
    let mut post = alice.body("watch");
    post["content"] = json!({"media": {"id": begun["video"]}});
    let early = ok(alice.send("rest/posts", &post).await, 422).await;
    assert_eq!(early["errorDetails"]["inputErrors"][0]["code"], "MEDIA_ASSET_WAITING_UPLOAD");
    fake.advance(Duration::from_secs(5));
    assert_eq!(alice.get(&path, 200).await["status"], "AVAILABLE");
    assert_eq!(alice.send("rest/posts", &post).await.expect("an answer").status(), 201);

    let image = json!({"initializeUploadRequest": {"owner": alice.urn}});
    let image =
        ok(alice.send("rest/images?action=initializeUpload", &image).await, 200).await["value"]["image"].clone();
    alice.get(&format!("rest/images/{}", image.as_str().expect("a URN")), 403).await;
}

#[tokio::test]
async fn limits_are_told_without_a_time_and_end_at_midnight() {
    let fake = Fake::<LinkedIn>::start().await;
    fake.set(|knobs| knobs.posts_per_day = 1);
    let alice = Author::member(&fake, "alice");
    alice.post("one").await;
    let second = alice.send("rest/posts", &alice.body("two")).await.expect("an answer");
    assert!(second.status() == 429 && second.headers().get("retry-after").is_none());
    let said = ok(Ok(second), 429).await;
    assert!(said["message"].as_str().is_some_and(|message| message.contains("APPLICATION_AND_MEMBER DAY")), "{said}");
    Author::member(&fake, "bob").post("two").await;
    fake.advance(Duration::from_secs(24 * 3600));
    alice.post("two").await;
}

#[tokio::test]
async fn a_young_token_is_refused_for_a_moment_and_ends_after_sixty_days() {
    let fake = Fake::<LinkedIn>::start().await;
    fake.set(|knobs| knobs.young_for_s = 8);
    let mut alice = Author::member(&fake, "alice");
    alice.token = alice.refresh().await;
    assert_eq!(alice.get("v2/userinfo", 401).await["serviceErrorCode"], 65601);
    fake.advance(Duration::from_secs(8));
    alice.get("v2/userinfo", 200).await;
    fake.advance(Duration::from_secs(60 * 24 * 3600));
    assert_eq!(alice.get("v2/userinfo", 401).await["code"], "EXPIRED_ACCESS_TOKEN");
    alice.token = alice.refresh().await;
    fake.advance(Duration::from_secs(60));
    alice.get("v2/userinfo", 200).await;
    fake.cue(Cue { expire_token: true, ..Cue::default().on("GET", "userinfo") });
    assert_eq!(alice.get("v2/userinfo", 401).await["serviceErrorCode"], 65602, "a renewed one, too");
    alice.token = alice.refresh().await;
    fake.platform().revoke("alice");
    fake.advance(Duration::from_secs(60));
    assert_eq!(alice.get("v2/userinfo", 401).await["code"], "REVOKED_ACCESS_TOKEN");
}
