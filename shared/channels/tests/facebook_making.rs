//! Facebook's call that makes a post or a reel, unpublished, when it is refused, not answered, or answered with what cannot be used.

#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::Duration;

use domain::{Code, Content, Landed, Media, State};
use kit::{
    graph::body,
    servers::{files, mp4},
    site::stand,
    stand::says,
};
use serde_json::{Value, json};
use testkit::{Cue, End, Facebook, Fake};

const MINUTE: Duration = Duration::from_secs(60);

fn error(code: i64, finer: u64, message: &str) -> Value {
    serde_json::from_str(body(code, finer, message)).unwrap()
}

#[tokio::test]
async fn a_refusal_that_is_known_for_what_it_is_keeps_no_later_try_waiting() {
    let fake = Fake::<Facebook>::start().await;
    let stand = stand("facebook", &fake.url(), says("a page that cannot be read"));
    fake.cue(Cue::say(400, &error(1_609_005, 0, "The page could not be scraped")).on("POST", "/feed"));
    let refused = stand.attempt().await.failure.unwrap();
    assert_eq!((refused.code, refused.landed, refused.not_before()), (Code::MEDIA_UNREACHABLE, Landed::No, None));
    stand.clock.advance(MINUTE);
    fake.advance(MINUTE);
    assert_eq!(stand.attempt().await.failure, None, "it is made at once");
    assert_eq!((stand.state(), fake.posts().len()), (State::Published, 1));
}

#[tokio::test]
async fn a_try_without_an_answer_is_followed_by_none_that_could_do_nothing() {
    for cue in [Cue::new(End::CutBefore), Cue::say(400, &error(1, 99, "An unknown error occurred"))] {
        let fake = Fake::<Facebook>::start().await;
        let stand = stand("facebook", &fake.url(), says("no word"));
        fake.cue(cue.on("POST", "/feed"));
        let began = fake.now();
        let failure = stand.attempt().await.failure.unwrap();
        assert!(failure.not_before().is_some_and(|at| at >= began + 5 * MINUTE), "{failure:?}");
        let tries = stand.settle(|span| fake.advance(span)).await.len();
        let made =
            fake.calls().into_iter().filter(|call| call.method == "POST" && call.path.ends_with("/feed")).count();
        assert_eq!((tries, made), (1, 2));
        assert_eq!((stand.state(), fake.posts().len()), (State::Published, 1));
    }
}

#[tokio::test]
async fn a_reels_address_that_cannot_be_used_is_not_kept_and_another_is_asked_for() {
    let (fake, files) = (Fake::<Facebook>::start().await, files(mp4(1100)).await);
    let settings = [("video_as".to_owned(), "reel".to_owned())].into();
    let media = vec![Media { url: format!("{}/a.mp4", files.url()), alt: None }];
    let stand = stand("facebook", &fake.url(), Content { settings, media, ..says("short") });
    for address in ["http://files.example/x", "https://files.example/x", "x"] {
        let begun = json!({"video_id": "1", "upload_url": address});
        fake.cue(Cue::refuse(200, &begun).on("POST", "/video_reels"));
        let failure = stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed), (Code::STRANGE_ANSWER, Landed::No), "{address}");
        stand.clock.advance(MINUTE);
        fake.advance(MINUTE);
    }
    stand.settle(|span| fake.advance(span)).await;
    assert_eq!((stand.state(), fake.posts().len()), (State::Published, 1));
}
