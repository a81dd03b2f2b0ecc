//! Events: their hash, their signature, their work, and which filters they fit.

use secp256k1::{Keypair, SECP256K1, XOnlyPublicKey, schnorr::Signature};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An event as it came.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub id: String,
    pub pubkey: String,
    pub created_at: i64,
    pub content: String,
    pub json: Value,
}

/// The keys of somebody of this name.
pub(super) fn secret(name: &str) -> Keypair {
    let seed: [u8; 32] = Sha256::digest(format!("nostr {name}")).into();
    Keypair::from_seckey_slice(SECP256K1, &seed).expect("a hash is a key, but for one in 2^128")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let even = text.len().is_multiple_of(2) && text.is_ascii();
    even.then(|| (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect())?
}

impl Event {
    pub fn read(json: &Value) -> Option<Self> {
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        let (id, pubkey, content) = (text("id")?, text("pubkey")?, text("content")?);
        Some(Self { id, pubkey, content, created_at: json["created_at"].as_i64()?, json: json.clone() })
    }

    /// Is its id the hash of what it says, and signed by its key?
    pub fn check(&self) -> Result<(), &'static str> {
        let said = json!([0, self.pubkey, self.created_at, self.json["kind"], self.json["tags"], self.content]);
        let hash: [u8; 32] = Sha256::digest(said.to_string()).into();
        if hex(&hash) != self.id {
            return Err("Bad event id");
        }
        let key = unhex(&self.pubkey).and_then(|key| XOnlyPublicKey::from_slice(&key).ok());
        let signature = self.json["sig"].as_str().and_then(unhex).and_then(|sig| Signature::from_slice(&sig).ok());
        let (Some(key), Some(signature)) = (key, signature) else { return Err("Bad signature") };
        SECP256K1.verify_schnorr(&signature, &hash, &key).map_err(|_| "Bad signature")
    }

    /// How many zero bits its id begins with.
    pub fn work(&self) -> u32 {
        let bytes = unhex(&self.id).unwrap_or_default();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        u32::try_from(8 * zeros).unwrap_or(0) + bytes.get(zeros).map_or(0, |byte| byte.leading_zeros())
    }
}

/// Does the event fit a filter?
pub(super) fn fits(filter: &Value, event: &Value) -> bool {
    let any = |name: &str, value: &Value| {
        filter[name].as_array().is_none_or(|wanted| wanted.iter().any(|wanted| wanted == value))
    };
    let created = event["created_at"].as_i64().unwrap_or_default();
    any("ids", &event["id"])
        && any("authors", &event["pubkey"])
        && any("kinds", &event["kind"])
        && filter["since"].as_i64().is_none_or(|since| created >= since)
        && filter["until"].as_i64().is_none_or(|until| created <= until)
}
