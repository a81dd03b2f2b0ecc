//! Whether a file could be had, without taking it: for whoever looks ahead.

use std::time::Duration;

use domain::{Failure, Target};

use super::{Media, MediaHash, pin::Pin};

impl Media {
    /// Whether `address` gives a file now. Asked for its first byte, under the rules of [`Media::fetch`]; what it is, is not looked at.
    ///
    /// # Errors
    /// [`domain::Code::BAD_MEDIA_URL`] or [`domain::Code::MEDIA_UNREACHABLE`], with the status that was answered; a storage is away.
    pub async fn reach(&self, address: &str, within: Duration) -> Result<(), Failure> {
        self.source.reach(address, within, &self.runtime).await
    }

    /// Whether the store has the file that `target` uses for `address`, whatever the address gives by now.
    ///
    /// # Errors
    /// The store is away.
    pub async fn keeps(&self, target: &Target, address: &str) -> Result<bool, Failure> {
        let pin = Pin::at(target, address);
        let known: Option<MediaHash> = pin.of_target(target);
        let known = match known {
            Some(hash) => Some(hash),
            None => self.store.given(&pin.given).await?,
        };
        match known {
            Some(hash) => self.store.has(hash).await,
            None => Ok(false),
        }
    }
}
