//! Whether an ID token is to be believed. Pure.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{
    AlgorithmFamily, DecodingKey, Header, Validation, decode, decode_header,
    jwk::{Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde_json::{Map, Value};

use crate::{Claims, Doubt, signature};

/// How far the provider's clock may be from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// How old an ID token may be that was just asked for. Some providers date them five minutes back.
const OLDEST: SignedDuration = SignedDuration::from_mins(15);

/// What an ID token must be like.
pub(crate) struct Expected<'e> {
    pub issuer: &'e str,
    pub client_id: &'e str,
    pub nonce: &'e str,
    pub now: Timestamp,
}

/// What an ID token says, if it is signed by one of `keys` and is what was expected.
pub(crate) fn verify(token: &str, keys: &[Jwk], expected: &Expected<'_>) -> Result<Claims, Doubt> {
    let claims = signed(token, keys)?;
    expected.check(&claims)?;
    Ok(Claims::new(claims))
}

/// What was signed by one of `keys`.
fn signed(token: &str, keys: &[Jwk]) -> Result<Map<String, Value>, Doubt> {
    signature::install();
    let header = decode_header(token).map_err(|_| Doubt::Unreadable)?;
    if !signature::proves(header.alg) {
        return Err(Doubt::Algorithm(format!("{:?}", header.alg)));
    }
    // Something that we must understand, and do not.
    if header.crit.is_some() {
        return Err(Doubt::Unreadable);
    }
    // Times, issuer and audience are judged below, by our own clock.
    let mut only_signature = Validation::new(header.alg);
    only_signature.required_spec_claims.clear();
    (only_signature.validate_exp, only_signature.validate_aud) = (false, false);
    let mut doubt = Doubt::Key;
    for key in keys.iter().filter(|key| may_have_signed(key, &header)) {
        let Ok(key) = DecodingKey::from_jwk(key) else { continue };
        if key.family() != header.alg.family() {
            continue;
        }
        match decode::<Map<String, Value>>(token, &key, &only_signature) {
            Ok(decoded) => return Ok(decoded.claims),
            Err(_) => doubt = Doubt::Signature,
        }
    }
    Err(doubt)
}

/// Whether a key is for signing, and of a kind that proves who has signed.
pub(crate) fn can_sign(key: &Jwk) -> bool {
    key.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
        && DecodingKey::from_jwk(key).is_ok_and(|key| key.family() != AlgorithmFamily::Hmac)
}

fn may_have_signed(key: &Jwk, header: &Header) -> bool {
    let common = &key.common;
    can_sign(key)
        && common.key_algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::from(header.alg))
        && header.kid.as_ref().is_none_or(|kid| common.key_id.as_ref() == Some(kid))
}

impl Expected<'_> {
    fn check(&self, claims: &Map<String, Value>) -> Result<(), Doubt> {
        let text = |name: &'static str| claims.get(name).and_then(Value::as_str).ok_or(Doubt::Missing(name));
        let issuer = text("iss")?;
        if issuer != self.issuer {
            return Err(Doubt::Issuer { found: issuer.chars().take(200).collect(), wanted: self.issuer.into() });
        }
        if !self.is_for_us(claims) {
            return Err(Doubt::Audience);
        }
        if text("nonce")? != self.nonce {
            return Err(Doubt::Nonce);
        }
        if text("sub")?.is_empty() {
            return Err(Doubt::Missing("sub"));
        }
        self.check_times(claims)
    }

    /// For us alone, or among others with us as the one who asked.
    fn is_for_us(&self, claims: &Map<String, Value>) -> bool {
        let azp = claims.get("azp");
        let is_named = azp.is_some_and(|azp| azp.as_str() == Some(self.client_id));
        match claims.get("aud") {
            Some(Value::String(aud)) => aud == self.client_id && (azp.is_none() || is_named),
            Some(Value::Array(all)) => {
                let has_us = all.iter().any(|aud| aud.as_str() == Some(self.client_id));
                has_us && if all.len() > 1 { is_named } else { azp.is_none() || is_named }
            }
            _ => false,
        }
    }

    fn check_times(&self, claims: &Map<String, Value>) -> Result<(), Doubt> {
        let ends = time(claims, "exp").ok_or(Doubt::Missing("exp"))?;
        let made = time(claims, "iat").ok_or(Doubt::Missing("iat"))?;
        let from = time(claims, "nbf").unwrap_or(made);
        let behind = |time: Timestamp, span: SignedDuration| self.now.duration_since(time) >= span;
        if behind(ends, SKEW) || behind(made, OLDEST) {
            return Err(Doubt::Expired);
        }
        let ahead = |time: Timestamp| time.duration_since(self.now) > SKEW;
        if ahead(made) || ahead(from) { Err(Doubt::Early) } else { Ok(()) }
    }
}

