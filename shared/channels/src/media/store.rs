//! Where fetched files are kept until nobody needs them: by their hash, so that equal bytes are kept once and a name never changes
//! its meaning.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use domain::{Code, Failure};
use futures::TryStreamExt;
use jiff::Timestamp;
use object_store::{
    Attribute, Attributes, ClientConfigKey, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, RetryConfig, WriteMultipart,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
    memory::InMemory,
    path::Path,
    signer::{Method, Signer},
};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::{
    Kind, MediaHash, S3Options, STEP,
    file::disk,
    spool::{Spool, Spooling, Spools},
};
use crate::Secret;

/// What is written to a bucket at once, and up to which size a file is written in one go: S3 takes no smaller pieces.
const PIECE: usize = 5 * 1024 * 1024;
/// The same where it costs no call.
const LITTLE: usize = 256 * 1024;
/// Pieces that are on their way to the store while the next one is read.
const AT_ONCE: usize = 1;
/// Files that are written to the store at once: each has pieces in memory, and others wait for their turn.
const WRITERS: usize = 3;
/// A file that is used is written again when it has been there this long, so that what is in use stays young.
const RENEW: Duration = Duration::from_secs(24 * 3600);
/// What the places of files begin with.
pub(super) const FILES: &str = "files";
/// What the places of what addresses gave begin with.
pub(super) const GIVEN: &str = "given";

/// How long an address that others read a file by is good: platforms give up before.
const SIGNED_FOR: Duration = Duration::from_secs(24 * 3600);
/// How long a call to a storage is tried again.
const RETRY_FOR: Duration = Duration::from_secs(20);
/// The longest until a connection to a storage stands, and the longest silence on it: within that a piece must be sent, too. A whole
/// file may take as long as its attempt; by default it would be cut off after half a minute, every time.
const LIMITS: [(ClientConfigKey, &str); 3] = [
    (ClientConfigKey::ConnectTimeout, "10s"),
    (ClientConfigKey::ReadTimeout, "60s"),
    (ClientConfigKey::Timeout, "24h"),
];

