//! Which bytes a target uses: the same on every try, on every worker, until it is over.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use domain::{Code, Failure, Fix, Landed, Media, Worth};
use image::{ImageFormat, RgbImage};
use kit::pinned::{Changing, Pinned, worker};
use oncepost_channels::{Call, Http, HttpOptions, MediaOptions, Record as _, S3Options, Secret, StoreAt, Takes};
use testkit::S3;

const VARIANT: &str = ".variant";
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

/// What the target has pinned: handles and hashes.
fn pins(pinned: &Pinned) -> Vec<(String, String)> {
    pinned.stand.target().handles.into_iter().filter(|(name, _)| name.starts_with("pin.")).collect()
}

/// The store loses the pinned file, and keeps what was made of it.
fn lose_original(pinned: &Pinned) {
    let (_, hash) = pins(pinned).into_iter().find(|(name, _)| !name.ends_with(VARIANT)).unwrap();
    let path = pinned.files().into_iter().find(|path| path.ends_with(&hash)).unwrap();
    std::fs::remove_file(path).unwrap();
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
    let pins = pins(&pinned);
    assert_eq!((pins.len(), &pins[0].1), (1, &first.sha256.to_string()));
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
    assert!(gone.said.text.contains(&format!("({}): ", server.url())), "it says where: {gone:?}");
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
    let mut call = Call::new(&target, &other.stand.draft, &other.stand.account, target.due_at, None, &other.stand);
    let media = Media { url: server.url(), alt: None };
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
    let variants = pins(&pinned).into_iter().filter(|(name, _)| name.ends_with(VARIANT));
    assert_eq!(variants.map(|(_, hash)| hash).collect::<Vec<_>>(), [first.sha256.to_string()]);
}

#[tokio::test]
async fn x01_what_was_made_of_another_file_does_not_go_out_under_the_new_files_pin() {
    const JPEG: &[Takes] = &[Takes::new(&["image/jpeg"], 20_000)];
    let server = Changing::start(noise(1, 200, ImageFormat::WebP)).await;
    let pinned = Pinned { takes: JPEG, ..Pinned::new() };
    let first = pinned.open(&server.url()).await.unwrap();
    lose_original(&pinned);
    server.give(Some(noise(2, 200, ImageFormat::WebP)));
    let second = pinned.open(&server.url()).await.unwrap();
    assert_ne!(second.sha256, first.sha256);
    // What is new fits as it is: nothing is left of what was made before.
    lose_original(&pinned);
    server.give(Some(noise(3, 40, ImageFormat::Jpeg)));
    let third = pinned.open(&server.url()).await.unwrap();
    assert_eq!(pins(&pinned).into_iter().map(|(_, hash)| hash).collect::<Vec<_>>(), [third.sha256.to_string()]);
}

