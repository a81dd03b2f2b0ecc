//! A content hash as 32 hexadecimal digits.

use domain::ContentHash;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(hash: &ContentHash, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(hash)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ContentHash, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(from)?;
    read(&text).ok_or_else(|| D::Error::custom("a hash is 32 hexadecimal digits"))
}

pub(crate) fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[0-9a-f]{32}$" })
}

fn read(text: &str) -> Option<ContentHash> {
    let mut hash = [0; 16];
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        let digits = &text[2 * at..2 * at + 2];
        // `from_str_radix` would take a sign.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(ContentHash(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let hash = ContentHash([0xab; 16]);
        assert_eq!(read(&hash.to_string()), Some(hash));
        for wrong in ["", "ab", "+b+b+b+b+b+b+b+b+b+b+b+b+b+b+b+b", &"é".repeat(16), &"zz".repeat(16)] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
