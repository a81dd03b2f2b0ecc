//! Keys of the fake provider, and what can be wrong with a signature.

use base64::{Engine, prelude::*};
use hmac::{Hmac, KeyInit, Mac};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
        RsaEncoding, RsaKeyPair,
    },
};
use serde_json::{Value, json};

/// A key of tests: it protects nothing.
const RSA: &str = include_str!("rsa.txt");

/// How an ID token is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sign {
    /// As most do.
    #[default]
    Rs256,
    /// With the same key, the other way.
    Ps256,
    /// With a key on a curve.
    Es256,
    /// With another.
    EdDsa,
    /// Not at all.
    None,
    /// With a secret that everybody knows: the public key.
    PublicAsSecret,
    /// With somebody else's key, under the name of ours.
    Stranger,
    /// As most do, and something is changed afterwards.
    Altered,
}

pub(super) struct Signer {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    stranger: EcdsaKeyPair,
    turn: u32,
}

impl Signer {
    pub fn new() -> Self {
        let der: String = RSA.split_whitespace().collect();
        let der = BASE64_STANDARD.decode(der).expect("a key of ours");
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("randomness");
        Self {
            rsa: RsaKeyPair::from_der(&der).expect("a key of ours"),
            ec: curve(),
            ed: Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a new key"),
            stranger: curve(),
            turn: 1,
        }
    }

    /// The curve's key is another from now on.
    pub fn rotate(&mut self) {
        self.ec = curve();
        self.turn += 1;
    }

    /// What the provider publishes, some of it for other uses.
    pub fn published(&self) -> Value {
        let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        let (x, y) = self.ec.public_key().as_ref()[1..].split_at(32);
        let [n, e] = [n, e].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let [x, y, ed] = [x, y, self.ed.public_key().as_ref()].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        json!({ "keys": [
            { "kty": "RSA", "kid": "for-secrets", "use": "enc", "alg": "RSA-OAEP", "n": n, "e": e },
            { "kty": "AKP", "kid": "of-tomorrow", "alg": "ML-DSA-44", "pub": "AAAA" },
            { "kty": "RSA", "kid": "rsa", "use": "sig", "n": n, "e": e },
            { "kty": "EC", "kid": format!("ec-{}", self.turn), "use": "sig", "alg": "ES256", "crv": "P-256", "x": x, "y": y },
            { "kty": "OKP", "kid": "ed", "use": "sig", "crv": "Ed25519", "x": ed },
        ] })
    }

    /// The claims as an ID token.
    pub fn sign(&self, how: Sign, claims: &Value) -> String {
        let (alg, kid) = match how {
            Sign::Rs256 | Sign::Altered => ("RS256", "rsa".to_owned()),
            Sign::Ps256 => ("PS256", "rsa".to_owned()),
            Sign::Es256 | Sign::Stranger => ("ES256", format!("ec-{}", self.turn)),
            Sign::EdDsa => ("EdDSA", "ed".to_owned()),
            Sign::None => ("none", "rsa".to_owned()),
            Sign::PublicAsSecret => ("HS256", "rsa".to_owned()),
        };
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let head = part(&json!({ "alg": alg, "kid": kid, "typ": "JWT" }));
        let text = format!("{head}.{}", part(claims));
        let signature = match how {
            Sign::Rs256 | Sign::Altered => self.rsa(&RSA_PKCS1_SHA256, &text),
            Sign::Ps256 => self.rsa(&RSA_PSS_SHA256, &text),
            Sign::Es256 => on_curve(&self.ec, &text),
            Sign::Stranger => on_curve(&self.stranger, &text),
            Sign::EdDsa => self.ed.sign(text.as_bytes()).as_ref().to_vec(),
            Sign::None => Vec::new(),
            Sign::PublicAsSecret => {
                let PublicKeyComponents { n, .. } = PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
                let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&n).expect("any length will do");
                mac.update(text.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }
        };
        let text = match how {
            Sign::Altered => {
                let mut claims = claims.clone();
                claims["groups"] = json!(["admins"]);
                format!("{head}.{}", part(&claims))
            }
            _ => text,
        };
        format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn rsa(&self, how: &'static dyn RsaEncoding, text: &str) -> Vec<u8> {
        let mut signature = vec![0; self.rsa.public().modulus_len()];
        self.rsa.sign(how, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("a key that signs");
        signature
    }
}

fn curve() -> EcdsaKeyPair {
    let (how, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let document = EcdsaKeyPair::generate_pkcs8(how, &random).expect("randomness");
    EcdsaKeyPair::from_pkcs8(how, document.as_ref(), &random).expect("a new key")
}

fn on_curve(key: &EcdsaKeyPair, text: &str) -> Vec<u8> {
    key.sign(&SystemRandom::new(), text.as_bytes()).expect("randomness").as_ref().to_vec()
}
