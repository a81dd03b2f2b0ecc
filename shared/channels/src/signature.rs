//! Signatures of Standard Webhooks (version 1): HMAC-SHA256 over `id.timestamp.body`.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a written secret begins with.
const PREFIX: &str = "whsec_";
/// How long a key should be, in bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// The keys that sign: several while they are being rotated. Printed, they show nothing.
pub struct SigningKeys(Vec<Vec<u8>>);

impl SigningKeys {
    /// The keys written as `whsec_` and Base64, with white space between them. `None`: one of them is not written so, or there is none.
    pub fn read(text: &str) -> Option<Self> {
        let decode = |text: &str| STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).ok();
        let keys: Vec<_> = text.split_whitespace().map(decode).collect::<Option<_>>()?;
        (!keys.is_empty() && keys.iter().all(|key| !key.is_empty())).then_some(Self(keys))
    }

    /// Whether each is as long as Standard Webhooks asks: 24 to 64 bytes.
    pub fn are_long_enough(&self) -> bool {
        self.0.iter().all(|key| LENGTHS.contains(&key.len()))
    }

    /// A key of these bytes, as it is written.
    pub fn write(key: &[u8]) -> String {
        format!("{PREFIX}{}", STANDARD.encode(key))
    }

    /// One signature for each key, as the header `webhook-signature` holds them. `timestamp`: seconds since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let sign = |key: &Vec<u8>| {
            // A key of any length is taken, so this gives a value for each.
            let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(body);
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        };
        self.0.iter().filter_map(sign).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_example_is_signed_as_it_says() {
        let keys = SigningKeys::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = keys.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(keys.are_long_enough());
    }

    #[test]
    fn while_keys_are_rotated_each_signs() {
        let both = SigningKeys::read("whsec_b25l dHdv").unwrap();
        let signed = both.sign("id", 1, b"{}");
        let alone = |key: &[u8]| SigningKeys::read(&SigningKeys::write(key)).unwrap().sign("id", 1, b"{}");
        assert_eq!(signed, format!("{} {}", alone(b"one"), alone(b"two")));
        assert!(!both.are_long_enough());
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in ["", "  ", "whsec_", "whsec_!", "whsec_b25l -"] {
            assert!(SigningKeys::read(text).is_none(), "{text:?}");
        }
        assert_eq!(format!("{:?}", SigningKeys::read("b25l").unwrap()), "***");
    }
}
