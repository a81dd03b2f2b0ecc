//! The fake WordPress site against what was measured of the real one, and WordPress's own client against the fake.

mod clients;
mod http;

use clients::Client;
use http::{get, http, ok};
use oncepost_testkit::{Fake, WordPress};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

struct Author<'a> {
    fake: &'a Fake<WordPress>,
    name: &'static str,
    password: String,
}

impl<'a> Author<'a> {
    fn new(fake: &'a Fake<WordPress>, name: &'static str) -> Self {
        Self { fake, name, password: WordPress::password(name) }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/wp-json/wp/v2/{path}", self.fake.url());
        http().request(method, url).basic_auth(self.name, Some(&self.password))
    }

    async fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        ok(self.request(Method::POST, path).header("Idempotency-Key", "k").json(body).send().await, status).await
    }

    async fn get(&self, path: &str, status: u16) -> Value {
        ok(self.request(Method::GET, path).send().await, status).await
    }

    async fn upload(&self, disposition: &str, bytes: &[u8]) -> reqwest::Result<Response> {
        let request = self.request(Method::POST, "media").header("content-type", "image/png");
        request.header("content-disposition", disposition).body(bytes.to_vec()).send().await
    }
}

#[tokio::test]
async fn wordpresss_own_client_works_against_the_fake() {
    let fake = Fake::<WordPress>::start().await;
    let client = Client::node("wordpress.mjs", &["wpapi@1.2.2"]).await;
    let id = client.run(&[&fake.url(), "ann", &WordPress::password("ann")]).await;
    assert_eq!(fake.posts().iter().map(|post| post.id.as_str()).collect::<Vec<_>>(), [id]);
}

#[tokio::test]
async fn the_same_slug_twice_is_two_posts() {
    let fake = Fake::<WordPress>::start().await;
    let ann = Author::new(&fake, "ann");
    let body = json!({"title": "Hello", "content": "x", "slug": "k", "status": "publish"});
    let (one, two) = (ann.post("posts", &body, 201).await, ann.post("posts", &body, 201).await);
    assert_eq!((&one["slug"], &two["slug"]), (&json!("k"), &json!("k-2")));
    assert_eq!(one["link"], "https://blog.test/k/");
    assert_eq!(fake.duplicates().len(), 1);
}

#[tokio::test]
async fn a_draft_is_seen_by_its_author_only_and_published_by_its_id_once() {
    let fake = Fake::<WordPress>::start().await;
    let ann = Author::new(&fake, "ann");
    let draft = ann.post("posts", &json!({"title": "Hello", "slug": "key", "status": "draft"}), 201).await;
    assert!(fake.posts().is_empty());
    assert_eq!(ann.get("posts?slug=key", 200).await, json!([]), "drafts are asked for by their status");
    assert_eq!(ann.get("posts?slug=key&status=draft", 200).await[0]["id"], draft["id"]);
    let strange = get(&format!("{}/wp-json/wp/v2/posts?slug=key&status=draft", fake.url()), 400).await;
    assert_eq!(strange["code"], "rest_invalid_param");

    let path = format!("posts/{}", draft["id"]);
    let publish = json!({"status": "publish", "slug": "hello"});
    let (one, two) = (ann.post(&path, &publish, 200).await, ann.post(&path, &publish, 200).await);
    assert_eq!((&one["link"], &one["date_gmt"]), (&two["link"], &two["date_gmt"]));
    assert_eq!((fake.posts().len(), &two["slug"]), (1, &json!("hello")));
    assert_eq!(get(&format!("{}/wp-json/wp/v2/posts", fake.url()), 200).await[0]["id"], draft["id"]);
}

#[tokio::test]
async fn a_date_to_come_makes_it_future_and_nothing_visible() {
    let fake = Fake::<WordPress>::start().await;
    let ann = Author::new(&fake, "ann");
    let body = json!({"title": "x", "status": "publish", "date_gmt": "2099-01-01T00:00:00"});
    assert_eq!(ann.post("posts", &body, 201).await["status"], "future");
    assert!(fake.posts().is_empty());
}