#[tokio::test]
async fn x01_a_variant_that_comes_out_otherwise_does_not_slip_in() {
    const JPEG: &[Takes] = &[Takes::new(&["image/jpeg"], 20_000)];
    let server = Changing::start(noise(1, 200, ImageFormat::WebP)).await;
    let pinned = Pinned { takes: JPEG, ..Pinned::new() };
    let made = pinned.open(&server.url()).await.unwrap();
    // As by another version, which made another picture of it, and of which the store has nothing any more.
    let (name, _) = pins(&pinned).into_iter().find(|(name, _)| name.ends_with(VARIANT)).unwrap();
    let others = [(name, "ab".repeat(32))];
    pinned.stand.keep(others.clone().into()).await.unwrap();
    assert_eq!(pinned.open(&server.url()).await.unwrap().sha256, made.sha256, "nothing has begun");
    pinned.stand.keep(others.clone().into()).await.unwrap();
    pinned.prepare().await;
    refused(&pinned.open(&server.url()).await.unwrap_err(), "edit the post");
    assert!(pins(&pinned).contains(&others[0]), "the pin stands");
    pinned.part_out().await;
    refused(&pinned.open(&server.url()).await.unwrap_err(), "cancel the rest");
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

fn make_old(path: &std::path::Path) {
    let before = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(before).unwrap();
}

#[tokio::test]
async fn a_sweep_of_a_folder_removes_what_is_ours_and_nothing_else() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    let hash = pinned.open(&server.url()).await.unwrap().sha256.to_string();
    let place = format!("files/{}/{hash}", &hash[..2]);
    let theirs = ["report.pdf", "files/list.txt", "files/aa/photo.png", "given/names.txt", "backup/files/aa/x", "x#1"];
    for name in theirs.into_iter().chain([format!("{place}#1"), format!("{place}#2")].iter().map(String::as_str)) {
        let path = pinned.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    for path in pinned.files().into_iter().filter(|path| !path.ends_with(format!("{place}#2"))) {
        make_old(&path);
    }
    // The file, what the address gave, and what a killed worker had begun to write. Another may still be at the second.
    assert_eq!(pinned.worker().media().sweep(30 * DAY).await.unwrap(), 3);
    let mut left: Vec<_> = pinned.files();
    let mut wanted: Vec<_> = theirs.iter().map(|name| pinned.folder.path().join(name)).collect();
    wanted.push(pinned.folder.path().join(format!("{place}#2")));
    left.sort();
    wanted.sort();
    assert_eq!(left, wanted);
}

#[tokio::test]
async fn a_sweep_of_a_bucket_removes_what_is_ours_and_nothing_else() {
    let (server, pinned, s3) = (Changing::start(one()).await, Pinned::new(), S3::start().await);
    let bucket = worker(StoreAt::S3(storage(&s3), "kept".into()));
    pinned.open_with(&bucket, &server.url()).await.unwrap();
    let theirs = ["backup.tar", "files/list.txt", "files/aa/photo.png", "given/names.txt"];
    for name in theirs {
        s3.put("kept", name, "x");
    }
    s3.put("other", "x", "x");
    s3.age(40 * DAY);
    assert_eq!(bucket.media().sweep(30 * DAY).await.unwrap(), 2);
    let left: Vec<_> = s3.objects().into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        left,
        ["kept/backup.tar", "kept/files/aa/photo.png", "kept/files/list.txt", "kept/given/names.txt", "other/x"]
    );
}

#[tokio::test]
async fn a_sweep_goes_on_after_what_cannot_be_removed_and_tells_of_it() {
    let (server, pinned, s3) = (Changing::start(one()).await, Pinned::new(), S3::start().await);
    let bucket = worker(StoreAt::S3(storage(&s3), "kept".into()));
    pinned.open_with(&bucket, &server.url()).await.unwrap();
    s3.age(40 * DAY);
    s3.refuse("DELETE kept/files/");
    assert_eq!(bucket.media().sweep(30 * DAY).await.unwrap_err().code, Code::OWN_HICCUP);
    let left = s3.objects();
    assert!(left.len() == 1 && left[0].0.starts_with("kept/files/"), "{left:?}");
}

