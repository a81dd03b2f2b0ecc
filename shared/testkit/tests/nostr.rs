//! The fake Nostr relay against what was measured of a real one, and against somebody else's client.

mod clients;
mod http;

use clients::Client;
use http::{get, http, ok};
use oncepost_testkit::{Fake, Nostr};
use serde_json::{Value, json};

#[tokio::test]
async fn nostr_tools_works_with_it() {
    let fake = Fake::<Nostr>::start().await;
    fake.set(|knobs| (knobs.wants_auth, knobs.max_content) = (true, 280));
    let client = Client::node("nostr.mjs", &["nostr-tools@2.25.2", "ws@8.23.0"]).await;
    let url = fake.url().replace("http", "ws");
    let said = client.run(&[&url, &Nostr::secret_key("alice")]).await;
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["me"], Nostr::public_key("alice"), "the same key gives the same public key");
    assert_eq!(
        (&said["limitation"]["auth_required"], &said["limitation"]["max_content_length"]),
        (&json!(true), &json!(280))
    );
    assert!(said["stranger"].as_str().is_some_and(|why| why.starts_with("auth-required: ")), "{said}");
    assert_eq!(fake.posts()[0].id, said["first"][1], "the same hash");
    assert_eq!(said["again"], "duplicate: exists");
    assert!(said["old"].as_str().is_some_and(|why| why == "invalid: 1000000000 is too old"), "{said}");
    assert_eq!(said["long"], "invalid: 280 characters should be enough for anybody");
    assert_eq!((&said["found"], &said["byId"]), (&json!(["two", "one 🎉 \"quoted\"\nline"]), &json!(true)));
    let made: Vec<_> = fake.publish_calls().into_iter().map(|call| call.made.is_some()).collect();
    assert_eq!(made, [false, true, false, true, false, false, false]);
}

#[tokio::test]
async fn a_relay_says_of_itself_what_it_wants_to_those_who_ask_for_it() {
    let fake = Fake::<Nostr>::start().await;
    fake.set(|knobs| (knobs.min_pow, knobs.wants_payment) = (20, true));
    let asked = http().get(fake.url()).header("accept", "application/nostr+json").send().await;
    let limitation = ok(asked, 200).await["limitation"].clone();
    assert_eq!((&limitation["min_pow_difficulty"], &limitation["payment_required"]), (&json!(20), &json!(true)));
    assert!(get(&fake.url(), 200).await.as_str().is_some_and(|text| text.contains("Nostr client")));
}
