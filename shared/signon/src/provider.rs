//! A provider: where people are sent, and what it says of those who come back.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use jsonwebtoken::jwk::Jwk;
use reqwest::{Client, RequestBuilder, header};
use runtime::Runtime;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use crate::{
    Claims, Doubt, Pending, SignOnError, Unusable,
    id_token::{self, Expected},
    kept::{Kept, LEARNT},
    metadata::{Metadata, is_here},
    web,
};

/// What we are to a provider.
#[derive(Clone)]
pub struct Options {
    /// What the provider calls itself, to the letter.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What it knows us by; none: we are a public client, and known by PKCE alone.
    pub client_secret: Option<String>,
    /// What it is asked to tell; `openid` must be among it.
    pub scopes: Vec<String>,
    /// Where it sends people back to, to the letter as it knows it.
    pub redirect: Url,
    /// The claims that matter. If one is not in the ID token, the provider is asked for what else it says of the person.
    pub wanted: BTreeSet<String>,
}

/// A provider. Cheap to clone; all clones share what they have learnt of it.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    options: Options,
    http: Client,
    runtime: Runtime,
    metadata: Kept<Metadata>,
    keys: Kept<Vec<Jwk>>,
}

/// The answer for a code.
#[derive(Deserialize)]
struct Granted {
    id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

impl Provider {
    /// A provider, of which nothing is asked yet.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(options: Options, runtime: Runtime) -> Result<Self, Unusable> {
        let here = Url::parse(&options.issuer).is_ok_and(|url| is_here(&url));
        let http = web::client(here)?;
        Ok(Self(Arc::new(Inner { options, http, runtime, metadata: Kept::default(), keys: Kept::default() })))
    }

    /// Begins a login: where the browser is to go, and what must be known again when it comes back.
    ///
    /// # Errors
    /// The provider does not say where.
    pub async fn begin(&self) -> Result<(Url, Pending), SignOnError> {
        let metadata = self.metadata().await?;
        let Inner { options, runtime, .. } = &*self.0;
        let pending = Pending::new(runtime);
        let mut url = metadata.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &options.client_id)
            .append_pair("redirect_uri", options.redirect.as_str())
            .append_pair("scope", &options.scopes.join(" "))
            .append_pair("state", &pending.state)
            .append_pair("nonce", &pending.nonce)
            .append_pair("code_challenge", &pending.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok((url, pending))
    }

    /// Ends a login that was begun: takes the code to the provider, and checks what it says. `issuer`: who the answer says that it is from, if it
    /// does. Whether the answer is to this login ([`Pending::is_of`]), the caller has found out.
    ///
    /// # Errors
    /// The provider does not answer, refuses the code, or is not believed.
    pub async fn finish(&self, pending: &Pending, code: &str, issuer: Option<&str>) -> Result<Claims, SignOnError> {
        let metadata = self.metadata().await?;
        let wanted = &self.0.options.issuer;
        let must_say = metadata.authorization_response_iss_parameter_supported;
        if (must_say || issuer.is_some()) && issuer != Some(wanted) {
            let found = web::plain(issuer.unwrap_or("nobody"));
            return Err(Doubt::Issuer { found, wanted: wanted.clone() }.into());
        }
        let granted: Granted = web::ask("ID token", self.exchange(&metadata, pending, code)).await?;
        let mut claims = self.verify(&granted.id_token, pending).await?;
        if self.0.options.wanted.iter().any(|name| !claims.has(name))
            && let (Some(url), Some(token)) = (&metadata.userinfo_endpoint, &granted.access_token)
        {
            claims.add(self.more(url, token, &claims).await);
        }
        Ok(claims)
    }

    /// Where people end their login at the provider itself, if it has such a place.
    ///
    /// # Errors
    /// The provider does not say.
    pub async fn end(&self) -> Result<Option<Url>, SignOnError> {
        let metadata = self.metadata().await?;
        Ok(metadata.end_session_endpoint.clone().map(|mut url| {
            url.query_pairs_mut().append_pair("client_id", &self.0.options.client_id);
            url
        }))
    }

