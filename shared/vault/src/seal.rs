//! Sealing: what is secret leaves this process only encrypted, and only what it was sealed for opens it.
//!
//! Envelope encryption. Each sealed text has a data key of its own; the data key is sealed with one of the operator's keys. So a
//! rotation seals 32 bytes anew and touches no secret. Both layers are XChaCha20-Poly1305, whose 24-byte nonces may be drawn at
//! random for ever, and both are bound to their context: bytes that were moved to another record do not open.
//!
//! A sealed text: `1`, the key's id with its length before it, nonce and sealed data key (24 + 48 bytes), nonce (24 bytes), and the
//! sealed text itself (16 bytes longer than the text).

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use runtime::Runtime;
use zeroize::{Zeroize, Zeroizing};

const VERSION: u8 = 1;
const KEY: usize = 32;
const NONCE: usize = 24;
const TAG: usize = 16;

/// Why something does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No key of this id is at hand.
    #[error("it is sealed with the key \"{0}\", which vault.keys does not name: put that key back")]
    NoKey(String),
    /// There is no key at all to seal with.
    #[error("vault.keys names no key: make one with `oncepost vault key` and name its file or variable there")]
    NoKeys,
    /// It was changed, or belongs to another record, or the key of this id is another one.
    #[error(
        "it does not open with the key \"{0}\": that is another key than it was sealed with, or the record was changed"
    )]
    Broken(String),
    /// It is not of a form that this program writes.
    #[error("it is not of a form that this program reads")]
    Strange,
    /// A key that cannot be used.
    #[error("the key \"{0}\" is not 32 bytes, written as 44 characters of Base64: make one with `oncepost vault key`")]
    BadKey(String),
    /// Two keys with one id, or an id that cannot be written.
    #[error("the key id \"{0}\" is empty, longer than 64 bytes, or given twice")]
    BadId(String),
}

/// The operator's keys. The first one seals; each opens what it sealed.
#[derive(Clone, Default)]
pub struct Keys(Vec<(String, Zeroizing<[u8; KEY]>)>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

impl Keys {
    /// Keys by their ids, in Base64.
    ///
    /// # Errors
    /// A key or its id cannot be used.
    pub fn read<'k>(keys: impl IntoIterator<Item = (&'k str, &'k str)>) -> Result<Self, SealError> {
        let mut read: Vec<(String, Zeroizing<[u8; KEY]>)> = Vec::new();
        for (id, text) in keys {
            if id.is_empty() || id.len() > 64 || read.iter().any(|(known, _)| known == id) {
                return Err(SealError::BadId(id.to_owned()));
            }
            let bytes = BASE64_STANDARD.decode(text.trim()).map(Zeroizing::new);
            let key = bytes.ok().and_then(|bytes| <[u8; KEY]>::try_from(bytes.as_slice()).ok());
            read.push((id.to_owned(), Zeroizing::new(key.ok_or_else(|| SealError::BadKey(id.to_owned()))?)));
        }
        Ok(Self(read))
    }

    /// A new key, as [`Keys::read`] takes it.
    pub fn make(runtime: &Runtime) -> String {
        BASE64_STANDARD.encode(Zeroizing::new(runtime.bytes::<KEY>()).as_slice())
    }

    /// Whether there is a key to seal with.
    pub fn can_seal(&self) -> bool {
        !self.0.is_empty()
    }

    /// Seals `text` for `context`, which need not be kept: whoever opens it must name it.
    ///
    /// # Errors
    /// There is no key.
    pub fn seal(&self, context: &str, text: &[u8], runtime: &Runtime) -> Result<Vec<u8>, SealError> {
        let (id, key) = self.0.first().ok_or(SealError::NoKeys)?;
        let data_key = Zeroizing::new(runtime.bytes::<KEY>());
        let mut sealed = wrap(id, key, context, &data_key, runtime)?;
        let nonce = runtime.bytes::<NONCE>();
        sealed.extend(nonce);
        sealed.extend(encrypt(&data_key, &nonce, &bound("text", context), text)?);
        Ok(sealed)
    }

    /// Opens what was sealed for `context`.
    ///
    /// # Errors
    /// Its key is not at hand, or it was not sealed by that key for this context.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let parts = Parts::of(sealed)?;
        let data_key = self.unwrap(context, &parts)?;
        decrypt(&data_key, parts.nonce, &bound("text", context), parts.text).ok_or_else(|| parts.broken())
    }

    /// The same with its data key sealed by the first key; `None` if it is so already.
    ///
    /// # Errors
    /// As [`Keys::open`].
    pub fn reseal(&self, context: &str, sealed: &[u8], runtime: &Runtime) -> Result<Option<Vec<u8>>, SealError> {
        let parts = Parts::of(sealed)?;
        let (id, key) = self.0.first().ok_or(SealError::NoKeys)?;
        let data_key = self.unwrap(context, &parts)?;
        if parts.id == id {
            return Ok(None);
        }
        let mut sealed = wrap(id, key, context, &data_key, runtime)?;
        sealed.extend(parts.nonce);
        sealed.extend(parts.text);
        Ok(Some(sealed))
    }

    fn unwrap(&self, context: &str, parts: &Parts<'_>) -> Result<Zeroizing<[u8; KEY]>, SealError> {
        let key = self.0.iter().find(|(id, _)| id == parts.id);
        let (id, key) = key.ok_or_else(|| SealError::NoKey(parts.id.to_owned()))?;
        let opened = decrypt(key, parts.key_nonce, &bound(id, context), parts.data_key);
        let data_key = opened.and_then(|bytes| <[u8; KEY]>::try_from(bytes.as_slice()).ok());
        data_key.map(Zeroizing::new).ok_or_else(|| parts.broken())
    }
}

