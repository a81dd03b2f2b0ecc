//! Which bytes a target uses: chosen once, written into its record before they are used, the same on every try.

use domain::{Failure, Target};
use sha2::{Digest, Sha256};

use super::MediaHash;
use crate::Call;

/// What the names of these handles begin with.
pub(crate) const PIN: &str = "pin.";

/// The pin of one address.
pub(crate) struct Pin {
    handle: String,
    /// Under which name the store knows what the address gave to this post.
    pub(crate) given: String,
}

impl Pin {
    /// The pin of `address` in the record of the call's target.
    pub(crate) fn of(call: &Call<'_>, address: &str) -> Self {
        Self::at(call.target, address)
    }

    /// The pin of `address` in the record of `target`.
    pub(crate) fn at(target: &Target, address: &str) -> Self {
        let digest = Sha256::digest(address);
        let name: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        // An edited post is fetched anew.
        Self { handle: format!("{PIN}{name}"), given: format!("{}/{}/{name}", target.post, target.revision) }
    }

    /// The file that this target uses.
    pub(crate) fn file(&self, call: &Call<'_>) -> Option<MediaHash> {
        call.handle(&self.handle)?.parse().ok()
    }

    /// The file that `target` used when it was last written down.
    pub(crate) fn of_target(&self, target: &Target) -> Option<MediaHash> {
        target.handles.get(&self.handle)?.parse().ok()
    }

    /// What was made of it for the platform.
    pub(crate) fn variant(&self, call: &Call<'_>) -> Option<MediaHash> {
        call.handle(&self.variant_handle())?.parse().ok()
    }

    /// Pins the file. What was made of another one goes out no more.
    pub(crate) async fn keep_file(&self, call: &mut Call<'_>, hash: MediaHash) -> Result<(), Failure> {
        if self.file(call) == Some(hash) {
            return Ok(());
        }
        let (hash, variant) = (hash.to_string(), self.variant_handle());
        match call.handle(&variant) {
            Some(_) => call.keep_instead(&self.handle, &hash, &variant).await,
            None => call.keep(&self.handle, &hash).await,
        }
    }

    /// Pins what was made of the file.
    pub(crate) async fn keep_variant(&self, call: &mut Call<'_>, hash: MediaHash) -> Result<(), Failure> {
        if self.variant(call) == Some(hash) {
            return Ok(());
        }
        call.keep(&self.variant_handle(), &hash.to_string()).await
    }

    fn variant_handle(&self) -> String {
        format!("{}.variant", self.handle)
    }
}