/// Where media are kept.
#[derive(Debug, Clone, Default)]
pub enum StoreAt {
    /// In a folder of its own that goes with the process: for a single process, and for tests.
    #[default]
    Temporary,
    /// In memory: for tests with small files.
    Memory,
    /// In a folder, which all workers must share.
    Folder(PathBuf),
    /// In a bucket of an S3-compatible storage.
    S3(S3Options, String),
}

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made or used.
    #[error("the folder for media cannot be used")]
    Folder(#[source] io::Error),
    /// What the settings say of the storage does not do.
    #[error("the storage for media cannot be used")]
    Storage(#[from] object_store::Error),
}

/// Files by their hash, and which file a post's address gave. Cheap to clone.
#[derive(Clone)]
pub(crate) struct MediaStore {
    pub(super) at: StoreAt,
    opened: Arc<OnceLock<Opened>>,
    /// Whose turn it is to write a file.
    turns: Arc<Semaphore>,
}

struct Opened {
    objects: Box<dyn ObjectStore>,
    /// What makes addresses that others may read a file by.
    signer: Option<AmazonS3>,
    /// Goes with the last clone of the store.
    _folder: Option<TempDir>,
}

impl MediaStore {
    /// A store. A folder is made when it is first needed; what is wrong with a storage's settings is found at once.
    pub(crate) fn new(at: StoreAt) -> Result<Self, StoreError> {
        let store = Self { at, opened: Arc::default(), turns: Arc::new(Semaphore::new(WRITERS)) };
        if let StoreAt::S3(..) = store.at {
            store.open()?;
        }
        Ok(store)
    }

    fn open(&self) -> Result<&dyn ObjectStore, StoreError> {
        if let Some(opened) = self.opened.get() {
            return Ok(&*opened.objects);
        }
        let (mut folder, mut signer) = (None, None);
        let objects: Box<dyn ObjectStore> = match &self.at {
            StoreAt::Memory => Box::new(InMemory::new()),
            StoreAt::Temporary => {
                let made = TempDir::with_prefix("oncepost-media-").map_err(StoreError::Folder)?;
                let objects = LocalFileSystem::new_with_prefix(made.path())?;
                folder = Some(made);
                Box::new(objects)
            }
            StoreAt::Folder(path) => {
                std::fs::create_dir_all(path).map_err(StoreError::Folder)?;
                Box::new(LocalFileSystem::new_with_prefix(path)?)
            }
            StoreAt::S3(options, bucket) => {
                let bucket = options.bucket(bucket)?;
                signer = Some(bucket.clone());
                Box::new(bucket)
            }
        };
        Ok(&*self.opened.get_or_init(|| Opened { objects, signer, _folder: folder }).objects)
    }

    pub(super) fn objects(&self) -> Result<&dyn ObjectStore, Failure> {
        self.open().map_err(|error| match error {
            StoreError::Folder(error) => {
                Failure::system(Code::OWN_HICCUP, STEP, format!("the folder for media: {error}"))
            }
            StoreError::Storage(error) => away(error),
        })
    }

    /// Keeps a file. One that is there already is left as it is, unless it is getting old.
    pub(crate) async fn put(&self, file: &Spool, now: Timestamp) -> Result<(), Failure> {
        let at = place(file.hash);
        match self.objects()?.head(&at).await {
            Ok(there) if there.size == file.size && !is_old(&there, now) => return Ok(()),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(away(error)),
        }
        let mut attributes = Attributes::new();
        // Folders keep no types. In a bucket, whoever reads the file by a signed address wants to know.
        if let (StoreAt::S3(..), Some(kind)) = (&self.at, Kind::of(&file.head)) {
            attributes.insert(Attribute::ContentType, kind.mime.into());
        }
        let _turn = self.turns.acquire().await.map_err(io::Error::other).map_err(disk)?;
        let piece = self.piece();
        if file.size <= piece as u64 {
            let bytes = file.read(0, piece).await.map_err(disk)?;
            let options = PutOptions { attributes, ..PutOptions::default() };
            self.objects()?.put_opts(&at, PutPayload::from(bytes), options).await.map_err(away)?;
            return Ok(());
        }
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let upload = self.objects()?.put_multipart_opts(&at, options).await.map_err(away)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, piece);
        if let Err(failure) = write(&mut upload, file, piece).await {
            // Pieces of what is never put together cost as much as files, and no listing shows them.
            if let Err(error) = upload.abort().await {
                tracing::warn!(error = %error, "an upload to the media store could not be aborted");
            }
            return Err(failure);
        }
        upload.finish().await.map_err(away)?;
        Ok(())
    }

    fn piece(&self) -> usize {
        match self.at {
            StoreAt::S3(..) => PIECE,
            StoreAt::Temporary | StoreAt::Memory | StoreAt::Folder(_) => LITTLE,
        }
    }

    /// The file of this hash. `None`: the store has it no more, or what it has is not it.
    pub(crate) async fn get(&self, hash: MediaHash, spools: &Spools, now: Timestamp) -> Result<Option<Spool>, Failure> {
        let found = match self.objects()?.get(&place(hash)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(away(error)),
        };
        let old = is_old(&found.meta, now);
        let mut spooling = Spooling::start(spools).await.map_err(disk)?;
        let mut chunks = found.into_stream();
        while let Some(chunk) = chunks.try_next().await.map_err(away)? {
            spooling.write(&chunk).await.map_err(disk)?;
        }
        let file = spooling.finish().await.map_err(disk)?;
        if file.hash != hash {
            // In its place the right ones would not be written: they are as many.
            tracing::warn!(media.sha256 = %hash, "the media store gave other bytes than were put there; they are removed");
            self.objects()?.delete(&place(hash)).await.map_err(away)?;
            return Ok(None);
        }
        if old {
            self.put(&file, now).await?;
        }
        Ok(Some(file))
    }

    /// Whether there is a file of this hash.
    pub(crate) async fn has(&self, hash: MediaHash) -> Result<bool, Failure> {
        match self.objects()?.head(&place(hash)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(away(error)),
        }
    }

    /// An address by which anybody may read the file for a day. `None`: this store makes none.
    pub(crate) async fn sign(&self, hash: MediaHash) -> Result<Option<String>, Failure> {
        self.objects()?;
        let Some(signer) = self.opened.get().and_then(|opened| opened.signer.as_ref()) else { return Ok(None) };
        let url = signer.signed_url(Method::GET, &place(hash), SIGNED_FOR).await.map_err(away)?;
        Ok(Some(url.into()))
    }

    /// Which file the address of a post gave, if one of its targets has fetched it.
    pub(crate) async fn given(&self, name: &str) -> Result<Option<MediaHash>, Failure> {
        match self.objects()?.get(&given(name)).await {
            Ok(found) => {
                let bytes = found.bytes().await.map_err(away)?;
                Ok(std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok()))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(away(error)),
        }
    }

    /// Writes down which file the address of a post gave. The first to write is right: the answer says who was.
    pub(crate) async fn give(&self, name: &str, hash: MediaHash) -> Result<MediaHash, Failure> {
        let text = PutPayload::from(hash.to_string());
        match self.objects()?.put_opts(&given(name), text, PutMode::Create.into()).await {
            Ok(_) => Ok(hash),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(self.given(name).await?.unwrap_or(hash)),
            Err(error) => Err(away(error)),
        }
    }
}

