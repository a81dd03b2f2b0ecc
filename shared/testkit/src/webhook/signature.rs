//! Checking a Standard Webhooks signature, written from the specification and not from our sender.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Knobs;
use crate::fake::Ask;

/// Says why the call is not to be believed.
pub(super) fn check(ask: &Ask, knobs: &Knobs) -> Result<(), &'static str> {
    let header = |name| ask.header(name).ok_or("webhook-id, webhook-timestamp and webhook-signature are required");
    let (id, timestamp, signatures) =
        (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    if id.is_empty() || id.contains('.') {
        return Err("webhook-id must be a text without a dot");
    }
    let sent: i64 = timestamp.parse().map_err(|_| "webhook-timestamp must be whole seconds")?;
    if sent.abs_diff(ask.at.as_second()) > knobs.tolerance_s {
        return Err("webhook-timestamp is too far from now");
    }
    let secret = knobs.secret.strip_prefix("whsec_").and_then(|secret| STANDARD.decode(secret).ok());
    let secret = secret.ok_or("the receiver's own secret is not whsec_ and base64")?;
    let valid = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,")).any(|signature| {
        let (Ok(signature), Ok(mut mac)) = (STANDARD.decode(signature), Hmac::<Sha256>::new_from_slice(&secret)) else {
            return false;
        };
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", &ask.body] {
            mac.update(part);
        }
        mac.verify_slice(&signature).is_ok()
    });
    if valid { Ok(()) } else { Err("no signature is right") }
}
