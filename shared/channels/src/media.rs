//! Pictures and videos: fetched once, looked at, kept until the post is out. All of it may be repeated freely.
//!
//! Posts come from outside, so their addresses are not trusted: no address of a private network is ever connected to,
//! whatever name or redirect leads there, and what a file is, is read from its first bytes, not from what the server says.
//!
//! A target uses the same bytes on every try. Their hash is in its record before they are used, and the file is in the store
//! that all workers share. What the store has lost is fetched again; if the address then gives other bytes, that is a failure.

mod file;
mod hash;
mod kind;
mod named;
mod options;
mod pin;
mod probe;
mod public;
mod reach;
mod recent;
mod source;
mod spool;
mod store;
mod sweep;
pub(crate) mod variant;

use std::{fmt, io, sync::Arc, time::Duration};

use domain::{Code, Draft, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use jiff::Timestamp;
use runtime::Runtime;
use tokio::sync::Semaphore;
use tracing::Instrument;
use url::Url;

use crate::{Call, HttpOptions, Takes, http::HttpError};
use file::disk;
pub use file::{MediaFile, Picture, Video};
pub use hash::{InvalidHash, MediaHash};
pub use kind::Kind;
pub(crate) use named::named;
pub use named::shown_address;
pub use options::{MediaOptions, S3Options};
pub(crate) use pin::PIN;
use pin::Pin;
pub use probe::Probe;
pub(crate) use public::Reach;
pub use public::is_public;
use recent::{Known, Recent};
use source::Source;
pub(crate) use source::private_address;
use spool::{Spool, Spooling, Spools, off_thread};
use store::MediaStore;
pub use store::{StoreAt, StoreError};
use variant::{Fit, Wanted};

const STEP: &str = "fetch media";

/// A file for a platform to fetch.
#[derive(Clone, PartialEq, Eq)]
pub struct Served {
    /// What it is, or seems to be by its address.
    pub kind: Kind,
    /// Where it is. One of ours lets anybody read the file for a day: not to be logged.
    pub address: String,
}

/// Without the address.
impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served").field("kind", &self.kind.mime).finish_non_exhaustive()
    }
}

/// Fetches media and keeps them. Cheap to clone.
#[derive(Clone)]
pub struct Media {
    source: Source,
    store: MediaStore,
    recent: Arc<Recent>,
    spools: Spools,
    runtime: Runtime,
    max_pixels: u64,
    serve: bool,
    /// Whose turn it is to decode a picture.
    turn: Arc<Semaphore>,
}

impl Media {
    /// A fetcher with its store.
    ///
    /// # Errors
    /// The system's certificates cannot be read, the store cannot be opened, or an option makes no sense.
    pub(crate) fn new(http: &HttpOptions, runtime: Runtime) -> Result<Self, HttpError> {
        let options = &http.media;
        let spools = options.spool.clone().map_or(Spools::System, Spools::In);
        let recent = Arc::new(Recent::new(options.max_bytes));
        Ok(Self {
            source: Source::new(http)?,
            store: MediaStore::new(options.store.clone())?,
            recent,
            spools,
            runtime,
            max_pixels: options.max_pixels,
            serve: options.serve,
            turn: Arc::new(Semaphore::new(1)),
        })
    }

    /// The file at `address`, for a look at it: nothing remembers it.
    ///
    /// # Errors
    /// [`Code::BAD_MEDIA_URL`], [`Code::MEDIA_UNREACHABLE`] (worth another try) or [`Code::MEDIA_REFUSED`].
    pub async fn fetch(&self, address: &str) -> Result<MediaFile, Failure> {
        let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
        let span = tracing::debug_span!("fetch media", server.address = host);
        let (spool, kind) = self.source.read(address, &self.spools, &self.runtime).instrument(span).await?;
        look(spool, kind).await
    }

    /// The file that the call's target uses for `media`: the same bytes on every try, whatever the address gives by then.
    /// It is of a kind and size that `takes` allows.
    ///
    /// # Errors
    /// As [`Media::fetch`]; [`Code::MEDIA_REFUSED`] also if it does not fit, or is lost and its address gives other bytes now;
    /// the store, the disk or the ledger is away.
    pub async fn open(
        &self,
        call: &mut Call<'_>,
        media: &domain::Media,
        takes: &[Takes],
    ) -> Result<MediaFile, Failure> {
        let fit = |file: &MediaFile| self.fit(file, takes);
        self.opened(call, media, fit).await
    }

