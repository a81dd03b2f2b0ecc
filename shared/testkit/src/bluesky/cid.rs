//! Content ids: the real ones. A record's is the hash of its DAG-CBOR form, a blob's the hash of its bytes.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};

const RAW: u8 = 0x55;
const DAG_CBOR: u8 = 0x71;

/// The id of a blob.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    cid(RAW, bytes)
}

/// The id of a record.
pub(super) fn of_record(record: &Value) -> String {
    let mut encoded = Vec::new();
    encode(record, &mut encoded);
    cid(DAG_CBOR, &encoded)
}

fn cid(codec: u8, content: &[u8]) -> String {
    let mut bytes = vec![1, codec, 0x12, 0x20];
    bytes.extend(Sha256::digest(content));
    format!("b{}", base32(&bytes))
}

/// RFC 4648 in lower case, without padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    let (mut text, mut buffer, mut bits) = (String::new(), 0_u32, 0);
    let mut push = |index: u32| text.push(char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(index & 31) as usize]));
    for &byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(buffer >> bits);
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        push(buffer << (5 - bits));
    }
    text
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut buffer, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'a'..=b'z' => letter - b'a',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        buffer = (buffer << 5) | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
            buffer &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

/// DAG-CBOR: definite lengths, shortest heads, map keys by length and then by bytes, links as tag 42.
fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => head(0, whole, out),
            (None, Some(negative)) => head(1, (-1 - negative).cast_unsigned(), out),
            (None, None) => {
                out.push(0xfb);
                out.extend(number.as_f64().unwrap_or_default().to_be_bytes());
            }
        },
        Value::String(text) => string(3, text.as_bytes(), out),
        Value::Array(items) => {
            head(4, items.len() as u64, out);
            items.iter().for_each(|item| encode(item, out));
        }
        Value::Object(map) => {
            if let (1, Some(Value::String(link))) = (map.len(), map.get("$link"))
                && let Some(bytes) = link.strip_prefix('b').and_then(unbase32)
            {
                head(6, 42, out);
                return string(2, &[&[0], bytes.as_slice()].concat(), out);
            }
            if let (1, Some(Value::String(encoded))) = (map.len(), map.get("$bytes"))
                && let Ok(bytes) = STANDARD_NO_PAD.decode(encoded.trim_end_matches('='))
            {
                return string(2, &bytes, out);
            }
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| (key.len(), key.as_str()));
            head(5, entries.len() as u64, out);
            for (key, value) in entries {
                string(3, key.as_bytes(), out);
                encode(value, out);
            }
        }
    }
}

fn string(major: u8, bytes: &[u8], out: &mut Vec<u8>) {
    head(major, bytes.len() as u64, out);
    out.extend(bytes);
}

fn head(major: u8, number: u64, out: &mut Vec<u8>) {
    let major = major << 5;
    let bytes = number.to_be_bytes();
    match number {
        0..=23 => out.push(major | bytes[7]),
        24..=0xff => out.extend([major | 24, bytes[7]]),
        0x100..=0xffff => {
            out.push(major | 25);
            out.extend(&bytes[6..]);
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 26);
            out.extend(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_ids() {
        // Widely published: the ids of "hello world" as a raw block and of an empty map.
        assert_eq!(of_bytes(b"hello world"), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
        assert_eq!(of_record(&json!({})), "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua");
    }

    #[test]
    fn the_order_of_keys_does_not_matter_and_links_are_links() {
        assert_eq!(of_record(&json!({"b": 1, "aa": 2})), of_record(&json!({"aa": 2, "b": 1})));
        let mut out = Vec::new();
        encode(&json!({"$link": of_bytes(b"x")}), &mut out);
        assert_eq!(&out[..6], [0xd8, 42, 0x58, 37, 0, 1]);
        assert_eq!(unbase32(&base32(b"any bytes")).as_deref(), Some(b"any bytes".as_slice()));
    }
}