#[tokio::test]
async fn wrong_credentials_sound_like_a_missing_permission() {
    let fake = Fake::<WordPress>::start().await;
    let mut ann = Author::new(&fake, "ann");
    let body = json!({"title": "x", "status": "publish"});
    fake.platform().make_contributor("ann");
    assert_eq!(ann.post("posts", &body, 403).await["code"], "rest_cannot_publish");
    let draft = ann.post("posts", &json!({"title": "x"}), 201).await;
    ann.password = "wrong".into();
    assert_eq!(ann.post("posts", &body, 401).await["code"], "rest_cannot_create");
    assert_eq!(ann.post(&format!("posts/{}", draft["id"]), &body, 401).await["code"], "rest_cannot_edit");
    assert_eq!(ann.get("users/me", 401).await["code"], "rest_not_logged_in");
    let bob = Author::new(&fake, "bob");
    assert_eq!(bob.post(&format!("posts/{}", draft["id"]), &body, 403).await["code"], "rest_cannot_edit");
    assert_eq!(bob.get("users/me?context=edit", 200).await["capabilities"]["publish_posts"], true);
}

#[tokio::test]
async fn refusals_for_good_may_have_a_status_of_500() {
    let fake = Fake::<WordPress>::start().await;
    let ann = Author::new(&fake, "ann");
    let long = json!({"title": "x".repeat(300_000)});
    assert_eq!(ann.post("posts", &long, 500).await["code"], "db_insert_error");
    let refused = ok(ann.upload("attachment; filename=a.exe", b"MZ").await, 500).await;
    assert_eq!(refused["code"], "rest_upload_sideload_error");
    assert_eq!(ann.post("posts", &json!({"content": " "}), 400).await["code"], "empty_content");
    assert_eq!(ann.post("posts", &json!({"title": "x", "status": "live"}), 400).await["code"], "rest_invalid_param");
    assert_eq!(ann.post("posts/77", &json!({}), 404).await["code"], "rest_post_invalid_id");
    assert_eq!(ann.get("nothing", 404).await["code"], "rest_no_route");
    let broken = ann.request(Method::POST, "posts").header("content-type", "application/json").body("{").send().await;
    assert_eq!(ok(broken, 400).await["code"], "rest_invalid_json");
}

#[tokio::test]
async fn media_are_raw_bytes_with_a_name() {
    let fake = Fake::<WordPress>::start().await;
    let ann = Author::new(&fake, "ann");
    let media = ok(ann.upload("attachment; filename=\"a.png\"", b"png").await, 201).await;
    assert!(media["source_url"].as_str().is_some_and(|url| url.ends_with("/a.png")), "{media}");
    let path = format!("media/{}", media["id"]);
    assert_eq!(ann.post(&path, &json!({"alt_text": "a pixel"}), 200).await["alt_text"], "a pixel");
    let post = ann.post("posts", &json!({"title": "x", "featured_media": media["id"]}), 201).await;
    assert_eq!(post["featured_media"], media["id"]);
    let unknown = ann.post("posts", &json!({"title": "x", "featured_media": 99}), 400).await;
    assert_eq!(unknown["code"], "rest_invalid_featured_media");
    assert_eq!(ok(ann.upload("attachment", b"x").await, 400).await["code"], "rest_upload_no_content_disposition");
    fake.set(|knobs| knobs.max_upload_bytes = 1);
    ok(ann.upload("attachment; filename=a.png", b"xx").await, 413).await;
}

#[tokio::test]
async fn forms_are_read_like_json() {
    let fake = Fake::<WordPress>::start().await;
    let ann = Author::new(&fake, "ann");
    let form = ann.request(Method::POST, "posts").form(&[("title", "grüße"), ("status", "publish")]);
    assert_eq!(ok(form.send().await, 201).await["slug"], "grüße");
    assert_eq!(fake.posts()[0].text, "grüße");
}
