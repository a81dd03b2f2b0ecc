//! The short-lived token that every call carries, made from the integration's key.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Code, Failure};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;

use super::KEY;
use crate::Secret;

/// The longest that the site takes.
const LIFE: Duration = Duration::from_secs(5 * 60);

/// A token for one call.
///
/// # Errors
/// The key is not `id:secret` with a secret in hexadecimal.
pub(super) fn make(key: &Secret, now: Timestamp) -> Result<String, Failure> {
    let parts = key.reveal().trim().split_once(':');
    let parts = parts.and_then(|(id, secret)| Some((id, hexadecimal(secret).filter(|secret| !secret.is_empty())?)));
    let mac = parts.and_then(|(id, secret)| Some((id, Hmac::<Sha256>::new_from_slice(&secret).ok()?)));
    let Some((id, mut mac)) = mac else {
        let why = format!("secret \"{KEY}\": it is not an id, a colon and a secret in hexadecimal");
        return Err(Failure::system(Code::CREDENTIALS_MISSING, "sign", why));
    };
    let issued = now.as_second();
    let expires = issued.saturating_add(LIFE.as_secs() as i64);
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": id });
    let claims = json!({ "iat": issued, "exp": expires, "aud": "/admin/" });
    let encoded = |part: String| URL_SAFE_NO_PAD.encode(part);
    let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
    mac.update(signed.as_bytes());
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_who_for_how_long_and_for_what() {
        let token = make(&Secret::new("0a1b:00ff"), Timestamp::from_second(1000).unwrap()).unwrap();
        let parts: Vec<_> = token.split('.').collect();
        let json = |part: &str| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        assert_eq!(json(parts[0]), json!({"alg": "HS256", "typ": "JWT", "kid": "0a1b"}));
        assert_eq!(json(parts[1]), json!({"iat": 1000, "exp": 1300, "aud": "/admin/"}));
        assert_eq!(parts.len(), 3);
    }

    #[test]
    fn a_key_that_is_none_is_named_and_not_shown() {
        for key in ["hush", "hush:", "id:hush", "id:abc", "id:äb"] {
            let failure = make(&Secret::new(key), Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!(failure.code, Code::CREDENTIALS_MISSING, "{key}");
            assert!(!failure.said.text.contains("hush") && failure.said.text.contains(KEY), "{failure:?}");
        }
    }
}