    /// Whether the provider answers, is who the settings say, and publishes keys that sign: says how many.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn examine(&self) -> Result<usize, SignOnError> {
        let keys = self.keys(LEARNT).await?;
        match keys.len() {
            0 => Err(SignOnError::Silent {
                what: "keys",
                why: "it publishes none that an ID token could be signed with".into(),
            }),
            keys => Ok(keys),
        }
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, SignOnError> {
        let Inner { options: Options { issuer, .. }, http, runtime, metadata, .. } = &*self.0;
        let silent = |why| SignOnError::Silent { what: "description", why };
        let ask = async {
            let address = Metadata::address(issuer).map_err(silent)?;
            let told: Metadata = web::ask("description", http.get(address)).await?;
            told.check(issuer).map_err(silent)?;
            Ok(told)
        };
        metadata.get(runtime, LEARNT, ask).await
    }

    /// The provider's keys, as they were `most` ago at the latest.
    async fn keys(&self, most: Duration) -> Result<Arc<Vec<Jwk>>, SignOnError> {
        let metadata = self.metadata().await?;
        let Inner { http, runtime, keys, .. } = &*self.0;
        let ask = async {
            let told: KeySet = web::ask("keys", http.get(metadata.jwks_uri.clone())).await?;
            // Among them may be some of kinds that we do not know, and need not.
            let keys = told.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
            Ok(keys.filter(id_token::can_sign).collect())
        };
        keys.get(runtime, most, ask).await
    }

    /// What the ID token says. The provider may have changed its keys since we asked: then it is asked again, once.
    async fn verify(&self, token: &str, pending: &Pending) -> Result<Claims, SignOnError> {
        let Options { issuer, client_id, .. } = &self.0.options;
        let expected = Expected { issuer, client_id, nonce: &pending.nonce, now: self.0.runtime.now() };
        match id_token::verify(token, &self.keys(LEARNT).await?, &expected) {
            Err(Doubt::Key | Doubt::Signature) => {
                let keys = self.keys(Duration::ZERO).await?;
                Ok(id_token::verify(token, &keys, &expected)?)
            }
            judged => Ok(judged?),
        }
    }

    /// The request that gives an ID token for a code.
    fn exchange(&self, metadata: &Metadata, pending: &Pending, code: &str) -> RequestBuilder {
        let Inner { options, http, .. } = &*self.0;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", options.redirect.as_str()),
            ("code_verifier", pending.verifier()),
        ];
        let request = http.post(metadata.token_endpoint.clone());
        match &options.client_secret {
            Some(secret) if metadata.takes_basic() => {
                // Both are written as in a form first (RFC 6749, 2.3.1).
                let written = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", written(&options.client_id), written(secret));
                request.header(header::AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(pair))).form(&form)
            }
            secret => {
                form.push(("client_id", &options.client_id));
                form.extend(secret.as_ref().map(|secret| ("client_secret", secret.as_str())));
                request.form(&form)
            }
        }
    }

    /// What the provider says of the same person besides the ID token. Without it less is known, and nothing wrong.
    async fn more(&self, url: &Url, token: &str, claims: &Claims) -> Map<String, Value> {
        let told = web::ask::<Map<String, Value>>("userinfo", self.0.http.get(url.clone()).bearer_auth(token)).await;
        match told {
            Ok(told) if told.get("sub").and_then(Value::as_str) == Some(claims.subject()) => told,
            Ok(_) => {
                tracing::warn!("the provider's userinfo is of another person than the ID token, and is left aside");
                Map::new()
            }
            Err(error) => {
                tracing::warn!(%error, "the provider's userinfo cannot be had: only the ID token is gone by");
                Map::new()
            }
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Provider").field(&self.0.options.issuer).finish()
    }
}