    /// The same, for a file that the platform fetches from where the post says: nothing can be made of it here, so `takes` must allow
    /// it as it is.
    ///
    /// # Errors
    /// As [`Media::open`].
    pub(crate) async fn open_as_is(
        &self,
        call: &mut Call<'_>,
        media: &domain::Media,
        takes: &[Takes],
    ) -> Result<MediaFile, Failure> {
        let fit = |file: &MediaFile| match variant::misfit(file.kind, file.size, file.probe(), takes) {
            None => Ok(None),
            Some(why) => Err(refused(why)),
        };
        self.opened(call, media, fit).await
    }

    /// The target's file, named where it is at fault. `fit` says what it must be made into, or refuses it.
    async fn opened(
        &self,
        call: &mut Call<'_>,
        media: &domain::Media,
        fit: impl Fn(&MediaFile) -> Result<Option<Wanted>, Failure>,
    ) -> Result<MediaFile, Failure> {
        let draft = call.draft;
        self.pinned(call, media, fit).await.map_err(|failure| named(draft, media, failure))
    }

    async fn pinned(
        &self,
        call: &mut Call<'_>,
        media: &domain::Media,
        fit: impl Fn(&MediaFile) -> Result<Option<Wanted>, Failure>,
    ) -> Result<MediaFile, Failure> {
        let pin = Pin::of(call, &media.url);
        let pinned = pin.file(call);
        let known = match pinned {
            Some(hash) => Some(hash),
            None => self.store.given(&pin.given).await?,
        };
        let kept = match known {
            Some(hash) => self.kept(hash).await?,
            None => None,
        };
        let (mut file, stored) = match kept {
            Some(kept) => kept,
            None => {
                let file = self.fetch(&media.url).await?;
                if pinned.is_some_and(|hash| hash != file.sha256 && call.has_begun()) {
                    return Err(changed(call));
                }
                self.recent.put(&file.spool, None);
                (file, false)
            }
        };
        // What does not fit leaves no trace: the next try may find a better file at the address.
        let mut wanted = fit(&file)?;
        // Pinned before it is stored, which may take long: another try then only has to store it.
        pin.keep_file(call, file.sha256).await?;
        if !stored {
            self.put(&file.spool).await?;
            if let Some(first) = self.given(call, &pin, file.sha256).await? {
                wanted = fit(&first)?;
                pin.keep_file(call, first.sha256).await?;
                file = first;
            }
        }
        match wanted {
            Some(wanted) => self.variant(call, &pin, &file, wanted).await,
            None => Ok(file),
        }
    }

    /// What the file must be made into for a platform that takes this; `None`: nothing.
    fn fit(&self, file: &MediaFile, takes: &[Takes]) -> Result<Option<Wanted>, Failure> {
        match variant::fit(file.kind, file.size, file.probe(), takes, self.max_pixels) {
            Fit::Fits => Ok(None),
            Fit::Make(wanted) => Ok(Some(wanted)),
            Fit::Refused(why) => Err(refused(why)),
        }
    }

    /// What the platform gets instead of the file: made once, stored, the same on every try.
    async fn variant(
        &self,
        call: &mut Call<'_>,
        pin: &Pin,
        file: &MediaFile,
        wanted: Wanted,
    ) -> Result<MediaFile, Failure> {
        let pinned = pin.variant(call);
        if let Some(hash) = pinned
            && let Some((made, stored)) = self.kept(hash).await?
            && wanted.is(made.kind, made.size, made.probe())
        {
            if !stored {
                self.put(&made.spool).await?;
            }
            return Ok(made);
        }
        let (kind, reader, most) = (file.kind, file.spool.reader(), self.max_pixels);
        let made =
            in_turn(&self.turn, move || wanted.make(kind, reader, most)).await.map_err(disk)?.map_err(refused)?;
        let mut spooling = Spooling::start(&self.spools).await.map_err(disk)?;
        spooling.write(&made).await.map_err(disk)?;
        let spool = spooling.finish().await.map_err(disk)?;
        if pinned.is_some_and(|hash| hash != spool.hash && call.has_begun()) {
            return Err(remade(call));
        }
        self.recent.put(&spool, None);
        pin.keep_variant(call, spool.hash).await?;
        self.put(&spool).await?;
        let kind = Kind::of(&spool.head).ok_or_else(|| refused("the picture that was made cannot be read".into()))?;
        look(spool, kind).await
    }

