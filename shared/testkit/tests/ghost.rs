//! The fake Ghost site against what was measured of the real one, and Ghost's own client against the fake.

mod clients;
mod http;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clients::Client;
use hmac::{Hmac, KeyInit, Mac};
use http::{http, ok};
use oncepost_testkit::{Cue, Fake, Ghost};
use reqwest::{Method, RequestBuilder, multipart};
use serde_json::{Value, json};
use sha2::Sha256;

/// A token of the integration `name`, with claims of one's own.
fn token(name: &str, claims: &Value) -> String {
    let key = Ghost::key(name);
    let (id, secret) = key.split_once(':').expect("id:secret");
    let digits = (0..secret.len()).step_by(2);
    let secret: Vec<u8> = digits.map(|at| u8::from_str_radix(&secret[at..at + 2], 16).expect("hexadecimal")).collect();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT", "kid": id})), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).expect("a key");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

struct Author<'a> {
    fake: &'a Fake<Ghost>,
}

impl Author<'_> {
    fn claims(&self) -> Value {
        let now = self.fake.now().as_second();
        json!({"iat": now, "exp": now + 300, "aud": "/admin/"})
    }

    fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let url = format!("{}/ghost/api/admin/{path}", self.fake.url());
        http().request(method, url).header("authorization", format!("Ghost {token}"))
    }

    async fn send(&self, method: Method, path: &str, post: &Value, status: u16) -> Value {
        let request = self.request(method, path, &token("ann", &self.claims()));
        ok(request.json(&json!({"posts": [post]})).send().await, status).await
    }

    async fn made(&self, post: &Value) -> Value {
        self.send(Method::POST, "posts/", post, 201).await["posts"][0].clone()
    }

    async fn refusal(&self, token: &str, status: u16) -> Value {
        ok(self.request(Method::GET, "posts/", token).send().await, status).await["errors"][0].clone()
    }
}

#[tokio::test]
async fn ghosts_own_client_works_against_the_fake() {
    let fake = Fake::<Ghost>::start().await;
    let client = Client::node("ghost.mjs", &["@tryghost/admin-api@1.14.13"]).await;
    let id = client.run(&[&fake.url(), &Ghost::key("ann")]).await;
    assert_eq!(fake.posts().iter().map(|post| post.id.as_str()).collect::<Vec<_>>(), [id]);
    assert!(fake.platform().mails().is_empty());
}

#[tokio::test]
async fn the_same_slug_twice_is_two_posts() {
    let fake = Fake::<Ghost>::start().await;
    let ann = Author { fake: &fake };
    let body = json!({"title": "Hello", "slug": "k-1", "status": "published"});
    let (one, two) = (ann.made(&body).await, ann.made(&body).await);
    assert_eq!((&one["slug"], &two["slug"]), (&json!("k-1"), &json!("k-1-2")));
    assert_eq!(fake.duplicates().len(), 1);
}

#[tokio::test]
async fn an_old_time_collides_only_where_something_changes() {
    let fake = Fake::<Ghost>::start().await;
    let ann = Author { fake: &fake };
    let draft = ann.made(&json!({"title": "Hello"})).await;
    let path = format!("posts/{}/", draft["id"].as_str().expect("an id"));
    let publish = json!({"status": "published", "updated_at": draft["updated_at"]});
    let one = ann.send(Method::PUT, &path, &publish, 200).await["posts"][0].clone();
    let two = ann.send(Method::PUT, &path, &publish, 200).await["posts"][0].clone();
    assert_eq!((&one["published_at"], fake.posts().len()), (&two["published_at"], 1));
    let edit = json!({"title": "Other", "updated_at": draft["updated_at"]});
    assert_eq!(ann.send(Method::PUT, &path, &edit, 409).await["errors"][0]["code"], "UPDATE_COLLISION");
    assert_eq!(ann.send(Method::PUT, &path, &json!({"title": "x"}), 422).await["errors"][0]["type"], "ValidationError");
}

