//! What is particular to webhooks.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::sync::{Arc, Mutex};

use domain::{AttemptKind, Code, Fix, Landed, Scope, State, Worth};
use kit::{
    rows::{self, RETRY, fix, point},
    servers::{Raw, say},
    site::stand,
    stand::{Stand, says, thread},
};
use oncepost_channels::{Secret, webhook::TABLE};
use reqwest::header::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

const DELIVER: &str = "deliver";
const OLD: &str = "whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xkLW9sZCE=";
const NEW: &str = "whsec_bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldyE=";

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("webhook", "https://receiver.example", says("x")).account;
    let setup = fix(Fix::Setup);
    rows::check(
        &TABLE,
        &account,
        &[
            point(DELIVER, 410, "").is(Code::ENDPOINT_GONE, setup, Scope::Account),
            point(DELIVER, 301, "").is(Code::ENDPOINT_GONE, setup, Scope::Account),
            point(DELIVER, 308, "").is(Code::ENDPOINT_GONE, setup, Scope::Account),
            point(DELIVER, 429, "").is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account),
            point(DELIVER, 400, "bad").is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
            point(DELIVER, 413, "").is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
            point(DELIVER, 422, "{}").is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
            point(DELIVER, 401, "").is(Code::TOKEN_REVOKED, fix(Fix::Reconnect), Scope::Account),
            point(DELIVER, 403, "").is(Code::PERMISSION_MISSING, fix(Fix::Permission), Scope::Account),
            point(DELIVER, 404, "").is(Code::OUT_OF_ORDER, RETRY, Scope::Account),
        ],
    );
}

/// A receiver that keeps what it gets and answers as told.
struct Receiver {
    raw: Raw,
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Receiver {
    async fn answering(answer: &'static str) -> Self {
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = got.clone();
        let raw = Raw::start(move |mut stream, _| {
            let kept = kept.clone();
            async move {
                let mut text = Vec::new();
                let mut chunk = [0; 65536];
                let (head, body) = loop {
                    let n = stream.read(&mut chunk).await?;
                    text.extend_from_slice(&chunk[..n]);
                    if let Some(whole) = whole(&text) {
                        break whole;
                    }
                };
                kept.lock().unwrap().push((head, body));
                let length = answer.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len());
                say(
                    &mut stream,
                    &answer.replacen("\r\n", &format!("\r\ncontent-length: {length}\r\nconnection: close\r\n"), 1),
                )
                .await
            }
        })
        .await;
        Self { raw, got }
    }

    fn stand(&self, secret: &str, settings: &[(&str, &str)]) -> Stand {
        Stand::new(
            "webhook",
            &format!("{}/hook?x=1", self.raw.url()),
            ("signing_secret", secret),
            settings,
            says("Grüße"),
        )
    }

    fn got(&self) -> Vec<(HeaderMap, String)> {
        self.got.lock().unwrap().clone()
    }
}

fn whole(text: &[u8]) -> Option<(HeaderMap, String)> {
    let text = String::from_utf8(text.to_vec()).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let head: HeaderMap =
        fields.map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect();
    let length: usize = head.get("content-length")?.to_str().ok()?.parse().ok()?;
    (body.len() == length).then(|| (head, body.to_owned()))
}

const TAKEN: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"id\":17,\"url\":\"https://r.example/17\"}";

#[tokio::test]
async fn the_reference_library_accepts_our_signature_under_the_old_and_the_new_secret() {
    let receiver = Receiver::answering(TAKEN).await;
    let stand = receiver.stand(&format!("{OLD} {NEW}"), &[]);
    assert_eq!(stand.attempt().await.failure, None);
    let (head, body) = &receiver.got()[0];
    for secret in [OLD, NEW] {
        standardwebhooks::Webhook::new(secret).unwrap().verify(body.as_bytes(), head).unwrap();
    }
    let stranger = "whsec_c3RyYW5nZXItc3RyYW5nZXItc3RyYW5nZXItc3RyISE=";
    assert!(standardwebhooks::Webhook::new(stranger).unwrap().verify(body.as_bytes(), head).is_err());
    assert_eq!(
        (stand.receipts()[0].id.as_str(), stand.receipts()[0].url.as_deref()),
        ("17", Some("https://r.example/17"))
    );
}

