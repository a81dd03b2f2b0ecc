//! The files that were used last stay on this machine's disk, so that an attempt of several steps, or the same picture on several
//! channels, reads the store once.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{MediaHash, spool::Spool};

/// The most files that are kept.
const MOST_FILES: usize = 16;

/// The files used last, newest first. They never come to more bytes than one file may have.
pub(super) struct Recent {
    files: Mutex<VecDeque<Known>>,
    most_bytes: u64,
}

/// A file at hand.
#[derive(Clone)]
pub(super) struct Known {
    pub spool: Spool,
    /// When the store was last known to have it. `None`: it is still to be put there.
    pub stored: Option<Timestamp>,
}

impl Recent {
    pub(super) fn new(most_bytes: u64) -> Self {
        Self { files: Mutex::default(), most_bytes }
    }

    pub(super) fn put(&self, file: &Spool, stored: Option<Timestamp>) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|kept| kept.spool.hash != file.hash);
        files.push_front(Known { spool: file.clone(), stored });
        files.truncate(MOST_FILES);
        while files.iter().map(|file| file.spool.size).sum::<u64>() > self.most_bytes {
            files.pop_back();
        }
    }

    pub(super) fn get(&self, hash: MediaHash) -> Option<Known> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.iter().find(|file| file.spool.hash == hash).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::spool::{Spooling, Spools},
        *,
    };

    async fn file(byte: u8, length: usize) -> Spool {
        let mut spooling = Spooling::start(&Spools::System).await.unwrap();
        spooling.write(&vec![byte; length]).await.unwrap();
        spooling.finish().await.unwrap()
    }

    #[tokio::test]
    async fn what_was_used_last_stays_within_bounds() {
        let recent = Recent::new(100);
        let (old, new, large) = (file(1, 60).await, file(2, 40).await, file(3, 70).await);
        recent.put(&old, None);
        recent.put(&new, None);
        recent.put(&old, Some(Timestamp::UNIX_EPOCH));
        assert!(recent.get(old.hash).is_some_and(|known| known.stored.is_some()) && recent.get(new.hash).is_some());
        recent.put(&large, None);
        assert!(recent.get(large.hash).is_some() && recent.get(old.hash).is_none() && recent.get(new.hash).is_none());
    }
}
