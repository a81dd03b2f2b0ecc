//! What holds for every channel, whatever its platform: the same scripted exchanges against each of them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{AttemptKind, Code, Content, Failure, Finding, Landed, ListReason, Scope, State, Worth};
use kit::{
    servers::{files, png},
    site::Place,
    stand::{Stand, picture, says, thread},
};
use serde_json::json;
use testkit::{Answer, Cue, End};

/// One test per channel for each exchange, and per kind of account where these differ in what they offer against repeats.
macro_rules! for_every_channel {
    ($($(#[$doc:meta])* async fn $name:ident($place:ident: Place) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn exchange($place: Place) $body

            #[tokio::test]
            async fn bluesky() {
                exchange(Place::bluesky().await).await;
            }

            #[tokio::test]
            async fn facebook() {
                exchange(Place::facebook().await).await;
            }

            #[tokio::test]
            async fn facebook_at_once() {
                exchange(Place::facebook_at_once().await).await;
            }

            #[tokio::test]
            async fn ghost() {
                exchange(Place::ghost().await).await;
            }

            #[tokio::test]
            async fn google_business() {
                exchange(Place::google_business().await).await;
            }

            #[tokio::test]
            async fn linkedin() {
                exchange(Place::linkedin().await).await;
            }

            #[tokio::test]
            async fn linkedin_page() {
                exchange(Place::linkedin_page().await).await;
            }

            #[tokio::test]
            async fn instagram() {
                exchange(Place::instagram().await).await;
            }

            #[tokio::test]
            async fn mastodon() {
                exchange(Place::mastodon().await).await;
            }

            #[tokio::test]
            async fn mastodon_without_keys() {
                exchange(Place::mastodon_without_keys().await).await;
            }

            #[tokio::test]
            async fn matrix() {
                exchange(Place::matrix().await).await;
            }

            #[tokio::test]
            async fn nostr() {
                exchange(Place::nostr().await).await;
            }

            #[tokio::test]
            async fn discord() {
                exchange(Place::discord().await).await;
            }

            #[tokio::test]
            async fn discord_without_history() {
                exchange(Place::discord_without_history().await).await;
            }

            #[tokio::test]
            async fn discord_webhook() {
                exchange(Place::discord_webhook().await).await;
            }

            #[tokio::test]
            async fn slack() {
                exchange(Place::slack().await).await;
            }

            #[tokio::test]
            async fn slack_without_history() {
                exchange(Place::slack_without_history().await).await;
            }

            #[tokio::test]
            async fn slack_webhook() {
                exchange(Place::slack_webhook().await).await;
            }

            #[tokio::test]
            async fn pinterest() {
                exchange(Place::pinterest().await).await;
            }

            #[tokio::test]
            async fn telegram() {
                exchange(Place::telegram().await).await;
            }

            #[tokio::test]
            async fn reddit() {
                exchange(Place::reddit().await).await;
            }

            #[tokio::test]
            async fn threads() {
                exchange(Place::threads().await).await;
            }

            #[tokio::test]
            async fn tiktok() {
                exchange(Place::tiktok().await).await;
            }

            #[tokio::test]
            async fn tiktok_photos() {
                exchange(Place::tiktok_photos().await).await;
            }

            #[tokio::test]
            async fn webhook() {
                exchange(Place::webhook().await).await;
            }

            #[tokio::test]
            async fn webhook_without_ids() {
                exchange(Place::webhook_without_ids().await).await;
            }

            #[tokio::test]
            async fn wordpress() {
                exchange(Place::wordpress().await).await;
            }

            #[tokio::test]
            async fn x() {
                exchange(Place::x().await).await;
            }

            #[tokio::test]
            async fn youtube() {
                exchange(Place::youtube().await).await;
            }
        }
    )*};
}

/// One attempt under `cue`, which must fail.
async fn failing(place: &Place, stand: &Stand, cue: Cue) -> Failure {
    place.site.cue(cue);
    let failure = stand.attempt().await.failure.expect("a failure");
    let shown = format!("{failure:?}");
    for secret in stand.account.secrets.values() {
        assert!(!shown.contains(secret.reveal()), "{shown}");
    }
    failure
}

