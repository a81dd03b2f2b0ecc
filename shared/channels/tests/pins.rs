//! Which bytes a target uses: the same on every try, on every worker, until it is over.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::{Duration, SystemTime};

use domain::{Code, Failure, Fix, Landed, Worth};
use image::{ImageFormat, RgbImage};
use kit::pinned::{Changing, Pinned, worker};
use oncepost_channels::{S3Options, Secret, StoreAt, Takes};
use testkit::S3;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A picture that tells itself from others, and is not small.
fn noise(seed: u32, side: u32, format: ImageFormat) -> Vec<u8> {
    let mut state = seed;
    let picture = RgbImage::from_fn(side, side, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn one() -> Vec<u8> {
    noise(1, 40, ImageFormat::Png)
}

fn two() -> Vec<u8> {
    noise(2, 40, ImageFormat::Png)
}

#[track_caller]
fn refused(failure: &Failure, why: &str) {
    let mend = Worth::AfterFix { fix: Fix::Content };
    assert_eq!((failure.code, failure.worth, failure.landed), (Code::MEDIA_REFUSED, mend, Landed::No), "{failure:?}");
    assert!(failure.said.text.contains(why), "{failure:?}");
}

#[tokio::test]
async fn x01_a_file_is_fetched_once_and_outlives_its_address() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    let first = pinned.open(&server.url()).await.unwrap();
    server.give(None);
    let second = pinned.open(&server.url()).await.unwrap();
    assert_eq!((first.sha256, server.asked()), (second.sha256, 1));
    assert_eq!(second.bytes().await.unwrap(), one());
    let handles = pinned.stand.target().handles;
    let pins: Vec<_> = handles.iter().filter(|(name, _)| name.starts_with("pin.")).collect();
    assert_eq!((pins.len(), pins[0].1), (1, &first.sha256.to_string()));
}

#[tokio::test]
async fn x01_other_bytes_at_the_address_do_not_slip_in() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    let first = pinned.open(&server.url()).await.unwrap();
    server.give(Some(two()));
    assert_eq!(pinned.open(&server.url()).await.unwrap().sha256, first.sha256);
}

#[tokio::test]
async fn x02_what_the_store_lost_is_fetched_again_and_must_be_the_same() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    let first = pinned.open(&server.url()).await.unwrap();
    pinned.prepare().await;
    pinned.lose();
    assert_eq!(pinned.open(&server.url()).await.unwrap().sha256, first.sha256);
    pinned.lose();
    server.give(Some(two()));
    refused(&pinned.open(&server.url()).await.unwrap_err(), "another file");
    server.give(None);
    let gone = pinned.open(&server.url()).await.unwrap_err();
    assert_eq!((gone.code, gone.worth), (Code::MEDIA_UNREACHABLE, Worth::Retry { not_before: None }));
    server.give(Some(one()));
    assert_eq!(pinned.open(&server.url()).await.unwrap().sha256, first.sha256, "and it mends itself");
}

#[tokio::test]
async fn x02_a_store_that_gives_other_bytes_than_it_got_is_not_believed() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    let first = pinned.open(&server.url()).await.unwrap();
    let name = first.sha256.to_string();
    let file = pinned.files().into_iter().find(|file| file.ends_with(&name)).unwrap();
    std::fs::write(&file, two()).unwrap();
    assert_eq!(pinned.open(&server.url()).await.unwrap().sha256, first.sha256);
    assert_eq!(server.asked(), 2);
    assert!(std::fs::read(file).unwrap() == one(), "the right bytes are back in their place");
}

#[tokio::test]
async fn what_nothing_has_used_yet_may_still_change() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    let first = pinned.open(&server.url()).await.unwrap();
    pinned.lose();
    server.give(Some(two()));
    let second = pinned.open(&server.url()).await.unwrap();
    assert_ne!(first.sha256, second.sha256);
    server.give(Some(one()));
    assert_eq!(pinned.open(&server.url()).await.unwrap().sha256, second.sha256);
}

#[tokio::test]
async fn all_targets_of_a_post_use_what_the_first_one_fetched() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    let first = pinned.open(&server.url()).await.unwrap();
    server.give(Some(two()));
    let other = Pinned { folder: tempfile::TempDir::new().unwrap(), ..Pinned::new() };
    let mut target = other.stand.target();
    target.post = pinned.stand.target().post;
    let mut call = oncepost_channels::Call::new(
        &target,
        &other.stand.draft,
        &other.stand.account,
        target.due_at,
        None,
        &other.stand,
    );
    let media = domain::Media { url: server.url(), alt: None };
    let second = pinned.worker().media().open(&mut call, &media, &[]).await.unwrap();
    assert_eq!((second.sha256, server.asked()), (first.sha256, 1));
    // Another post is another matter.
    let third = Pinned::new().open_with(&pinned.worker(), &server.url()).await.unwrap();
    assert_ne!(third.sha256, first.sha256);
}