    /// Removes what nobody has used for `age`, and says how many objects that were.
    ///
    /// What is still needed then is fetched again, and no other bytes are taken for it: see [`Media::open`].
    ///
    /// # Errors
    /// The store is away; what was not removed is, the next time.
    pub async fn sweep(&self, age: Duration) -> Result<u64, Failure> {
        self.store.sweep(self.now().saturating_sub(age).unwrap_or(Timestamp::MIN)).await
    }

    /// Whether platforms that fetch files themselves get them from the store, rather than from where the post says.
    pub fn serves(&self) -> bool {
        self.serve
    }

    /// What a platform that fetches files itself is told of `media`: what it is, and where. From the store, it is the file that
    /// [`Media::open`] gives; else it is what the post's address gives at that time, and `takes` is not asked.
    ///
    /// # Errors
    /// As [`Media::open`]; [`Code::BAD_MEDIA_URL`] also for a bucket that the platform cannot read.
    pub async fn served(&self, call: &mut Call<'_>, media: &domain::Media, takes: &[Takes]) -> Result<Served, Failure> {
        if self.serve {
            let file = self.open(call, media, takes).await?;
            // One that was at hand may be in the store no more.
            self.put(&file.spool).await?;
            if let Some(address) = self.store.sign(file.sha256).await? {
                return Ok(Served { kind: file.kind, address });
            }
        }
        let address = public(call.draft, media)?;
        let kind = match Kind::by_ending(address) {
            Some(kind) => kind,
            None => self.fetch(address).await.map_err(|failure| named(call.draft, media, failure))?.kind,
        };
        Ok(Served { kind, address: address.to_owned() })
    }

    /// Puts a file into the store, where other workers find it.
    async fn put(&self, spool: &Spool) -> Result<(), Failure> {
        self.store.put(spool, self.now()).await?;
        self.recent.put(spool, Some(self.now()));
        Ok(())
    }

    /// Writes down what the post's address gave. If another target of the post was first, what that one got counts, as long as nothing
    /// of this one has begun.
    async fn given(&self, call: &Call<'_>, pin: &Pin, hash: MediaHash) -> Result<Option<MediaFile>, Failure> {
        let first = self.store.give(&pin.given, hash).await?;
        if first == hash || call.has_begun() {
            return Ok(None);
        }
        // Lost, or never there: then ours is as good as any.
        Ok(self.kept(first).await?.map(|(file, _)| file))
    }

    /// The file of this hash, and whether the store is known to have it.
    async fn kept(&self, hash: MediaHash) -> Result<Option<(MediaFile, bool)>, Failure> {
        let (spool, stored) = match self.recent.get(hash) {
            // What is used must stay young there.
            Some(Known { spool, stored }) => (spool, stored.is_some_and(|at| !store::is_due(at, self.now()))),
            None => {
                let Some(spool) = self.store.get(hash, &self.spools, self.now()).await? else { return Ok(None) };
                self.recent.put(&spool, Some(self.now()));
                (spool, true)
            }
        };
        let kind =
            Kind::of(&spool.head).ok_or_else(|| refused("the file is no picture or video that we know".into()))?;
        Ok(Some((look(spool, kind).await?, stored)))
    }

    fn now(&self) -> Timestamp {
        self.runtime.now()
    }
}

/// Reads the file's headers.
async fn look(spool: Spool, kind: Kind) -> Result<MediaFile, Failure> {
    let reader = spool.reader();
    let Probe { picture, video } = off_thread(move || Ok(Probe::of(kind, reader))).await.map_err(disk)?;
    Ok(MediaFile { kind, size: spool.size, sha256: spool.hash, picture, video, spool })
}