/// Waits for the end of a doubt: what is out is out once, and where nobody else can tell a person is asked, not the platform.
async fn rests(place: &Place, stand: &Stand, most: usize) {
    let calls = place.site.publish_calls();
    stand.settle(|span| place.site.advance(span)).await;
    assert_eq!(place.site.stage().duplicates().len(), 0);
    let posts = place.site.posts().len();
    if place.asks_person {
        assert_eq!(stand.state(), State::InDoubt);
        assert_eq!(stand.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
        assert_eq!(place.site.publish_calls(), calls, "nothing is sent again");
    } else {
        assert_eq!((stand.state(), posts), (State::Published, most));
    }
}

/// The doubt is settled by itself, or by nobody but a person, and what is out is out once.
async fn settles(place: &Place, stand: &Stand) {
    assert_eq!(stand.state(), State::InDoubt);
    if place.asks_person {
        return rests(place, stand, 1).await;
    }
    let attempts = stand.settle(|span| place.site.advance(span)).await;
    assert_eq!(stand.state(), State::Published, "{attempts:?}");
    let first = if place.looks { AttemptKind::Look } else { AttemptKind::Repeat };
    assert_eq!(attempts[0].kind, first, "{attempts:?}");
    assert_eq!(place.site.posts().len(), 1);
    assert!(stand.receipts().iter().all(|receipt| receipt.is_proof()));
}

/// A twin that the platform refuses never takes the first one's post for its own, and is not sent again and again.
async fn twins_are_refused(place: &Place, first: &Stand, twin: &Stand) {
    let failure = twin.attempt().await.failure.expect("a refusal");
    assert_eq!((failure.code, failure.landed), (Code::DUPLICATE_REFUSED, Landed::Unknown), "{failure:?}");
    twin.taken.lock().unwrap().push(first.receipts()[0].id.clone());
    twin.settle(|span| place.site.advance(span)).await;
    assert_eq!((place.site.posts().len(), place.site.publish_calls()), (1, 2));
    assert_eq!((twin.state(), twin.receipts()), (State::InDoubt, vec![]));
    assert_eq!(twin.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
}

/// The failure says "in doubt", the platform has made so many posts, and in the end there is one.
async fn in_doubt(place: Place, cue: Cue, code: Code, landed: usize) {
    let stand = place.stand(says("once"));
    let failure = failing(&place, &stand, cue).await;
    assert_eq!((failure.code, failure.landed, failure.scope), (code, Landed::Unknown, Scope::Channel), "{failure:?}");
    assert!(matches!(failure.worth, Worth::Retry { .. }));
    assert_eq!((place.site.posts().len(), place.site.publish_calls()), (landed, 1));
    settles(&place, &stand).await;
}

fn answered(status: u16, kind: &str, body: &str) -> Answer {
    Answer::text(status, kind, body)
}

for_every_channel! {
    async fn a_post_goes_out_with_the_platforms_id(place: Place) {
        let stand = place.stand(says("hello"));
        assert_eq!(stand.attempt().await.failure, None);
        assert_eq!(stand.state(), State::Published);
        let posts = place.site.posts();
        assert_eq!((posts.len(), place.site.publish_calls()), (1, 1));
        assert_eq!((posts[0].text.as_str(), stand.receipts()[0].id == posts[0].id), ("hello", place.names_posts));
        let url = stand.receipts()[0].url.clone();
        assert_eq!(url.is_some_and(|url| url.starts_with("https://")), place.names_posts);
    }

    async fn a_thread_goes_out_whole_and_in_order(place: Place) {
        let stand = place.stand(thread(&["one", "two", "three"]));
        let parts = stand.channel.parts(&stand.draft);
        assert_eq!(stand.attempt().await.failure, None);
        assert_eq!((stand.state(), stand.receipts().len()), (State::Published, usize::from(parts)));
        let texts: Vec<_> = place.site.posts().into_iter().map(|post| post.text).collect();
        if place.joins {
            let said: Vec<_> = texts.iter().flat_map(|text| text.split_whitespace()).collect();
            assert_eq!((texts.len(), said), (1, vec!["one", "two", "three"]));
        } else {
            assert_eq!(texts, ["one", "two", "three"][..usize::from(parts)]);
        }
    }

    async fn d15_a_thread_goes_on_where_it_stopped(place: Place) {
        let stand = place.stand(thread(&["one", "two", "three"]));
        let parts = stand.channel.parts(&stand.draft);
        place.site.cue(Cue::new(End::CutAfter).nth(u64::from(parts.min(2))));
        assert_eq!(stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
        rests(&place, &stand, usize::from(parts)).await;
    }

    async fn a_picture_goes_out_with_the_text(place: Place) {
        let file = files((place.file)()).await;
        let stand = place.stand(picture("look", &file.url()));
        if !place.takes_pictures {
            let failure = stand.attempt().await.failure.expect("a refusal");
            assert_eq!((failure.code, failure.landed, place.site.publish_calls()), (Code::MEDIA_REFUSED, Landed::No, 0));
            return;
        }
        assert_eq!(stand.attempt().await.failure, None);
        if place.pictures_later {
            // Accepted is not published: that takes the platform's id.
            assert_eq!((stand.state(), stand.receipts().len()), (State::Processing, 0));
            stand.settle(|span| place.site.advance(span)).await;
            assert!(stand.receipts()[0].is_proof());
        }
        assert_eq!((stand.state(), place.site.posts().len()), (State::Published, 1));
        if place.pictures_later {
            return;
        }
        let native = place.site.posts()[0].native.to_string();
        assert!(native.contains("a pixel") == place.describes, "the description is there: {native}");
    }

    async fn media_that_cannot_be_had_are_the_posts_matter_and_nothing_is_sent(place: Place) {
        let gone = files(png()).await;
        let stand = place.stand(picture("look", &gone.url()));
        drop(gone);
        match stand.attempt().await.failure {
            Some(failure) => {
                assert_eq!((failure.code, failure.landed, failure.scope), (Code::MEDIA_UNREACHABLE, Landed::No, Scope::Post));
                assert_eq!(place.site.publish_calls(), 0);
            }
            // A channel that passes addresses on has nothing to fetch.
            None => assert_eq!(place.name, "webhook"),
        }
    }

    async fn t06_credentials_that_are_not_accepted_hold_the_account(place: Place) {
        let stand = place.stand(says("x"));
        let failure = failing(&place, &stand, place.unauthorized.clone()).await;
        assert_eq!((failure.code, failure.landed, failure.scope), (Code::TOKEN_REVOKED, Landed::No, Scope::Account));
        assert!(failure.holds_siblings() && !failure.said.text.is_empty() && failure.said.status == place.status(&place.unauthorized));
        assert_eq!((stand.state(), place.site.posts().len()), (State::Failed, 0));
    }

    async fn t07_a_missing_permission_is_no_dead_token(place: Place) {
        let stand = place.stand(says("x"));
        let failure = failing(&place, &stand, place.forbidden.clone()).await;
        assert_eq!((failure.code, failure.landed, failure.scope), (Code::PERMISSION_MISSING, Landed::No, Scope::Account));
        assert!(failure.holds_siblings() && failure.said.status == place.status(&place.forbidden));
        assert_eq!(place.site.posts().len(), 0);
    }

    async fn credentials_that_have_ended_hold_the_account_until_they_work_again(place: Place) {
        let stand = place.stand(says("x"));
        place.site.expire();
        let asked = stand.channel.check_credentials(&stand.account).await;
        if place.renews {
            assert!(asked.is_ok(), "a new one is had without anybody: {asked:?}");
        } else {
            assert!(asked.is_err() || !place.tells_credentials, "{asked:?}");
            // Ghost's tokens are made for one call: the next has another one, and nobody need mend anything.
            let is_for_one_call = place.name == "ghost";
            place.site.expire();
            let failure = stand.attempt().await.failure.expect("a refusal");
            assert!(failure.holds_siblings() != is_for_one_call && failure.scope == Scope::Account, "{failure:?}");
            assert_eq!(place.site.posts().len(), 0);
        }
        place.site.restore();
        let standing = stand.channel.check_credentials(&stand.account).await.unwrap();
        assert_eq!(standing.unknown, !place.tells_credentials && place.name != "nostr", "{standing:?}");
        assert_eq!(stand.another(place.content(says("y"))).attempt().await.failure, None);
        assert_eq!(place.site.posts().len(), 1);
    }

    async fn r02_o06_a_rate_limit_waits_as_long_as_told_and_costs_nothing(place: Place) {
        let stand = place.stand(says("x"));
        let told = place.site.stage().now().as_second() + 120;
        let failure = failing(&place, &stand, place.limited(120)).await;
        assert_eq!((failure.code, failure.landed, failure.scope), (Code::RATE_LIMITED_ACCOUNT, Landed::No, Scope::Account));
        assert_eq!(failure.not_before().is_some_and(|at| at.as_second() >= told), place.says_when, "{failure:?}");
        assert_eq!((stand.state(), stand.target().tries), (State::Retrying, 0));
        assert!(stand.target().next_at >= failure.not_before());
        stand.settle(|span| place.site.advance(span)).await;
        assert_eq!((stand.state(), place.site.posts().len()), (State::Published, 1));
    }

    async fn d14_a_server_error_before_the_commit_is_in_doubt(place: Place) {
        let cue = Cue::refuse(500, &json!({"error": "InternalServerError", "message": "Internal Server Error"}));
        in_doubt(place, cue, Code::ERROR_AFTER_SEND, 0).await;
    }

    async fn d14_a_server_error_after_the_commit_is_in_doubt(place: Place) {
        in_doubt(place, Cue::say(504, &json!({"error": "upstream timed out"})), Code::ERROR_AFTER_SEND, 1).await;
    }

    async fn d03_a_connection_cut_before_the_commit_is_in_doubt(place: Place) {
        in_doubt(place, Cue::new(End::CutBefore), Code::NO_ANSWER, 0).await;
    }

    async fn d03_a_connection_cut_after_the_commit_is_in_doubt(place: Place) {
        in_doubt(place, Cue { reset: true, ..Cue::new(End::CutAfter) }, Code::NO_ANSWER, 1).await;
    }

    async fn d18_a_slow_answer_is_in_doubt(place: Place) {
        in_doubt(place, Cue::default().slow_after(Duration::from_secs(60)), Code::NO_ANSWER, 1).await;
    }

    async fn half_an_answer_of_success_is_in_doubt(place: Place) {
        if place.id_in_header {
            // There is no body to be broken off.
            let stand = place.stand(says("once"));
            place.site.cue(Cue::new(End::Malformed));
            assert_eq!(stand.attempt().await.failure, None);
            return assert_eq!((stand.state(), place.site.posts().len()), (State::Published, 1));
        }
        in_doubt(place, Cue::new(End::Malformed), Code::NO_PROOF, 1).await;
    }

    async fn an_outage_page_is_in_doubt(place: Place) {
        in_doubt(place, Cue::new(End::Outage), Code::ERROR_AFTER_SEND, 0).await;
    }

    async fn an_outage_page_with_a_status_of_success_is_in_doubt(place: Place) {
        let page = answered(200, "text/html", "<html><body><h1>We'll be back soon</h1></body></html>");
        in_doubt(place, Cue::new(End::Refuse(page)), Code::NO_PROOF, 0).await;
    }

    async fn o10_m16_success_without_an_id_is_in_doubt(place: Place) {
        let cue = Cue::say(200, &place.without_id);
        in_doubt(place, cue, Code::NO_PROOF, 1).await;
    }

    async fn d01_a_refusal_that_nobody_knows_is_in_doubt(place: Place) {
        in_doubt(place, Cue::new(End::Say(answered(418, "text/plain", "teapot"))), Code::UNCLEAR_ANSWER, 1).await;
    }

    async fn o03_an_unreachable_platform_is_tried_again_and_nobody_is_in_doubt(place: Place) {
        let mut stand = place.stand(says("x"));
        stand.account.base_url = "http://127.0.0.1:1/".parse().unwrap();
        let failure = stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed, failure.scope), (Code::UNREACHABLE, Landed::No, Scope::Channel));
        assert_eq!(stand.state(), State::Retrying);
    }

    async fn the_clear_is_not_for_credentials(place: Place) {
        let mut stand = place.stand(says("x"));
        stand.account.base_url.set_host(Some("platform.example")).unwrap();
        let failure = stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed), (Code::APP_MISCONFIGURED, Landed::No));
    }

    async fn m08_a_worker_that_died_after_sending_leaves_one_post(place: Place) {
        let stand = Arc::new(place.stand(says("once")));
        place.site.cue(Cue { hold_after: true, ..Cue::default() });
        let dying = stand.clone();
        // The attempt ends with the worker: nothing of what it did after the call is recorded.
        let worker = stand.http.runtime().spawn(async move { dying.attempt().await });
        place_until(&place, 1).await;
        worker.abort();
        place.site.stage().release();
        rests(&place, &stand, 1).await;
    }

    async fn a_look_before_anything_was_sent_finds_nothing(place: Place) {
        let stand = place.stand(says("x"));
        let finding = stand.find(0).await.unwrap();
        assert!(matches!(finding, Finding::Absent | Finding::CannotTell(_)), "{finding:?}");
    }

    async fn d20_what_looks_alike_is_still_two_posts(place: Place) {
        let stand = place.stand(says("good morning"));
        stand.attempt().await;
        let twin = stand.another(place.content(says("good morning")));
        if place.refuses_twins {
            return twins_are_refused(&place, &stand, &twin).await;
        }
        assert_eq!(twin.attempt().await.failure, None);
        assert_eq!(place.site.posts().len(), 2);
        assert_ne!(stand.receipts()[0].id, twin.receipts()[0].id);
    }

    async fn nothing_to_say_is_refused_before_it_is_sent(place: Place) {
        let stand = place.stand(Content::default());
        let codes: Vec<_> = stand.channel.check(&stand.draft).into_iter().map(|objection| objection.code).collect();
        // One or more things may be missed, and no more is wrong than that.
        assert!(!codes.is_empty() && codes.iter().all(|code| *code == Code::NOTHING_TO_SAY), "{codes:?}");
    }
}

/// Waits until the platform has made so many posts.
async fn place_until(place: &Place, posts: usize) {
    place.site.stage().until(|stage| stage.posts().len() == posts).await;
}