#[tokio::test]
async fn a_file_that_is_refused_can_be_replaced_at_its_address() {
    const SMALL: &[Takes] = &[Takes::new(&["image/gif"], 9)];
    let (server, pinned) = (Changing::start(one()).await, Pinned { takes: SMALL, ..Pinned::new() });
    refused(&pinned.open(&server.url()).await.unwrap_err(), "image/png");
    server.give(Some(b"GIF89a\x01\0\x01".to_vec()));
    assert_eq!(pinned.open(&server.url()).await.unwrap().kind.mime, "image/gif");
}

#[tokio::test]
async fn a_variant_is_made_once_and_is_the_same_on_every_worker() {
    const JPEG: &[Takes] = &[Takes::new(&["image/jpeg"], 20_000)];
    let server = Changing::start(noise(1, 400, ImageFormat::WebP)).await;
    let pinned = Pinned { takes: JPEG, ..Pinned::new() };
    let first = pinned.open(&server.url()).await.unwrap();
    assert_eq!(first.kind.mime, "image/jpeg");
    assert!(first.size <= 20_000 && first.picture.is_some_and(|picture| picture.width <= 400), "{first:?}");
    assert_eq!(pinned.open(&server.url()).await.unwrap().sha256, first.sha256);
    // Even where it must be made again.
    pinned.lose();
    assert_eq!(pinned.open(&server.url()).await.unwrap().sha256, first.sha256);
    let variants = pinned.stand.target().handles.into_iter().filter(|(name, _)| name.ends_with(".variant"));
    assert_eq!(variants.map(|(_, hash)| hash).collect::<Vec<_>>(), [first.sha256.to_string()]);
}

#[tokio::test]
async fn x02_a_sweep_leaves_what_was_used_lately() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    let file = pinned.open(&server.url()).await.unwrap();
    let before = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let name = file.sha256.to_string();
    for path in pinned.files() {
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    }
    // Used again, it is young again; what the address gave is remembered by the target itself.
    pinned.open(&server.url()).await.unwrap();
    assert_eq!(pinned.worker().media().sweep(30 * DAY).await.unwrap(), 1);
    let left = pinned.files();
    assert!(left.len() == 1 && left[0].ends_with(&name), "{left:?}");
    std::fs::File::options().write(true).open(&left[0]).unwrap().set_modified(before).unwrap();
    assert_eq!(pinned.worker().media().sweep(30 * DAY).await.unwrap(), 1);
    assert_eq!(pinned.files(), Vec::<std::path::PathBuf>::new());
}

fn storage(s3: &S3) -> S3Options {
    S3Options {
        endpoint: Some(s3.url().parse().unwrap()),
        region: Some("here".into()),
        key: Some(("id".into(), Secret::new("hush"))),
        virtual_hosted: false,
        allow_http: true,
    }
}

#[tokio::test]
async fn a_bucket_is_a_store_that_workers_share() {
    let (server, pinned, s3) = (Changing::start(one()).await, Pinned::new(), S3::start().await);
    let bucket = || worker(StoreAt::S3(storage(&s3), "kept".into()));
    let first = pinned.open_with(&bucket(), &server.url()).await.unwrap();
    server.give(None);
    let second = pinned.open_with(&bucket(), &server.url()).await.unwrap();
    assert_eq!((first.sha256, second.bytes().await.unwrap()), (second.sha256, one().into()));
    assert!(s3.objects().iter().any(|(path, size)| path.ends_with(&first.sha256.to_string()) && *size == one().len()));
    s3.age(40 * DAY);
    assert_eq!(bucket().media().sweep(30 * DAY).await.unwrap(), 2);
    assert_eq!(s3.objects(), []);
}

#[tokio::test]
async fn a_large_file_goes_into_a_bucket_in_pieces() {
    let mut video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    video.resize(20 * 1024 * 1024 + 7, 3);
    let (server, pinned, s3) = (Changing::start(video.clone()).await, Pinned::new(), S3::start().await);
    let bucket = || worker(StoreAt::S3(storage(&s3), "kept".into()));
    let first = pinned.open_with(&bucket(), &server.url()).await.unwrap();
    let pieces =
        s3.calls().iter().filter(|call| call.ends_with(&first.sha256.to_string()) && call.starts_with("PUT")).count();
    assert_eq!(pieces, 5);
    let second = pinned.open_with(&bucket(), &server.url()).await.unwrap();
    assert_eq!((second.sha256, second.size, server.asked()), (first.sha256, video.len() as u64, 1));
}

#[tokio::test]
async fn a_store_that_is_away_is_our_trouble_and_costs_no_try() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    let file = pinned.folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    let failure = pinned.open_with(&worker(StoreAt::Folder(file)), &server.url()).await.unwrap_err();
    assert_eq!((failure.code, failure.worth), (Code::OWN_HICCUP, Worth::Retry { not_before: None }));
    assert_eq!(server.asked(), 0);
}
