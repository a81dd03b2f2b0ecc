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
mod options;
mod pin;
mod probe;
mod public;
mod recent;
mod source;
mod spool;
mod store;
pub(crate) mod variant;

use std::{sync::Arc, time::Duration};

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
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
pub use options::{MediaOptions, S3Options};
pub(crate) use pin::PIN;
use pin::Pin;
pub use probe::Probe;
use recent::Recent;
use source::Source;
use spool::{Spool, Spooling, Spools, off_thread};
use store::MediaStore;
pub use store::{StoreAt, StoreError};
use variant::{Fit, Wanted};

const STEP: &str = "fetch media";

/// Fetches media and keeps them. Cheap to clone.
#[derive(Clone)]
pub struct Media {
    source: Source,
    store: MediaStore,
    recent: Arc<Recent>,
    spools: Spools,
    runtime: Runtime,
    max_pixels: u64,
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
            turn: Arc::new(Semaphore::new(1)),
        })
    }

    /// The file at `address`, for a look at it: nothing remembers it.
    ///
    /// # Errors
    /// [`Code::BAD_MEDIA_URL`], [`Code::MEDIA_UNREACHABLE`] (worth another try) or [`Code::MEDIA_REFUSED`].
    pub async fn fetch(&self, address: &str) -> Result<MediaFile, Failure> {
        let host = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
        let span = tracing::info_span!("fetch media", server.address = host.unwrap_or_default());
        let (spool, kind) = self.source.read(address, &self.spools).instrument(span).await?;
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
        let pin = Pin::of(call, &media.url);
        let pinned = pin.file(call);
        let wanted = match pinned {
            Some(hash) => Some(hash),
            None => self.store.given(&pin.given).await?,
        };
        let kept = match wanted {
            Some(hash) => self.kept(hash).await?,
            None => None,
        };
        let file = match kept {
            Some(file) => file,
            None => {
                let file = self.fetch(&media.url).await?;
                if pinned.is_some_and(|hash| hash != file.sha256 && call.has_begun()) {
                    return Err(changed());
                }
                self.keep(&pin, file).await?
            }
        };
        let fit = variant::fit(file.kind, file.size, file.probe(), takes, self.max_pixels);
        if let Fit::Refused(why) = fit {
            if pinned.is_none() {
                // No try of this target has used it: the next one may find a better file at the address.
                self.store.forget(&pin.given).await?;
            }
            return Err(refused(why));
        }
        pin.keep_file(call, file.sha256).await?;
        match fit {
            Fit::Make(wanted) => self.variant(call, &pin, &file, wanted).await,
            _ => Ok(file),
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
        if let Some(hash) = pin.variant(call)
            && let Some(made) = self.kept(hash).await?
            && wanted.is(made.kind, made.size, made.probe())
        {
            return Ok(made);
        }
        // One at a time: decoding is what takes memory here.
        let _turn = self.turn.acquire().await;
        let (kind, reader, most) = (file.kind, file.spool.reader(), self.max_pixels);
        let made = off_thread(move || Ok(wanted.make(kind, reader, most))).await.map_err(disk)?.map_err(refused)?;
        let mut spooling = Spooling::start(&self.spools).await.map_err(disk)?;
        spooling.write(&made).await.map_err(disk)?;
        let spool = spooling.finish().await.map_err(disk)?;
        self.store.put(&spool, self.now()).await?;
        self.recent.put(&spool);
        pin.keep_variant(call, spool.hash).await?;
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

    /// Stores the file as what the post's address gave. If another target of the post was first, what that one got counts.
    async fn keep(&self, pin: &Pin, file: MediaFile) -> Result<MediaFile, Failure> {
        self.store.put(&file.spool, self.now()).await?;
        self.recent.put(&file.spool);
        let given = self.store.give(&pin.given, file.sha256).await?;
        if given == file.sha256 {
            return Ok(file);
        }
        // Lost, or never there: then ours is as good as any.
        Ok(self.kept(given).await?.unwrap_or(file))
    }

    async fn kept(&self, hash: MediaHash) -> Result<Option<MediaFile>, Failure> {
        let spool = match self.recent.get(hash) {
            Some(spool) => spool,
            None => {
                let Some(spool) = self.store.get(hash, &self.spools, self.now()).await? else { return Ok(None) };
                self.recent.put(&spool);
                spool
            }
        };
        let kind =
            Kind::of(&spool.head).ok_or_else(|| refused("the file is no picture or video that we know".into()))?;
        look(spool, kind).await.map(Some)
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

/// What was begun with is lost, and its address gives something else: a person decides.
fn changed() -> Failure {
    refused(
        "the address gives another file than the one this post was begun with; edit the post to use the new one".into(),
    )
}

/// The media cannot be used, here or by a channel's own limits.
pub(crate) fn refused(why: String) -> Failure {
    failure(Code::MEDIA_REFUSED, Worth::AfterFix { fix: Fix::Content }, None, why)
}

fn failure(code: Code, worth: Worth, status: Option<u16>, why: String) -> Failure {
    let said = PlatformWords { status, ..PlatformWords::text(why) };
    Failure { code, landed: Landed::No, worth, scope: Scope::Post, step: STEP.into(), said }
}