#[tokio::test]
async fn a_file_is_pinned_before_it_is_stored_so_that_the_next_try_only_has_to_store_it() {
    let (server, pinned, s3) = (Changing::start(one()).await, Pinned::new(), S3::start().await);
    s3.refuse("PUT kept/");
    let bucket = worker(StoreAt::S3(storage(&s3), "kept".into()));
    for _ in 0..2 {
        assert_eq!(pinned.open_with(&bucket, &server.url()).await.unwrap_err().code, Code::OWN_HICCUP);
    }
    assert_eq!((pins(&pinned).len(), server.asked()), (1, 1));
    // Whatever the address gives by then.
    server.give(Some(two()));
    s3.allow();
    assert_eq!(pinned.open_with(&bucket, &server.url()).await.unwrap().bytes().await.unwrap(), one());
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

/// A worker that gives platforms addresses of its bucket.
fn serving(s3: &S3) -> Http {
    let store = StoreAt::S3(storage(s3), "kept".into());
    let media = MediaOptions { allow_private: true, serve: true, store, ..MediaOptions::default() };
    Http::new(HttpOptions { media, ..HttpOptions::default() }, kit::runtime(Arc::default())).unwrap()
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
async fn a_platform_that_fetches_itself_gets_the_pinned_variant_from_the_bucket() {
    const JPEG: &[Takes] = &[Takes::new(&["image/jpeg"], 20_000)];
    let server = Changing::start(noise(1, 200, ImageFormat::WebP)).await;
    let (pinned, s3) = (Pinned { takes: JPEG, ..Pinned::new() }, S3::start().await);
    let http = serving(&s3);
    let target = pinned.stand.target();
    let (draft, account) = (&pinned.stand.draft, &pinned.stand.account);
    let mut call = Call::new(&target, draft, account, target.due_at, None, &pinned.stand);
    let wanted = Media { url: server.url(), alt: None };
    let served = http.media().served(&mut call, &wanted, JPEG).await.unwrap();
    assert_eq!(served.kind.mime, "image/jpeg");
    assert!(served.address.starts_with(&s3.url()) && !served.address.contains("hush"), "{}", served.address);
    server.give(None);
    let file = http.media().fetch(&served.address).await.unwrap();
    assert_eq!((file.kind.mime, file.size <= 20_000), ("image/jpeg", true));
    // Without it, the platform gets the post's own address, and no bucket's.
    let plain = pinned.worker();
    let served =
        plain.media().served(&mut call, &Media { url: "https://a.example/x.mp4".into(), alt: None }, JPEG).await;
    assert_eq!(served.unwrap().address, "https://a.example/x.mp4");
    let bucket = Media { url: "s3://media/x.jpg".into(), alt: None };
    let failure = plain.media().served(&mut call, &bucket, JPEG).await.unwrap_err();
    assert_eq!(failure.code, Code::BAD_MEDIA_URL);
}

#[tokio::test]
async fn a_platform_is_given_no_address_of_a_file_that_the_store_has_lost() {
    let (server, pinned, s3) = (Changing::start(one()).await, Pinned::new(), S3::start().await);
    let http = serving(&s3);
    let wanted = Media { url: server.url(), alt: None };
    for _ in 0..2 {
        let target = pinned.stand.target();
        let mut call =
            Call::new(&target, &pinned.stand.draft, &pinned.stand.account, target.due_at, None, &pinned.stand);
        let served = http.media().served(&mut call, &wanted, &[]).await.unwrap();
        assert_eq!(http.media().fetch(&served.address).await.unwrap().bytes().await.unwrap(), one());
        // The worker still has it at hand.
        s3.clear();
    }
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn an_edit_is_not_proposed_where_it_would_be_refused() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    pinned.open(&server.url()).await.unwrap();
    pinned.prepare().await;
    pinned.lose();
    server.give(Some(two()));
    refused(
        &pinned.open(&server.url()).await.unwrap_err(),
        "edit the post to use the new one, or put the old one back",
    );
    pinned.part_out().await;
    refused(&pinned.open(&server.url()).await.unwrap_err(), "put the old one back and retry, or cancel the rest");
}

/// A video that is stored in five pieces.
fn large() -> Vec<u8> {
    let mut video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    video.resize(20 * 1024 * 1024 + 7, 3);
    video
}

#[tokio::test]
async fn the_pieces_of_a_file_that_could_not_be_stored_are_thrown_away() {
    let (server, pinned, s3) = (Changing::start(large()).await, Pinned::new(), S3::start().await);
    s3.refuse("PUT kept/files/");
    let bucket = worker(StoreAt::S3(storage(&s3), "kept".into()));
    assert_eq!(pinned.open_with(&bucket, &server.url()).await.unwrap_err().code, Code::OWN_HICCUP);
    let calls = s3.calls();
    assert_eq!(calls.iter().filter(|call| call.starts_with("DELETE kept/files/")).count(), 1, "{calls:?}");
}

#[tokio::test]
async fn a_large_file_goes_into_a_bucket_in_pieces() {
    let video = large();
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

#[tokio::test]
async fn x02_whoever_looks_ahead_is_told_what_is_gone_and_what_is_kept_all_the_same() {
    let (server, pinned) = (Changing::start(one()).await, Pinned::new());
    let (url, within) = (server.url(), Duration::from_secs(5));
    let (fresh, media) = (pinned.stand.target(), pinned.worker().media().clone());
    media.reach(&url, within).await.unwrap();
    assert!(!media.keeps(&fresh, &url).await.unwrap(), "to ask is not to fetch");
    pinned.open(&url).await.unwrap();
    server.give(None);
    let gone = media.reach(&url, within).await.unwrap_err();
    assert_eq!((gone.code, gone.said.status), (Code::MEDIA_UNREACHABLE, Some(404)));
    assert!(media.keeps(&pinned.stand.target(), &url).await.unwrap());
    assert!(media.keeps(&fresh, &url).await.unwrap(), "another target of the post may have fetched it");
    assert!(!media.keeps(&fresh, "https://a.example/other").await.unwrap());
    lose_original(&pinned);
    assert!(!media.keeps(&pinned.stand.target(), &url).await.unwrap());
}
