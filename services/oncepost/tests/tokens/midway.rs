//! A token that ends in the midst: what is done is not done again.

use std::time::Duration;

use domain::{Code, Content, State};
use ledger::Ledger;
use serde_json::json;
use testkit::{Bluesky, Cue, End, LinkedIn, TikTok, X, fake::Platform};
use vault::record::State as Health;

use crate::stand::{HOUR, MINUTE, Stand, thread, video};

const MIB: usize = 1 << 20;

/// The access token ends before this call is looked at.
fn ends_at(method: &str, path: &str, nth: u64) -> Cue {
    Cue { expire_token: true, ..Cue::default().on(method, path).nth(nth) }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_between_the_upload_and_the_post_costs_no_second_upload() {
    // Before the post; in the midst of the segments; as they are put together.
    for (path, nth) in [("/2/tweets", 1), ("/append", 2), ("/finalize", 1)] {
        let stand = Stand::<X>::giving(video(9 * MIB)).await;
        stand.connect("main").await;
        stand.runtime.sleep(10 * MINUTE).await;
        stand.cue(ends_at("POST", path, nth));
        let content = Content { text: stand.text(), media: stand.media("v.mp4"), ..Content::default() };
        let target = stand.send("main", Duration::ZERO, content).await;
        stand.all_out(HOUR).await;
        assert_eq!(stand.codes(target).await, [Code::TOKEN_PENDING], "{path}");
        assert_eq!(stand.calls_to("POST", "/oauth2/token"), 1, "{path}");
        assert_eq!(stand.calls_to("POST", "/initialize"), 1, "{path}: one upload");
        let good = stand.calls().into_iter().filter(|call| call.path.ends_with("/append") && call.status == Some(200));
        assert_eq!(good.count(), 3, "{path}: each segment once");
        assert_eq!((stand.posts().len(), stand.publishes_with(201)), (1, 1), "{path}");
        assert_eq!(stand.target(target).await.tries, 1, "{path}: it costs no try");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thread_goes_on_where_its_token_ended() {
    for nth in 1..=4 {
        let stand = Stand::<X>::start().await;
        stand.connect("main").await;
        stand.runtime.sleep(10 * MINUTE).await;
        stand.cue(ends_at("POST", "/2/tweets", nth));
        let texts: Vec<_> = (0..4).map(|_| stand.text()).collect();
        stand.send("main", Duration::ZERO, thread(&texts)).await;
        stand.all_out(HOUR).await;
        let shown: Vec<_> = stand.posts().into_iter().map(|post| post.text).collect();
        assert_eq!(shown, texts, "part {nth}");
        assert_eq!((stand.publishes_with(201), stand.publishes_with(401)), (4, 1), "part {nth}: each is sent once");
        assert_eq!(stand.calls_to("POST", "/oauth2/token"), 1, "part {nth}");
    }
}

/// LinkedIn refuses its own new tokens for some seconds, and calls them withdrawn.
#[tokio::test(start_paused = true)]
async fn a_new_token_that_linkedin_calls_withdrawn_disconnects_nobody() {
    let stand = Stand::<LinkedIn>::start().await;
    stand.connect("main").await;
    stand.set(|knobs| knobs.young_for_s = 20);
    stand.runtime.sleep(10 * MINUTE).await;
    stand.platform().expire("main");
    let target = stand.post("main", Duration::ZERO).await;
    let end = stand.runtime.now() + HOUR;
    while stand.calls().iter().filter(|call| call.status == Some(401)).count() < 2 {
        stand.tick(end).await;
        assert_ne!(stand.health("main").await, Health::NeedsReconnect);
    }
    stand.all_out(HOUR).await;
    assert_eq!(stand.codes(target).await, [Code::TOKEN_PENDING; 2], "the ended one, and the new one too soon");
    assert_eq!(stand.calls_to("POST", "/accessToken"), 1, "it is not renewed again for that");
    assert_eq!(stand.target(target).await.tries, 1);
    assert_ne!(stand.health("main").await, Health::NeedsReconnect);
}

/// Bluesky's channel makes its sessions by itself: there is nothing for a person to do when one ends.
#[tokio::test(start_paused = true)]
async fn a_session_that_ended_is_made_anew_and_holds_nothing() {
    let stand = Stand::<Bluesky>::start().await;
    stand.connect("main").await;
    stand.post("main", Duration::ZERO).await;
    stand.all_out(HOUR).await;
    for _ in 0..2 {
        // What is known of the new session is older than a minute by then.
        stand.runtime.sleep(10 * MINUTE).await;
        stand.platform().expire("main");
        let target = stand.post("main", Duration::ZERO).await;
        stand.all_out(HOUR).await;
        assert_eq!(stand.target(target).await.state, State::Published);
        assert_ne!(stand.health("main").await, Health::NeedsReconnect);
    }
    assert!(stand.calls().iter().any(|call| call.status == Some(400)), "an ended session was met");
    assert!(stand.ledger.pauses().await.unwrap().is_empty());
}

/// The answer of a post was lost, and its token has ended when it is looked for.
#[tokio::test(start_paused = true)]
async fn a_doubt_is_settled_after_the_token_that_ended_during_the_look() {
    for is_out in [true, false] {
        let stand = Stand::<X>::start().await;
        stand.connect("main").await;
        stand.runtime.sleep(10 * MINUTE).await;
        stand.cue(Cue::new(if is_out { End::CutAfter } else { End::CutBefore }).on("POST", "/2/tweets"));
        stand.cue(ends_at("GET", "/tweets", 1));
        let target = stand.post("main", Duration::ZERO).await;
        stand.all_out(6 * HOUR).await;
        let codes = stand.codes(target).await;
        assert!(codes.contains(&Code::TOKEN_PENDING), "out: {is_out}: a look met the ended token: {codes:?}");
        assert_eq!(stand.posts().len(), 1, "out: {is_out}");
        assert_eq!(stand.calls_to("POST", "/2/tweets"), if is_out { 1 } else { 2 });
        assert!(stand.calls_to("POST", "/oauth2/token") >= 1);
    }
}

/// TikTok still decides, and the token ends when it is asked for the verdict.
#[tokio::test(start_paused = true)]
async fn a_verdict_is_asked_for_again_after_the_token_that_ended_during_the_poll() {
    let stand = Stand::<TikTok>::giving(video(4096)).await;
    stand.set(|knobs| (knobs.processing_ms, knobs.moderation_ms) = (60_000, 0));
    stand.connect("main").await;
    stand.runtime.sleep(10 * MINUTE).await;
    stand.cue(ends_at("POST", "/status/fetch", 1));
    let content = Content { text: stand.text(), media: stand.media("v.mp4"), ..Content::default() };
    let target = stand.send("main", Duration::ZERO, content).await;
    stand.all_out(6 * HOUR).await;
    assert_eq!(stand.target(target).await.state, State::Published);
    assert_eq!(stand.publish_calls().len(), 1, "the video went up once");
    assert!(stand.calls().iter().any(|call| call.path.contains("/status/") && call.status == Some(401)));
    assert_eq!(stand.calls_to("POST", "/oauth/token"), 1, "{}", json!(stand.calls()));
}
