//! Integrations and the tokens that their owners make.

use std::{collections::HashSet, sync::Mutex};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error;
use crate::fake::{Answer, Ask, lock};

/// A token may not be older, seconds, whatever it says of itself.
const OLDEST: i64 = 300;

/// Integrations that are gone, and those whose next token counts as ended.
#[derive(Default)]
pub(super) struct Access {
    revoked: Mutex<HashSet<String>>,
    expired: Mutex<HashSet<String>>,
}

impl Access {
    pub(super) fn revoke(&self, name: &str) {
        lock(&self.revoked).insert(name.to_owned());
    }

    pub(super) fn expire(&self, name: &str) {
        lock(&self.expired).insert(name.to_owned());
    }

    pub(super) fn restore(&self, name: &str) {
        lock(&self.revoked).remove(name);
        lock(&self.expired).remove(name);
    }

    /// The integration, or the refusal.
    pub(super) fn check(&self, ask: &Ask, now: Timestamp) -> Result<String, Answer> {
        let Some(token) = token(ask) else {
            let context =
                Some("Unable to determine the authenticated user or integration. Check that cookies are being passed.");
            return Err(error(403, "NoPermissionError", None, "Authorization failed", context));
        };
        let garbage = || error(400, "BadRequestError", Some("INVALID_JWT"), "Invalid token", None);
        let (signed, signature) = token.rsplit_once('.').ok_or_else(garbage)?;
        let (header, claims) = signed.split_once('.').ok_or_else(garbage)?;
        let (header, claims) = (part(header).ok_or_else(garbage)?, part(claims).ok_or_else(garbage)?);
        let unknown = || error(401, "UnauthorizedError", Some("UNKNOWN_ADMIN_API_KEY"), "Unknown Admin API Key", None);
        let name = header["kid"].as_str().and_then(name_of).ok_or_else(unknown)?;
        if lock(&self.revoked).contains(&name) {
            return Err(unknown());
        }
        let invalid =
            |why: &str| error(401, "UnauthorizedError", Some("INVALID_JWT"), &format!("Invalid token: {why}"), None);
        if header["alg"] != "HS256" || !is_signed(&name, signed, signature) {
            return Err(invalid("invalid signature"));
        }
        if claims["aud"] != "/admin/" {
            return Err(invalid("jwt audience invalid. expected: /\\/?admin\\/?$/"));
        }
        let number = |name: &str| claims[name].as_i64().unwrap_or_default();
        let ended = lock(&self.expired).remove(&name) || number("exp") <= now.as_second();
        if ended || number("iat") + OLDEST < now.as_second() {
            return Err(invalid("jwt expired"));
        }
        Ok(name)
    }
}

/// `id:secret`.
pub(super) fn key(name: &str) -> String {
    let id: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    let secret: String = secret(name).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{id:0<24}:{secret}")
}

/// Whose token a call carries, working or not.
pub(super) fn named(ask: &Ask) -> Option<String> {
    let header = part(token(ask)?.split('.').next()?)?;
    name_of(header["kid"].as_str()?)
}

fn token(ask: &Ask) -> Option<&str> {
    ask.header("authorization")?.strip_prefix("Ghost ")
}

fn name_of(id: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> =
        (0..id.len()).step_by(2).map(|at| u8::from_str_radix(id.get(at..at + 2)?, 16).ok()).collect();
    let name = String::from_utf8(bytes?).ok()?;
    Some(name.trim_end_matches('\0').to_owned()).filter(|name| !name.is_empty())
}

fn secret(name: &str) -> [u8; 32] {
    Sha256::digest(format!("the secret of {name}")).into()
}

fn is_signed(name: &str, signed: &str, signature: &str) -> bool {
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    let mac = Hmac::<Sha256>::new_from_slice(&secret(name)).ok();
    mac.is_some_and(|mut mac| {
        mac.update(signed.as_bytes());
        mac.verify_slice(&signature).is_ok()
    })
}

fn part(encoded: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}
