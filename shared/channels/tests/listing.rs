//! What channels list of an account: every post that is out, with the id that the publish gave and the words that the draft has; a copy
//! as a post of its own; and nothing that was taken down. For each channel that lists at all.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{Receipt, State};
use jiff::{SignedDuration, Timestamp};
use kit::{
    site::Place,
    stand::{Stand, says, thread},
};
use oncepost_channels::{Cut, Listed, ListedPost, Listing, Registry};

async fn listing(stand: &Stand, since: Timestamp) -> Listing {
    match stand.channel.list(&stand.account, since).await.unwrap() {
        Listed::Posts(listing) => listing,
        Listed::CannotTell(why) => panic!("{why}"),
    }
}

async fn posts(stand: &Stand) -> BTreeMap<String, ListedPost> {
    let hour_ago = stand.clock_now() - SignedDuration::from_hours(1);
    let listing = listing(stand, hour_ago).await;
    assert_eq!(listing.cut, None);
    let all = listing.posts.len();
    let by_id: BTreeMap<_, _> = listing.posts.into_iter().map(|post| (post.receipt.id.clone(), post)).collect();
    assert_eq!(by_id.len(), all, "each once");
    by_id
}

/// Publishes everything that the draft has.
async fn publish(place: &Place, stand: &Stand) -> Vec<Receipt> {
    stand.settle(|span| place.site.advance(span)).await;
    assert_eq!(stand.state(), State::Published, "{:?}", stand.target());
    stand.receipts()
}

/// Which of the draft's parts the listing is to show.
fn shown(stand: &Stand) -> Vec<usize> {
    let parts = 0..stand.channel.parts(&stand.draft);
    parts.filter(|part| stand.channel.is_listed(&stand.draft, &stand.account, *part)).map(usize::from).collect()
}

/// What docs/audit.md says of the channel: whether its posts are listed.
fn told(channel: &str) -> &'static str {
    const PAGE: &str = include_str!("../../../docs/audit.md");
    let head = format!("| {channel} | ");
    let row = PAGE.lines().find_map(|line| line.strip_prefix(&head));
    row.unwrap_or_else(|| panic!("docs/audit.md has no row of {channel}")).split(" |").next().unwrap()
}

async fn lists(place: Place, expected: usize) {
    assert_ne!(told(place.name), "no", "{}", place.name);
    let stand = place.stand(thread(&["hello https://a.example/x/ & more", "two", "three"]));
    let receipts = publish(&place, &stand).await;
    assert_eq!(shown(&stand).len(), expected, "as many parts are told as docs/audit.md says");
    let listed = posts(&stand).await;
    for part in shown(&stand) {
        let post = &listed[&receipts[part].id];
        let (part, at) = (u16::try_from(part).unwrap(), post.at);
        assert_eq!(post.wording, stand.channel.wording(&stand.draft, &stand.account, part), "part {part}");
        assert!(at.duration_since(stand.clock_now()).abs() < SignedDuration::from_hours(1), "{at}");
    }
    let later = listing(&stand, stand.clock_now() + SignedDuration::from_hours(2)).await;
    assert_eq!(later.posts, [], "nothing is as young as that");

    // By hand: the same words once more.
    let first = receipts[0].id.clone();
    let copy = match place.refuses_twins {
        true => place.site.stage().copy(&first).unwrap().id,
        false => publish(&place, &stand.another(stand.draft.0.clone())).await[0].id.clone(),
    };
    place.site.advance(Duration::from_secs(60));
    let listed = posts(&stand).await;
    assert_ne!(copy, first);
    assert_eq!(listed[&copy].wording, stand.channel.wording(&stand.draft, &stand.account, 0));

    place.site.stage().delete(&copy).unwrap();
    let listed = posts(&stand).await;
    assert!(!listed.contains_key(&copy) && (expected == 0 || listed.contains_key(&first)));
}

async fn tells_nothing(place: Place) {
    let listed = ["discord", "linkedin", "slack", "tiktok"].contains(&place.name);
    assert_eq!(told(place.name) == "no", !listed, "{} lists of some accounts", place.name);
    let stand = place.stand(says("hello"));
    publish(&place, &stand).await;
    let told = stand.channel.list(&stand.account, Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(matches!(&told, Listed::CannotTell(why) if !why.is_empty()), "{told:?}");
}

/// The places that list, with how many parts of a thread of three are told.
macro_rules! tests {
    ($($check:ident($place:ident $(, $parts:literal)?);)*) => {$(
        #[tokio::test]
        async fn $place() {
            $check(Place::$place().await $(, $parts)?).await;
        }
    )*};
}

tests! {
    lists(bluesky, 3);
    lists(discord, 3);
    lists(facebook, 1);
    lists(facebook_at_once, 1);
    lists(google_business, 1);
    lists(instagram, 1);
    lists(linkedin_page, 1);
    lists(mastodon, 3);
    lists(mastodon_without_keys, 3);
    lists(matrix, 3);
    lists(pinterest, 1);
    lists(reddit, 3);
    lists(slack, 1);
    lists(threads, 3);
    lists(x, 3);
    lists(youtube, 1);
    tells_nothing(discord_without_history);
    tells_nothing(discord_webhook);
    tells_nothing(ghost);
    tells_nothing(linkedin);
    tells_nothing(nostr);
    tells_nothing(slack_without_history);
    tells_nothing(slack_webhook);
    tells_nothing(telegram);
    tells_nothing(tiktok_photos);
    tells_nothing(webhook);
    tells_nothing(wordpress);
}

/// Public posts only are listed, and moderated ones later: what is missing may be out all the same.
#[tokio::test]
async fn tiktok() {
    lists(Place::tiktok().await, 0).await;
}

#[test]
fn every_channel_is_told_of() {
    for name in Registry::all(kit::http(Arc::default())).names() {
        told(name);
    }
}

#[tokio::test]
async fn a_listing_that_is_too_long_says_how_far_it_was_read() {
    let place = Place::mastodon().await;
    let first = place.stand(says("the first"));
    publish(&place, &first).await;
    let id = first.receipts()[0].id.clone();
    for _ in 0..400 {
        place.site.stage().copy(&id).unwrap();
    }
    let listing = listing(&first, first.clock_now() - SignedDuration::from_hours(1)).await;
    assert_eq!(listing.posts.len(), 400);
    let oldest = listing.posts.iter().map(|post| post.at).min();
    assert_eq!(listing.cut, oldest.map(Cut::Before));
    assert!(listing.posts.iter().all(|post| post.receipt.id != id), "the oldest is not among them");
}

#[tokio::test]
async fn a_platform_that_cannot_be_asked_is_no_empty_listing() {
    let place = Place::mastodon().await;
    let stand = place.stand(says("hello"));
    place.site.cue(testkit::Cue::new(testkit::End::Outage).on("GET", "statuses"));
    stand.channel.list(&stand.account, Timestamp::UNIX_EPOCH).await.unwrap_err();
}