/// The id of the key by which something is sealed.
///
/// # Errors
/// It is not of a form that this program writes.
pub fn key_id(sealed: &[u8]) -> Result<&str, SealError> {
    Parts::of(sealed).map(|parts| parts.id)
}

/// Everything before the text: form, key id and the sealed data key.
fn wrap(
    id: &str,
    key: &[u8; KEY],
    context: &str,
    data_key: &[u8; KEY],
    runtime: &Runtime,
) -> Result<Vec<u8>, SealError> {
    let length = u8::try_from(id.len()).map_err(|_| SealError::BadId(id.to_owned()))?;
    let nonce = runtime.bytes::<NONCE>();
    let mut sealed = vec![VERSION, length];
    sealed.extend(id.as_bytes());
    sealed.extend(nonce);
    sealed.extend(encrypt(key, &nonce, &bound(id, context), data_key)?);
    Ok(sealed)
}

/// What a ciphertext is bound to. The parts cannot run into one another: neither has a zero byte.
fn bound(what: &str, context: &str) -> Vec<u8> {
    format!("oncepost/{VERSION}\0{what}\0{context}").into_bytes()
}

fn encrypt(key: &[u8; KEY], nonce: &[u8; NONCE], bound: &[u8], text: &[u8]) -> Result<Vec<u8>, SealError> {
    let payload = Payload { msg: text, aad: bound };
    XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Strange)
}

fn decrypt(key: &[u8; KEY], nonce: &[u8; NONCE], bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let payload = Payload { msg: sealed, aad: bound };
    let opened = XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(*nonce), payload);
    opened.ok().map(Zeroizing::new)
}

struct Parts<'s> {
    id: &'s str,
    key_nonce: &'s [u8; NONCE],
    data_key: &'s [u8],
    nonce: &'s [u8; NONCE],
    text: &'s [u8],
}

impl<'s> Parts<'s> {
    fn of(sealed: &'s [u8]) -> Result<Self, SealError> {
        Self::split(sealed).ok_or(SealError::Strange)
    }

    fn split(sealed: &'s [u8]) -> Option<Self> {
        let (&[VERSION, length], rest) = sealed.split_first_chunk::<2>()? else { return None };
        let (id, rest) = rest.split_at_checked(usize::from(length))?;
        let (key_nonce, rest) = rest.split_first_chunk::<NONCE>()?;
        let (data_key, rest) = rest.split_at_checked(KEY + TAG)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>()?;
        Some(Self { id: std::str::from_utf8(id).ok()?, key_nonce, data_key, nonce, text })
    }

    fn broken(&self) -> SealError {
        SealError::Broken(self.id.to_owned())
    }
}