#[tokio::test]
async fn an_e_mail_goes_out_once_when_a_publish_names_a_newsletter() {
    let fake = Fake::<Ghost>::start().await;
    let ann = Author { fake: &fake };
    let draft = ann.made(&json!({"title": "Hello"})).await;
    let path = format!("posts/{}/?newsletter=weekly", draft["id"].as_str().expect("an id"));
    let publish = json!({"status": "published", "updated_at": draft["updated_at"]});
    ann.send(Method::PUT, &path, &publish, 200).await;
    ann.send(Method::PUT, &path, &publish, 200).await;
    assert_eq!(fake.platform().mails().len(), 1);
}

#[tokio::test]
async fn tokens_are_checked_as_the_site_checks_them() {
    let fake = Fake::<Ghost>::start().await;
    let ann = Author { fake: &fake };
    let with = |name: &str, value: Value| {
        let mut claims = ann.claims();
        claims[name] = value;
        token("ann", &claims)
    };
    let said = |error: &Value| (error["type"].clone(), error["message"].clone());
    let expired = ann.refusal(&with("exp", json!(1)), 401).await;
    assert_eq!(said(&expired), (json!("UnauthorizedError"), json!("Invalid token: jwt expired")));
    assert_eq!(expired["code"], "INVALID_JWT");
    assert_eq!(ann.refusal(&with("aud", json!("/other/")), 401).await["code"], "INVALID_JWT");
    assert_eq!(ann.refusal("garbage", 400).await["code"], "INVALID_JWT");
    assert_eq!(ann.refusal(&format!("{}x", token("ann", &ann.claims())), 401).await["code"], "INVALID_JWT");
    let none = ok(http().get(format!("{}/ghost/api/admin/posts/", fake.url())).send().await, 403).await;
    assert_eq!(none["errors"][0]["type"], "NoPermissionError");

    let good = token("ann", &ann.claims());
    fake.cue(Cue { expire_token: true, ..Cue::default() }.on("GET", "posts").of("ann"));
    assert_eq!(ann.refusal(&good, 401).await["message"], "Invalid token: jwt expired");
    ok(ann.request(Method::GET, "posts/", &good).send().await, 200).await;
    fake.advance(Duration::from_secs(301));
    ann.refusal(&good, 401).await;
    fake.platform().revoke("ann");
    assert_eq!(ann.refusal(&token("ann", &ann.claims()), 401).await["code"], "UNKNOWN_ADMIN_API_KEY");
}

#[tokio::test]
async fn the_status_of_an_error_lies_now_and_then() {
    let fake = Fake::<Ghost>::start().await;
    let ann = Author { fake: &fake };
    let request = ann.request(Method::POST, "posts/", &token("ann", &ann.claims()));
    let broken = ok(request.header("content-type", "application/json").body("{").send().await, 400).await;
    assert_eq!(broken["errors"][0]["type"], "InternalServerError");
    let long = ann.send(Method::POST, "posts/", &json!({"title": "x".repeat(256)}), 422).await;
    assert!(long["errors"][0]["context"].as_str().is_some_and(|context| context.contains("255 characters")));
    let lexical = json!({"title": "x", "lexical": "{"});
    assert_eq!(ann.send(Method::POST, "posts/", &lexical, 422).await["errors"][0]["type"], "ValidationError");
    fake.set(|knobs| knobs.maintenance = true);
    assert_eq!(ann.refusal(&token("ann", &ann.claims()), 503).await["type"], "MaintenanceError");
}

#[tokio::test]
async fn pictures_are_uploaded_as_forms() {
    let fake = Fake::<Ghost>::start().await;
    let ann = Author { fake: &fake };
    let upload = async |name: &'static str, bytes: usize, status: u16| {
        let file = multipart::Part::bytes(vec![1; bytes]).file_name(name).mime_str("image/png").expect("a type");
        let request = ann.request(Method::POST, "images/upload/", &token("ann", &ann.claims()));
        ok(request.multipart(multipart::Form::new().part("file", file)).send().await, status).await
    };
    let image = upload("a.png", 3, 201).await;
    assert!(image["images"][0]["url"].as_str().is_some_and(|url| url.ends_with("a.png")), "{image}");
    assert_eq!(upload("a.exe", 3, 415).await["errors"][0]["type"], "UnsupportedMediaTypeError");
    fake.set(|knobs| knobs.max_upload_bytes = 2);
    upload("a.png", 3, 413).await;
    let empty = ann.request(Method::POST, "images/upload/", &token("ann", &ann.claims())).json(&json!({}));
    ok(empty.send().await, 422).await;
}