/// Does work that takes much memory, one at a time. Whoever stops waiting for it does not let the next one in.
async fn in_turn<T: Send + 'static>(turn: &Arc<Semaphore>, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let turn = turn.clone().acquire_owned().await.map_err(io::Error::other)?;
    off_thread(move || {
        let done = work();
        drop(turn);
        Ok(done)
    })
    .await
}

/// The address of a file of the draft as the world is told of it: the post's own.
///
/// # Errors
/// [`Code::BAD_MEDIA_URL`], naming the file: it is in a bucket, which the world cannot read.
pub(crate) fn public<'a>(draft: &Draft, media: &'a domain::Media) -> Result<&'a str, Failure> {
    if is_in_bucket(media) {
        let failure = source::bad_address("the file is fetched from there by others, who cannot read the bucket");
        return Err(named(draft, media, failure));
    }
    Ok(&media.url)
}

/// Whether only we can read what the address leads to.
pub(crate) fn is_in_bucket(media: &domain::Media) -> bool {
    Url::parse(&media.url).is_ok_and(|url| url.scheme() == "s3")
}

/// What was begun with is lost, and its address gives something else: a person decides.
fn changed(call: &Call<'_>) -> Failure {
    let remedy = match call.outs() {
        [] => "edit the post to use the new one, or put the old one back and retry",
        // An edit is refused by then.
        _ => "a part is out, so put the old one back and retry, or cancel the rest",
    };
    refused(format!("the address gives another file than the one this post was begun with; {remedy}"))
}

/// What was begun with is lost, and what is made of the same file now is another picture: a person decides.
fn remade(call: &Call<'_>) -> Failure {
    let remedy = match call.outs() {
        [] => "edit the post to use the new one",
        _ => "a part is out, so cancel the rest",
    };
    refused(format!("the picture made for the platform is another than the one this post was begun with; {remedy}"))
}

/// The media cannot be used, here or by a channel's own limits.
pub(crate) fn refused(why: String) -> Failure {
    failure(Code::MEDIA_REFUSED, Worth::AfterFix { fix: Fix::Content }, None, why)
}

/// The platform has looked at the media and cannot use them. `code` is its own word.
pub(crate) fn unusable(code: &str, why: String) -> Failure {
    let failure = refused(why);
    let said = PlatformWords { code: Some(code.chars().take(100).collect()), ..failure.said };
    Failure { said, ..failure }
}

fn failure(code: Code, worth: Worth, status: Option<u16>, why: String) -> Failure {
    let said = PlatformWords { status, ..PlatformWords::text(why) };
    Failure { code, landed: Landed::No, worth, scope: Scope::Post, step: STEP.into(), said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_keeps_its_turn_until_it_is_done() {
        let turn = Arc::new(Semaphore::new(1));
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let mut first = Box::pin(in_turn(&turn, move || wait.recv()));
        assert!(futures::poll!(&mut first).is_pending());
        drop(first);
        assert!(turn.try_acquire().is_err(), "it goes on");
        done.send(()).unwrap();
        assert!(in_turn(&turn, || true).await.unwrap());
    }

    #[test]
    fn others_are_told_of_no_file_that_they_cannot_read() {
        let at = |url: &str| domain::Media { url: url.into(), alt: None };
        let (first, hidden) = (at("https://a.example/a.png"), [at("s3://media/a.png"), at("S3://media/a.png")]);
        let media = [std::slice::from_ref(&first), &hidden].concat();
        let draft = Draft(domain::Content { media, ..domain::Content::default() });
        assert_eq!(public(&draft, &first), Ok("https://a.example/a.png"));
        for (n, media) in hidden.iter().enumerate() {
            let failure = public(&draft, media).unwrap_err();
            assert_eq!(failure.code, Code::BAD_MEDIA_URL);
            let place = format!("media {} of 3 (s3://media/a.png): ", n + 2);
            assert!(failure.said.text.starts_with(&place), "it says which: {failure:?}");
        }
    }

    #[test]
    fn a_live_address_is_in_no_debug_output() {
        let address = "https://kept.example/files/a?X-Amz-Signature=hush".to_owned();
        let served = Served { kind: Kind::by_ending("https://a.example/a.png").unwrap(), address };
        assert_eq!(format!("{served:?}"), "Served { kind: \"image/png\", .. }");
    }
}
