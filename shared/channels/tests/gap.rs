//! The ledger was restored and knows nothing of a post that is out: no handle, no key, another target. On each channel it is found by the
//! account's listing, or a person is asked; and only what the listing does not have is sent.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::Duration;

use domain::{Answer, Command, Gap, ListReason, State};
use kit::{
    site::Place,
    stand::{Stand, says},
};

const WORDS: &str = "hello https://a.example/x/ & more";

/// The ledger has lost the last hour.
fn lose(stand: &Stand) {
    let now = stand.clock_now();
    let gap = Gap { since: now - Duration::from_secs(3_600), until: now };
    assert_eq!(stand.ask(&Command::Restored { gap }), Answer::Done);
}

/// What comes of a target that says the same as one that is out.
async fn after_the_loss(place: &Place) -> (Stand, Stand) {
    let first = place.stand(says(WORDS));
    first.settle(|span| place.site.advance(span)).await;
    assert_eq!(first.state(), State::Published, "{:?}", first.target());
    let again = first.another(first.draft.0.clone());
    lose(&again);
    let attempts = again.settle(|span| place.site.advance(span)).await;
    assert!(attempts.iter().all(|ended| !ended.kind.sends()), "{}: it was sent: {attempts:?}", place.name);
    (first, again)
}

async fn finds(place: Place) {
    let (first, again) = after_the_loss(&place).await;
    assert_eq!(again.state(), State::Published, "{}: {:?}", place.name, again.target());
    assert_eq!(again.receipts()[0].id, first.receipts()[0].id, "{}", place.name);
}

async fn asks(place: Place) {
    let (_, again) = after_the_loss(&place).await;
    let listed = again.target().listed.map(|listed| listed.reason);
    assert_eq!((again.state(), listed), (State::InDoubt, Some(ListReason::Undecidable)), "{}", place.name);
}

async fn sends(place: Place) {
    let stand = place.stand(says(WORDS));
    lose(&stand);
    let attempts = stand.settle(|span| place.site.advance(span)).await;
    assert_eq!(stand.state(), State::Published, "{}: {:?}", place.name, stand.target());
    let sent = attempts.iter().position(|ended| ended.kind.sends()).unwrap();
    assert!(sent > 0, "{}: it was sent without a look", place.name);
}

macro_rules! tests {
    ($($check:ident: $($place:ident),*;)*) => {$(
        mod $check {
            $(#[tokio::test]
            async fn $place() {
                super::$check(super::Place::$place().await).await;
            })*
        }
    )*};
}

tests! {
    finds: bluesky, discord, facebook, facebook_at_once, google_business, instagram, linkedin_page, mastodon, mastodon_without_keys, matrix,
        pinterest, reddit, slack, threads, x, youtube;
    sends: bluesky, discord, facebook, facebook_at_once, google_business, instagram, linkedin_page, mastodon, mastodon_without_keys, matrix,
        pinterest, reddit, slack, threads, x, youtube;
    asks: discord_without_history, discord_webhook, ghost, linkedin, nostr, slack_without_history, slack_webhook, telegram, tiktok,
        tiktok_photos, webhook, wordpress;
}
