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

use std::sync::Arc;

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use jiff::Timestamp;
use runtime::Runtime;
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
use spool::{Spool, Spools, off_thread};
use store::MediaStore;
pub use store::{StoreAt, StoreError};

const STEP: &str = "fetch media";

/// Fetches media and keeps them. Cheap to clone.
#[derive(Clone)]
pub struct Media {
    source: Source,
    store: MediaStore,
    recent: Arc<Recent>,
    spools: Spools,
    runtime: Runtime,
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
        Ok(Self { source: Source::new(http)?, store: MediaStore::open(&options.store)?, recent, spools, runtime })
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
        if let Some(misfit) = misfit(&file, takes) {
            if pinned.is_none() {
                // No try of this target has used it: the next one may find a better file at the address.
                self.store.forget(&pin.given).await?;
            }
            return Err(refused(misfit));
        }
        pin.keep_file(call, file.sha256).await?;
        Ok(file)
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

/// Why the file is not taken, if it is not.
fn misfit(file: &MediaFile, takes: &[Takes]) -> Option<String> {
    if takes.is_empty() {
        return None;
    }
    let Some(row) = takes.iter().find(|row| row.is_for(file.kind)) else {
        return Some(format!("the channel does not take {}", file.kind.mime));
    };
    let misfits = row.misfits(file.size, Probe { picture: file.picture, video: file.video });
    misfits.first().map(|misfit| misfit.words())
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
