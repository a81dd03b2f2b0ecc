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
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload, RetryConfig, WriteMultipart, aws::AmazonS3Builder,
    local::LocalFileSystem, memory::InMemory, path::Path,
};
use tempfile::TempDir;

use super::{
    MediaHash, S3Options, STEP,
    file::disk,
    spool::{Spool, Spooling, Spools},
};
use crate::Secret;

/// What is written to the store at once; files up to this size are written in one go. S3 takes no smaller pieces.
const PIECE: usize = 5 * 1024 * 1024;
/// Pieces that are on their way to the store while the next one is read.
const AT_ONCE: usize = 1;
/// A file that is used is written again when it has been there this long, so that what is in use stays young.
const RENEW: Duration = Duration::from_secs(24 * 3600);

/// How long a call to a storage is tried again.
const RETRY_FOR: Duration = Duration::from_secs(20);

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
    at: StoreAt,
    opened: Arc<OnceLock<Opened>>,
}

struct Opened {
    objects: Box<dyn ObjectStore>,
    /// Goes with the last clone of the store.
    _folder: Option<TempDir>,
}

impl MediaStore {
    /// A store. A folder is made when it is first needed; what is wrong with a storage's settings is found at once.
    pub(crate) fn new(at: StoreAt) -> Result<Self, StoreError> {
        let store = Self { at, opened: Arc::default() };
        if let StoreAt::S3(..) = store.at {
            store.open()?;
        }
        Ok(store)
    }

    fn open(&self) -> Result<&dyn ObjectStore, StoreError> {
        if let Some(opened) = self.opened.get() {
            return Ok(&*opened.objects);
        }
        let mut folder = None;
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
            StoreAt::S3(options, bucket) => Box::new(options.bucket(bucket)?),
        };
        Ok(&*self.opened.get_or_init(|| Opened { objects, _folder: folder }).objects)
    }

    fn objects(&self) -> Result<&dyn ObjectStore, Failure> {
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
        if file.size <= PIECE as u64 {
            let bytes = file.read(0, PIECE).await.map_err(disk)?;
            self.objects()?.put(&at, PutPayload::from(bytes)).await.map_err(away)?;
            return Ok(());
        }
        let upload = self.objects()?.put_multipart(&at).await.map_err(away)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PIECE);
        let mut offset = 0;
        while offset < file.size {
            let bytes = file.read(offset, PIECE).await.map_err(disk)?;
            offset += bytes.len() as u64;
            upload.wait_for_capacity(AT_ONCE).await.map_err(away)?;
            upload.put(bytes);
        }
        upload.finish().await.map_err(away)?;
        Ok(())
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

    /// Forgets which file the address of a post gave.
    pub(crate) async fn forget(&self, name: &str) -> Result<(), Failure> {
        match self.objects()?.delete(&given(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(away(error)),
        }
    }

    /// Removes what nobody has used since `before`; says how many objects that were.
    pub(crate) async fn sweep(&self, before: Timestamp) -> Result<u64, Failure> {
        let mut all = self.objects()?.list(None);
        let mut removed = 0;
        while let Some(object) = all.try_next().await.map_err(away)? {
            if time(&object) < before {
                match self.objects()?.delete(&object.location).await {
                    Ok(()) => removed += 1,
                    Err(object_store::Error::NotFound { .. }) => {}
                    Err(error) => return Err(away(error)),
                }
            }
        }
        Ok(removed)
    }
}

impl S3Options {
    /// One of the storage's buckets.
    pub(crate) fn bucket(&self, name: &str) -> Result<object_store::aws::AmazonS3, object_store::Error> {
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(name).with_allow_http(self.allow_http);
        // Many compatible storages cannot delete in bulk, and an attempt has no time for many retries.
        builder = builder.with_disable_bulk_delete(true).with_retry(RetryConfig {
            max_retries: 2,
            retry_timeout: RETRY_FOR,
            ..RetryConfig::default()
        });
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
        builder.build()
    }
}

fn place(hash: MediaHash) -> Path {
    let hash = hash.to_string();
    Path::from(format!("files/{}/{hash}", &hash[..2]))
}

fn given(name: &str) -> Path {
    Path::from(format!("given/{name}"))
}

fn time(object: &ObjectMeta) -> Timestamp {
    Timestamp::from_millisecond(object.last_modified.timestamp_millis()).unwrap_or(Timestamp::MAX)
}

fn is_old(object: &ObjectMeta, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(time(object))).is_ok_and(|age| age > RENEW)
}

/// The store is at fault, which is ours: it costs no try.
pub(crate) fn away(error: object_store::Error) -> Failure {
    Failure::system(Code::OWN_HICCUP, STEP, format!("the media store: {error}"))
}
