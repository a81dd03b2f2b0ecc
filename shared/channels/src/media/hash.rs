//! What a file's bytes are known by.

use std::{fmt, str::FromStr};

/// The SHA-256 of a file: equal bytes, equal hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaHash(pub [u8; 32]);

impl fmt::Display for MediaHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for MediaHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaHash({self})")
    }
}

/// The text is no hash.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a hash has 64 hexadecimal digits")]
pub struct InvalidHash;

impl FromStr for MediaHash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut hash = [0; 32];
        // What reads numbers would take a sign for a digit.
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidHash);
        }
        for (n, byte) in hash.iter_mut().enumerate() {
            let digits = text.get(2 * n..2 * n + 2).ok_or(InvalidHash)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| InvalidHash)?;
        }
        Ok(Self(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_shown() {
        let hash = MediaHash([0xa5; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for wrong in ["", "a5", &"g".repeat(64), &"+5".repeat(32), &"é".repeat(32)] {
            assert_eq!(wrong.parse::<MediaHash>(), Err(InvalidHash), "{wrong}");
        }
    }
}
