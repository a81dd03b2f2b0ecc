//! The fake Matrix server against what was measured of a real one, and against somebody else's client.

mod clients;
mod http;

use std::time::Duration;

use http::{http, ok};
use oncepost_testkit::{Cue, End, Fake, Matrix};
use reqwest::Method;
use serde_json::{Value, json};

struct Client<'a> {
    fake: &'a Fake<Matrix>,
    token: String,
    room: String,
}

impl<'a> Client<'a> {
    fn new(fake: &'a Fake<Matrix>, name: &str) -> Self {
        Self { fake, token: Matrix::token(name), room: Matrix::room("alice") }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>, status: u16) -> Value {
        let url = format!("{}/_matrix/client/v3/{path}", self.fake.url());
        let request = http().request(method, url).bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        ok(request.send().await, status).await
    }

    async fn send(&self, transaction: &str, body: &Value, status: u16) -> Value {
        let path = format!("rooms/{}/send/m.room.message/{transaction}", self.room);
        self.ask(Method::PUT, &path, Some(body), status).await
    }

    async fn say(&self, transaction: &str, text: &str) -> Value {
        self.send(transaction, &json!({"msgtype": "m.text", "body": text}), 200).await["event_id"].clone()
    }

    async fn list(&self, query: &str) -> Value {
        self.ask(Method::GET, &format!("rooms/{}/messages?dir=b&{query}", self.room), None, 200).await
    }

    async fn whoami(&self, status: u16) -> Value {
        self.ask(Method::GET, "account/whoami", None, status).await
    }
}

fn bodies(page: &Value) -> Vec<&str> {
    page["chunk"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| event["content"]["body"].as_str().unwrap_or(""))
        .collect()
}

#[tokio::test]
async fn a_transaction_belongs_to_a_login_and_its_body_is_not_compared() {
    let fake = Fake::<Matrix>::start().await;
    let mut alice = Client::new(&fake, "alice");
    let first = alice.say("t", "one").await;
    assert_eq!(alice.say("t", "other").await, first);
    let bob = Client::new(&fake, "bob");
    assert_ne!(bob.say("t", "one").await, first);
    let at_once = futures::future::join_all((0..4).map(|_| alice.say("u", "at once"))).await;
    assert!(at_once.iter().all(|id| *id == at_once[0]));
    alice.token = fake.platform().log_in("alice");
    assert_ne!(alice.say("t", "one").await, first, "another login");
    assert_eq!(fake.posts().len(), 4);
    fake.advance(Duration::from_secs(24 * 3600 + 1));
    alice.say("t", "forgotten").await;
    assert_eq!(fake.count_of("forgotten"), 1);
}

#[tokio::test]
async fn events_are_listed_backwards_by_pages_and_show_their_transaction_to_their_own_login() {
    let fake = Fake::<Matrix>::start().await;
    let mut alice = Client::new(&fake, "alice");
    for text in ["one", "two", "three"] {
        alice.say(text, text).await;
    }
    Client::new(&fake, "bob").say("b", "four").await;
    let page = alice.list("limit=2").await;
    assert_eq!(bodies(&page), ["four", "three"]);
    let end = page["end"].as_str().expect("a way on").to_owned();
    let rest = alice.list(&format!("limit=2&from={end}")).await;
    assert_eq!((bodies(&rest), &rest["end"]), (vec!["two", "one"], &Value::Null));
    assert_eq!(rest["chunk"][1]["unsigned"]["transaction_id"], "one");
    let own = alice.list("filter=%7B%22senders%22%3A%5B%22%40bob%3Amatrix.test%22%5D%7D").await;
    assert_eq!((bodies(&own), &own["chunk"][0]["unsigned"]["transaction_id"]), (vec!["four"], &Value::Null));
    let id = rest["chunk"][1]["event_id"].as_str().expect("an id");
    alice.ask(Method::PUT, &format!("rooms/{}/redact/{id}/r", alice.room), Some(&json!({})), 200).await;
    alice.token = fake.platform().log_in("alice");
    let other = alice.list("limit=9").await;
    assert_eq!((bodies(&other)[3], &other["chunk"][2]["unsigned"]["transaction_id"]), ("", &Value::Null));
    fake.list_late(Duration::from_secs(30));
    alice.say("late", "late").await;
    assert_eq!(bodies(&alice.list("limit=1").await), ["four"]);
}