impl S3Options {
    /// One of the storage's buckets.
    pub(crate) fn bucket(&self, name: &str) -> Result<AmazonS3, object_store::Error> {
        self.builder(name).build()
    }

    fn builder(&self, name: &str) -> AmazonS3Builder {
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(name).with_allow_http(self.allow_http);
        // Many compatible storages cannot delete in bulk, and an attempt has no time for many retries.
        builder = builder.with_disable_bulk_delete(true).with_retry(RetryConfig {
            max_retries: 2,
            retry_timeout: RETRY_FOR,
            ..RetryConfig::default()
        });
        for (limit, span) in LIMITS {
            builder = builder.with_config(AmazonS3ConfigKey::Client(limit), span);
        }
        builder = builder.with_virtual_hosted_style_request(self.virtual_hosted);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        if let Some((id, secret)) = &self.key {
            builder = builder.with_access_key_id(id).with_secret_access_key(Secret::reveal(secret));
        }
        builder
    }
}

/// Writes the file in pieces, up to the last.
async fn write(upload: &mut WriteMultipart, file: &Spool, piece: usize) -> Result<(), Failure> {
    let mut offset = 0;
    while offset < file.size {
        let bytes = file.read(offset, piece).await.map_err(disk)?;
        offset += bytes.len() as u64;
        upload.wait_for_capacity(AT_ONCE).await.map_err(away)?;
        upload.put(bytes);
    }
    Ok(())
}

/// Where a file is.
pub(super) fn place(hash: MediaHash) -> Path {
    let hash = hash.to_string();
    Path::from(format!("{FILES}/{}/{hash}", &hash[..2]))
}

/// Where it is written which file an address gave.
fn given(name: &str) -> Path {
    Path::from(format!("{GIVEN}/{name}"))
}

/// When an object was written.
pub(super) fn time(object: &ObjectMeta) -> Timestamp {
    Timestamp::from_millisecond(object.last_modified.timestamp_millis()).unwrap_or(Timestamp::MAX)
}

fn is_old(object: &ObjectMeta, now: Timestamp) -> bool {
    is_due(time(object), now)
}

/// Whether a file that was written at this time is to be written again when it is used.
pub(super) fn is_due(written: Timestamp, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(written)).is_ok_and(|age| age > RENEW)
}

/// The store is at fault, which is ours: it costs no try.
pub(crate) fn away(error: object_store::Error) -> Failure {
    Failure::system(Code::OWN_HICCUP, STEP, format!("the media store: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_may_take_its_time_and_silence_may_not() {
        let options = S3Options { endpoint: Some("https://storage.example".parse().unwrap()), ..S3Options::default() };
        let builder = options.builder("kept");
        let span = |key| {
            let span = builder.get_config_value(&AmazonS3ConfigKey::Client(key)).unwrap();
            span.parse::<jiff::SignedDuration>().unwrap().as_secs()
        };
        assert_eq!((span(ClientConfigKey::ConnectTimeout), span(ClientConfigKey::ReadTimeout)), (10, 60));
        assert_eq!(span(ClientConfigKey::Timeout), 24 * 3600);
        assert!(options.bucket("kept").is_ok());
    }
}