/// Wipes a text's memory: for what was opened and read.
pub(crate) fn wipe(text: &mut String) {
    text.zeroize();
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn runtime() -> Runtime {
        Runtime::simulated(1, Timestamp::UNIX_EPOCH)
    }

    fn key(byte: u8) -> String {
        BASE64_STANDARD.encode([byte; KEY])
    }

    fn keys(keys: &[(&str, u8)]) -> Keys {
        let texts: Vec<_> = keys.iter().map(|(id, byte)| (*id, key(*byte))).collect();
        Keys::read(texts.iter().map(|(id, text)| (*id, text.as_str()))).unwrap()
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_again_and_shows_nothing(text in proptest::collection::vec(any::<u8>(), 8..300), seed: u64) {
            let (keys, runtime) = (keys(&[("a", 1)]), Runtime::simulated(seed, Timestamp::UNIX_EPOCH));
            let sealed = keys.seal("account/acme/x/main", &text, &runtime).unwrap();
            prop_assert!(!sealed.windows(8).any(|window| window == &text[..8]));
            let opened = keys.open("account/acme/x/main", &sealed).unwrap();
            prop_assert_eq!(opened.as_slice(), &text[..]);
        }

        #[test]
        fn nothing_opens_that_was_changed_anywhere(at: prop::sample::Index, flip in 1_u8..) {
            let keys = keys(&[("a", 1)]);
            let mut sealed = keys.seal("c", b"a secret", &runtime()).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            prop_assert!(keys.open("c", &sealed).is_err());
        }

        #[test]
        fn garbage_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(keys(&[("a", 1)]).open("c", &bytes).is_err());
        }
    }

    #[test]
    fn a_sealed_text_belongs_to_its_record() {
        let keys = keys(&[("a", 1)]);
        let sealed = keys.seal("account/acme/x/main", b"secret", &runtime()).unwrap();
        assert_eq!(keys.open("account/acme/x/other", &sealed), Err(SealError::Broken("a".into())));
    }

    #[test]
    fn the_same_text_is_never_sealed_alike() {
        let (keys, runtime) = (keys(&[("a", 1)]), runtime());
        assert_ne!(keys.seal("c", b"secret", &runtime).unwrap(), keys.seal("c", b"secret", &runtime).unwrap());
    }

    #[test]
    fn a_rotation_needs_both_keys_and_then_the_new_one_only() {
        let (old, both, new) = (keys(&[("old", 1)]), keys(&[("new", 2), ("old", 1)]), keys(&[("new", 2)]));
        let sealed = old.seal("c", b"secret", &runtime()).unwrap();
        assert_eq!(new.open("c", &sealed), Err(SealError::NoKey("old".into())));
        let again = both.reseal("c", &sealed, &runtime()).unwrap().unwrap();
        assert_eq!(key_id(&again), Ok("new"));
        assert_eq!(new.open("c", &again).unwrap().as_slice(), b"secret");
        assert_eq!(both.reseal("c", &again, &runtime()), Ok(None));
        assert_eq!(old.open("c", &again), Err(SealError::NoKey("new".into())));
    }

    #[test]
    fn another_key_under_the_same_id_is_told_apart_from_none() {
        let sealed = keys(&[("a", 1)]).seal("c", b"secret", &runtime()).unwrap();
        assert_eq!(keys(&[("a", 2)]).open("c", &sealed), Err(SealError::Broken("a".into())));
        assert_eq!(Keys::default().open("c", &sealed), Err(SealError::NoKey("a".into())));
        assert_eq!(Keys::default().seal("c", b"secret", &runtime()), Err(SealError::NoKeys));
    }

    #[test]
    fn keys_are_checked_and_never_shown() {
        assert_eq!(Keys::read([("a", "c2hvcnQ=")]).unwrap_err(), SealError::BadKey("a".into()));
        let one = key(1);
        assert_eq!(Keys::read([("a", one.as_str()), ("a", one.as_str())]).unwrap_err(), SealError::BadId("a".into()));
        assert_eq!(Keys::read([("", one.as_str())]).unwrap_err(), SealError::BadId(String::new()));
        let made = Keys::make(&Runtime::system());
        assert!(Keys::read([("made", made.as_str())]).is_ok());
        assert_eq!(format!("{:?}", keys(&[("a", 1), ("b", 2)])), r#"["a", "b"]"#);
    }
}