#[tokio::test]
async fn every_try_carries_the_same_id_and_bytes_and_a_new_time() {
    let receiver = Receiver::answering("HTTP/1.1 503 Service Unavailable\r\nretry-after: 100\r\n\r\n").await;
    let stand = receiver.stand(NEW, &[]);
    let failure = stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::ERROR_AFTER_SEND, Landed::Unknown));
    let told = failure.not_before().expect("Retry-After is kept");
    assert!(stand.target().next_at.unwrap() >= told, "a doubt is not settled earlier than told either");
    stand.clock.advance(std::time::Duration::from_secs(101));
    assert_eq!(stand.attempt().await.kind, AttemptKind::Repeat);
    let got = receiver.got();
    let field = |n: usize, name: &str| got[n].0[name].to_str().unwrap().to_owned();
    let key = stand.key(0);
    for n in [0, 1] {
        assert_eq!((field(n, "webhook-id"), field(n, "idempotency-key")), (key.clone(), key.clone()));
    }
    assert_eq!(got[0].1, got[1].1, "the same bytes");
    let time = |n: usize| field(n, "webhook-timestamp").parse::<i64>().unwrap();
    assert!(time(1) - time(0) >= 100);
    assert_ne!(field(0, "webhook-signature"), field(1, "webhook-signature"));
}

#[tokio::test]
async fn the_whole_thread_goes_out_in_one_call() {
    let receiver = Receiver::answering(TAKEN).await;
    let stand = receiver.stand(NEW, &[]).another(thread(&["one", "two"]));
    stand.attempt().await;
    assert_eq!(stand.state(), State::Published);
    let body: Value = serde_json::from_str(&receiver.got()[0].1).unwrap();
    let target = stand.target();
    assert_eq!(
        body,
        json!({"type": "post.publish", "timestamp": target.due_at.to_string(), "data": {
            "target": target.id, "post": target.post, "tenant": "acme", "account": "main",
            "text": "one", "thread": [{"text": "two"}],
        }})
    );
    assert_eq!(receiver.raw.connections(), 1);
}

#[tokio::test]
async fn success_without_an_id_is_proof_only_where_the_account_says_so() {
    let strict = Receiver::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let stand = strict.stand(NEW, &[]);
    let failure = stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, stand.state()), (Code::NO_PROOF, Landed::Unknown, State::InDoubt));
    let easy = strict.stand(NEW, &[("proof", "status")]);
    assert_eq!(easy.attempt().await.failure, None);
    assert_eq!(easy.receipts()[0].id, easy.key(0));
}

#[tokio::test]
async fn the_account_counts_a_status_as_proof_only_if_it_is_one_of_success() {
    let broken = Receiver::answering("HTTP/1.1 302 Found\r\nlocation: /login\r\n\r\n").await;
    let stand = broken.stand(NEW, &[("proof", "status")]);
    assert_eq!(stand.attempt().await.failure.unwrap().code, Code::UNCLEAR_ANSWER);
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_or_unsigned() {
    let receiver = Receiver::answering(TAKEN).await;
    let mut clear = receiver.stand(NEW, &[]);
    clear.account.base_url = "http://receiver.example/".parse().unwrap();
    assert_eq!(clear.attempt().await.failure.unwrap().code, Code::APP_MISCONFIGURED);
    let mut unsigned = receiver.stand(NEW, &[]);
    unsigned.account.secrets.clear();
    let failure = unsigned.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::CREDENTIALS_MISSING, Scope::System, Landed::No));
    let mut nonsense = receiver.stand(NEW, &[]);
    nonsense.account.secrets.insert("signing_secret".into(), Secret::new("not base64!"));
    let failure = nonsense.attempt().await.failure.unwrap();
    assert_eq!(failure.code, Code::CREDENTIALS_MISSING);
    assert!(!failure.said.text.contains("not base64!"), "{failure:?}");
    assert_eq!(receiver.raw.connections(), 0);
}

#[tokio::test]
async fn what_the_receiver_says_is_kept_without_our_secret() {
    let answer = "HTTP/1.1 422 Unprocessable Entity\r\n\r\n{\"error\":{\"code\":\"too_rude\",\"message\":\"no, whsec_bmV3LW5ldy1uZXctbmV3LW5ldy1uZXctbmV3LW5ldyE=\"}}";
    let receiver = Receiver::answering(answer).await;
    let failure = receiver.stand(NEW, &[]).attempt().await.failure.unwrap();
    assert_eq!((failure.said.code.as_deref(), failure.said.text.as_str()), (Some("too_rude"), "no, ***"));
}

#[tokio::test]
async fn a_large_post_arrives_whole_and_a_larger_one_is_refused_before() {
    let receiver = Receiver::answering(TAKEN).await;
    let stand = receiver.stand(NEW, &[]).another(says(&"z".repeat(200_000)));
    assert_eq!(stand.attempt().await.failure, None);
    assert_eq!(receiver.got()[0].1.matches('z').count(), 200_000);
    let too_large = says(&"x".repeat(300_000));
    assert_eq!(stand.channel.check(&domain::Draft(too_large))[0].code, Code::TEXT_TOO_LONG);
}