/// Seconds since 1970, which some write with a fraction.
fn time(claims: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    let value = claims.get(name)?;
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    Timestamp::from_second(seconds).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_780_000_000;

    fn check(change: Value) -> Result<(), Doubt> {
        let mut claims = json!({
            "iss": "https://login.example", "aud": "us", "sub": "1", "nonce": "n", "iat": NOW, "exp": NOW + 300,
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let now = Timestamp::from_second(NOW).unwrap();
        let expected = Expected { issuer: "https://login.example", client_id: "us", nonce: "n", now };
        expected.check(claims.as_object().unwrap())
    }

    #[test]
    fn an_id_token_is_for_us() {
        for fine in
            [json!({}), json!({"aud": ["us"]}), json!({"azp": "us"}), json!({"aud": ["us", "api"], "azp": "us"})]
        {
            assert_eq!(check(fine.clone()), Ok(()), "{fine}");
        }
        for foreign in [
            json!({"aud": "them"}),
            json!({"aud": ["them"]}),
            json!({"aud": []}),
            json!({"aud": null}),
            json!({"aud": ["us", "api"]}),
            json!({"aud": ["us", "api"], "azp": "api"}),
            json!({"azp": "them"}),
            json!({"azp": 1}),
        ] {
            assert_eq!(check(foreign.clone()), Err(Doubt::Audience), "{foreign}");
        }
    }

    #[test]
    fn an_id_token_is_of_now_give_or_take_a_minute() {
        for (change, judged) in [
            (json!({"exp": NOW - 59}), Ok(())),
            (json!({"exp": NOW - 60}), Err(Doubt::Expired)),
            (json!({"iat": NOW - 899}), Ok(())),
            (json!({"iat": NOW - 900}), Err(Doubt::Expired)),
            (json!({"iat": NOW + 60}), Ok(())),
            (json!({"iat": NOW + 61}), Err(Doubt::Early)),
            (json!({"nbf": NOW + 61}), Err(Doubt::Early)),
            (json!({"iat": NOW as f64 + 0.5}), Ok(())),
            (json!({"exp": null}), Err(Doubt::Missing("exp"))),
            (json!({"iat": "today"}), Err(Doubt::Missing("iat"))),
        ] {
            assert_eq!(check(change.clone()), judged, "{change}");
        }
    }

    #[test]
    fn an_id_token_is_of_this_provider_login_and_somebody() {
        for (change, doubt) in [
            (json!({"nonce": "m"}), Doubt::Nonce),
            (json!({"nonce": null}), Doubt::Missing("nonce")),
            (json!({"sub": ""}), Doubt::Missing("sub")),
            (json!({"sub": 7}), Doubt::Missing("sub")),
            (json!({"iss": null}), Doubt::Missing("iss")),
        ] {
            assert_eq!(check(change.clone()), Err(doubt), "{change}");
        }
        assert!(matches!(check(json!({"iss": "https://login.example/"})), Err(Doubt::Issuer { .. })));
    }

    proptest::proptest! {
        #[test]
        fn garbage_is_no_id_token(token in "[ -~]{0,80}|[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}") {
            let now = Timestamp::from_second(NOW).unwrap();
            let expected = Expected { issuer: "https://login.example", client_id: "us", nonce: "n", now };
            proptest::prop_assert!(verify(&token, &[], &expected).is_err());
        }
    }
}