#[tokio::test]
async fn refusals_have_a_code() {
    let fake = Fake::<Matrix>::start().await;
    let mut alice = Client::new(&fake, "alice");
    let long = json!({"msgtype": "m.text", "body": "x".repeat(65_536)});
    assert_eq!(alice.send("a", &long, 413).await["errcode"], "M_TOO_LARGE");
    assert_eq!(alice.send("b", &json!({"msgtype": "m.text"}), 400).await["error"], "'body' not in content");
    assert_eq!(alice.send("c", &json!([1]), 400).await["errcode"], "M_NOT_JSON");
    let state = format!("rooms/{}/state/m.room.encryption", alice.room);
    assert_eq!(alice.ask(Method::GET, &state, None, 404).await["errcode"], "M_NOT_FOUND");
    fake.platform().encrypt("alice");
    assert_eq!(alice.ask(Method::GET, &state, None, 200).await["algorithm"], "m.megolm.v1.aes-sha2");
    fake.set(|knobs| knobs.events_per_window = 1);
    let bob = Client::new(&fake, "bob");
    bob.say("d", "one").await;
    let limited = bob.send("e", &json!({"body": "two"}), 429).await;
    assert!(limited["errcode"] == "M_LIMIT_EXCEEDED" && limited["retry_after_ms"].as_u64() <= Some(10_000));
    fake.platform().ban("alice");
    assert_eq!(alice.send("f", &json!({"body": "x"}), 403).await["errcode"], "M_FORBIDDEN");
    fake.platform().revoke("alice");
    let dead = alice.send("g", &json!({"body": "x"}), 401).await;
    assert_eq!((&dead["errcode"], &dead["soft_logout"]), (&json!("M_UNKNOWN_TOKEN"), &json!(false)));
    alice.token = "garbage".into();
    assert_eq!(alice.whoami(401).await["soft_logout"], false);
    assert_eq!(alice.ask(Method::GET, "nothing", None, 404).await["errcode"], "M_UNRECOGNIZED");
}

#[tokio::test]
async fn a_refresh_token_is_good_until_what_it_gave_is_used_and_the_login_stays() {
    let fake = Fake::<Matrix>::start().await;
    let mut alice = Client::new(&fake, "alice");
    let event = alice.say("t", "one").await;
    fake.advance(Duration::from_secs(1));
    fake.cue(Cue { expire_token: true, ..Cue::default() });
    assert_eq!(alice.send("u", &json!({"body": "x"}), 401).await["soft_logout"], true);
    let refresh = async |token: &Value, status| {
        let url = format!("{}/_matrix/client/v3/refresh", fake.url());
        ok(http().post(url).json(&json!({"refresh_token": token})).send().await, status).await
    };
    let old = json!(Matrix::refresh_token("alice"));
    let (one, two) = (refresh(&old, 200).await, refresh(&old, 200).await);
    assert_ne!(one["access_token"], two["access_token"]);
    alice.token = two["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(alice.say("t", "again").await, event, "the login is the same, and so is its transaction");
    refresh(&old, 403).await;
    refresh(&one["refresh_token"], 403).await;
    fake.advance(Duration::from_secs(301));
    assert_eq!(alice.whoami(401).await["soft_logout"], true);
    assert_eq!(refresh(&two["refresh_token"], 200).await["expires_in_ms"], 300_000);
}

#[tokio::test]
async fn matrix_nio_works_with_it() {
    let fake = Fake::<Matrix>::start().await;
    fake.cue(Cue::new(End::RateLimit { seconds: 1 }).saying("two"));
    let arguments = [
        &fake.url(),
        &Matrix::user("alice"),
        &Matrix::password("alice"),
        &Matrix::room("alice"),
        &Matrix::alias("alice"),
    ];
    let arguments = arguments.map(String::as_str);
    let said = clients::python("matrix", &["matrix-nio==0.25.2"], &arguments).await;
    let me = json!(Matrix::user("alice"));
    assert_eq!((&said["me"], &said["room"]), (&json!([me, me]), &json!(Matrix::room("alice"))));
    assert_eq!((&said["same"], &said["bodies"]), (&json!(true), &json!(["a.png", "two", "one"])));
    assert_eq!((&said["marks"], &said["ended"]), (&json!(["m-1", "t1"]), &json!(true)));
    assert_eq!((&said["uri"], &said["state"]), (&json!(true), &json!("M_NOT_FOUND")));
    assert_eq!((&said["long"], &said["empty"]), (&json!([true, "M_TOO_LARGE"]), &json!("M_UNKNOWN")));
    assert_eq!((&said["elsewhere"], &said["dead"]), (&json!("M_FORBIDDEN"), &json!([true, "M_UNKNOWN_TOKEN", false])));
    let limited = fake.publish_calls().iter().filter(|call| call.status == Some(429)).count();
    assert_eq!((limited, fake.posts().len()), (1, 3), "it waited and came back");
}
