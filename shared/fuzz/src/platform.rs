//! What platforms answer: an HTTP answer of any kind, and the first bytes of media.

use std::{collections::BTreeMap, io::Cursor};

use channels::{
    Account, Answer, Kind, Probe, Secret, Table, Takes, bluesky, discord, facebook, ghost, google_business, instagram,
    linkedin, mastodon, matrix, nostr, pinterest, reddit, slack, telegram, threads, tiktok, webhook, wordpress, x,
    youtube,
};
use domain::{Landed, OnDoubt, PlatformWords, Worth};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

const SECRET: &str = "hush-hush-secret";
/// Each channel, its table and one of its publish points.
pub(crate) const CHANNELS: [(&str, &Table, &str); 20] = [
    ("bluesky", &bluesky::TABLE, "put record"),
    ("discord", &discord::TABLE, "create message"),
    ("facebook", &facebook::TABLE, "publish post"),
    ("ghost", &ghost::TABLE, "publish draft"),
    ("google-business", &google_business::TABLE, "create local post"),
    ("instagram", &instagram::TABLE, "publish container"),
    ("linkedin", &linkedin::TABLE, "create post"),
    ("mastodon", &mastodon::TABLE, "create status"),
    ("matrix", &matrix::TABLE, "send event"),
    ("nostr", &nostr::TABLE, "send event"),
    ("pinterest", &pinterest::TABLE, "create pin"),
    ("reddit", &reddit::TABLE, "submit post"),
    ("slack", &slack::TABLE, "post message"),
    ("telegram", &telegram::TABLE, "send message"),
    ("threads", &threads::TABLE, "publish container"),
    ("tiktok", &tiktok::TABLE, "post pictures"),
    ("webhook", &webhook::TABLE, "deliver"),
    ("wordpress", &wordpress::TABLE, "publish draft"),
    ("x", &x::TABLE, "create post"),
    ("youtube", &youtube::TABLE, "make public"),
];

/// Whatever the answer says, judging it gives a failure that fits: short words, no secret in them, never earlier than now, and
/// at a publish point "surely not published" only by a row of the channel's table.
///
/// The first line is the status, the next ones are header fields, the rest after an empty line is the body.
pub fn answer(bytes: &[u8]) {
    let (head, body) = split(bytes);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(200);
    let headers: HeaderMap = lines.filter_map(header).collect();
    let account = account();
    for (_, table, step) in CHANNELS {
        for point in [true, false] {
            let answer = Answer {
                step,
                point,
                status,
                headers: headers.clone(),
                body: body.to_vec().into(),
                at: Timestamp::UNIX_EPOCH,
            };
            let failure = table.judge(&answer, &account);
            let row = table.row_of(&answer, &account);
            assert!(failure.landed != Landed::Yes);
            assert!(failure.landed == Landed::Unknown || !point || row.is_some(), "{failure:?}");
            assert!(failure.landed == Landed::No || point);
            assert!(failure.said.text.chars().count() <= PlatformWords::LONGEST);
            assert!(failure.said.code.as_ref().is_none_or(|code| code.chars().count() <= 100));
            assert!(!failure.said.text.contains(SECRET), "{failure:?}");
            assert!(matches!(failure.worth, Worth::Retry { .. }) || row.is_some());
            assert!(!failure.group().is_empty());
        }
    }
}

/// A file is known by its first bytes, or not at all; its headers say what is possible, whatever is in them.
pub fn media(bytes: &[u8]) {
    let Some(kind) = Kind::of(bytes) else { return };
    assert!(!kind.extension.is_empty() && bytes.len() >= 3);
    let Probe { picture, video } = Probe::of(kind, Cursor::new(bytes));
    assert!(picture.is_none() || kind.is_image());
    assert!(video.is_none() || !kind.is_image());
    assert!(picture.is_none_or(|picture| picture.width > 0 && picture.height > 0));
    assert!(video.is_none_or(|video| video.width > 0 && video.height > 0));
    let takes = Takes::new(Kind::PICTURES, 1000).across(2, 100).with_pixels(5000).shaped((1, 2), (2, 1)).lasting(1, 9);
    for misfit in takes.misfits(bytes.len() as u64, Probe { picture, video }) {
        assert!(!misfit.words().is_empty());
    }
}

pub(crate) fn split(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.windows(2).position(|two| two == b"\n\n");
    let (head, body) = end.map_or((bytes, &[][..]), |end| (&bytes[..end], &bytes[end + 2..]));
    (String::from_utf8_lossy(head).into_owned(), body)
}

pub(crate) fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().parse().ok()?, HeaderValue::from_bytes(value.trim().as_bytes()).ok()?))
}

fn account() -> Account {
    let name = "these are names";
    Account {
        tenant: "acme".parse().expect(name),
        channel: "webhook".parse().expect(name),
        id: "main".parse().expect(name),
        app: None,
        base_url: "https://example.org".parse().expect("this is an address"),
        secrets: [("token".to_owned(), Secret::new(SECRET))].into(),
        settings: BTreeMap::new(),
        on_doubt: OnDoubt::Park,
        rate: None,
        app_rate: None,
    }
}
