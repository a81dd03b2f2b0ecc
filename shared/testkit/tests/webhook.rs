//! The fake webhook receiver, with signatures made by somebody else's library.

mod http;

use std::time::Duration;

use http::{get, http, ok};
use oncepost_testkit::{Fake, Webhook};
use serde_json::{Value, json};

/// Sends a signed event; `at` is the timestamp in epoch seconds.
async fn deliver(fake: &Fake<Webhook>, id: &str, at: i64, text: &str, status: u16) -> Value {
    let body = json!({"type": "post.publish", "data": {"text": text}}).to_string();
    let signer = standardwebhooks::Webhook::new(Webhook::SECRET).expect("a secret");
    let signature = signer.sign(id, at, body.as_bytes()).expect("a signature");
    send(fake, id, at, &signature, body, status).await
}

async fn send(fake: &Fake<Webhook>, id: &str, at: i64, signature: &str, body: String, status: u16) -> Value {
    let call = http().post(format!("{}/alice", fake.url())).header("webhook-id", id).header("webhook-timestamp", at);
    ok(call.header("webhook-signature", signature).body(body).send().await, status).await
}

#[tokio::test]
async fn a_kept_id_gives_the_earlier_answer_until_it_is_forgotten() {
    let fake = Fake::<Webhook>::start().await;
    let now = || fake.now().as_second();
    let first = deliver(&fake, "msg_1", now(), "one", 200).await;
    assert!(first["id"].is_string() && first["url"].is_string());
    assert_eq!(deliver(&fake, "msg_1", now() + 1, "one", 200).await, first);
    assert_ne!(deliver(&fake, "msg_2", now(), "two", 200).await, first);
    assert_eq!((fake.platform().deliveries(), fake.platform().distinct_ids()), (3, 2));
    assert!(fake.duplicates().is_empty());

    fake.advance(Duration::from_secs(301));
    assert_ne!(deliver(&fake, "msg_1", now(), "one", 200).await, first);
    assert_eq!(fake.count_of("one"), 2);
}

#[tokio::test]
async fn a_receiver_that_forgets_posts_again() {
    let fake = Fake::<Webhook>::start().await;
    fake.set(|knobs| knobs.keeps_ids = false);
    let now = fake.now().as_second();
    let (a, b) = (deliver(&fake, "msg_1", now, "one", 200).await, deliver(&fake, "msg_1", now, "one", 200).await);
    assert_ne!(a, b);
    assert_eq!(fake.duplicates().len(), 1);
}

#[tokio::test]
async fn only_a_right_signature_of_now_is_accepted() {
    let fake = Fake::<Webhook>::start().await;
    let now = fake.now().as_second();
    let error = |answer: Value| answer["error"].as_str().expect("an error").to_owned();
    assert_eq!(error(deliver(&fake, "msg_1", now - 400, "old", 401).await), "webhook-timestamp is too far from now");
    assert!(error(deliver(&fake, "a.b", now, "dot", 401).await).contains("without a dot"));
    let wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(error(send(&fake, "msg_1", now, wrong, "{}".into(), 401).await), "no signature is right");
    assert!(fake.posts().is_empty());
    assert_eq!(fake.platform().deliveries(), 0);

    // During a rotation there are several; one right one is enough.
    let signer = standardwebhooks::Webhook::new(Webhook::SECRET).expect("a secret");
    let right = signer.sign("msg_1", now, b"{}").expect("a signature");
    send(&fake, "msg_1", now, &format!("{wrong} {right}"), "{}".into(), 200).await;
}

#[tokio::test]
async fn posts_can_be_listed() {
    let fake = Fake::<Webhook>::start().await;
    deliver(&fake, "msg_1", fake.now().as_second(), "one", 200).await;
    let list = get(&format!("{}/posts?account=alice&since=2020-01-01T00:00:00Z", fake.url()), 200).await;
    assert_eq!((&list[0]["text"], &list[1]), (&json!("one"), &Value::Null));
    assert_eq!(get(&format!("{}/posts?account=alice&since=2999-01-01T00:00:00Z", fake.url()), 200).await, json!([]));
}
