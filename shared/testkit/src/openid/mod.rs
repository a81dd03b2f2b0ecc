//! An OpenID Connect provider with one person, who agrees to everything: real signatures, and whatever can be wrong with an answer.

mod signer;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Form, Json, Router,
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::*};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::port::Port;
pub use signer::Sign;
use signer::Signer;

/// What can be set about it.
#[derive(Debug, Clone)]
pub struct Knobs {
    /// What it says of the person in the ID token.
    pub person: Value,
    /// What it says besides, to whoever asks; null: it has no such address.
    pub userinfo: Value,
    /// How it signs.
    pub sign: Sign,
    /// Claims that are put over those of the ID token; null takes one away.
    pub change: Value,
    /// The error that it sends people back with, and its words.
    pub denies: Option<(String, String)>,
    /// It takes no code.
    pub refuses: bool,
    /// Every call is answered with this status.
    pub fails: Option<u16>,
    /// What it calls itself, if that is not the address that it was called at.
    pub calls_itself: Option<String>,
    /// Who it says that an answer comes from; none: it does not say.
    pub says_issuer: Option<String>,
    /// It takes the client's secret in the form only.
    pub secret_in_form: bool,
    /// How many seconds its clock is ahead.
    pub ahead: i64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            person: json!({
                "sub": "248289761001", "email": "anna@acme.example", "email_verified": true, "groups": ["ops", "everybody"],
            }),
            userinfo: Value::Null,
            sign: Sign::default(),
            change: json!({}),
            denies: None,
            refuses: false,
            fails: None,
            calls_itself: None,
            says_issuer: None,
            secret_in_form: false,
            ahead: 0,
        }
    }
}

struct Inner {
    port: Port,
    knobs: Mutex<Knobs>,
    signer: Mutex<Signer>,
    /// What was asked with each code that is good.
    codes: Mutex<BTreeMap<String, BTreeMap<String, String>>>,
    calls: Mutex<Vec<String>>,
    task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// The provider. Stops when dropped.
pub struct OpenId(Arc<Inner>);

type Shared = State<Arc<Inner>>;

impl OpenId {
    /// What it calls its client.
    pub const CLIENT: &str = "oncepost console";
    /// What it knows the client by.
    pub const SECRET: &str = "a secret: with/odd+letters";

    /// Starts on a free port.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub async fn start() -> Self {
        Self::on_port(0).await.expect("a free port on loopback")
    }

    /// Starts on `port`, or on a free one if it is 0.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn on_port(port: u16) -> std::io::Result<Self> {
        let provider = Self(Arc::new(Inner {
            port: Port::take(port)?,
            knobs: Mutex::default(),
            signer: Mutex::new(Signer::new()),
            codes: Mutex::default(),
            calls: Mutex::default(),
            task: Mutex::default(),
        }));
        provider.come_back()?;
        Ok(provider)
    }

    /// What it calls itself, unless it is told otherwise.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.0.port.address())
    }

    /// Changes how it behaves from now on.
    pub fn set(&self, change: impl FnOnce(&mut Knobs)) {
        change(&mut lock(&self.0.knobs));
    }

    /// Signs with a new key on the curve, and publishes the old one no more.
    pub fn rotate(&self) {
        lock(&self.0.signer).rotate();
    }

    /// The paths that were called so far.
    pub fn calls(&self) -> Vec<String> {
        lock(&self.0.calls).clone()
    }

    /// Goes where a browser is sent, and tells where that leads.
    ///
    /// # Panics
    /// It leads nowhere.
    pub async fn visit(&self, address: &str) -> Url {
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let answer = browser.get(address).send().await.expect("an answer");
        let location = answer.headers().get(header::LOCATION).and_then(|location| location.to_str().ok()?.parse().ok());
        location.unwrap_or_else(|| panic!("{address} leads nowhere: {}", answer.status()))
    }

    /// Nobody listens until [`OpenId::come_back`].
    pub async fn go_dark(&self) {
        let task = lock(&self.0.task).take();
        if let Some(task) = task {
            task.abort();
            let _ = task.await;
        }
    }

    /// Ends what [`OpenId::go_dark`] began.
    ///
    /// # Errors
    /// If the port cannot be listened on.
    pub fn come_back(&self) -> std::io::Result<()> {
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .route("/userinfo", get(userinfo))
            .route("/end", get(end))
            .layer(middleware::from_fn_with_state(self.0.clone(), written_down))
            .with_state(self.0.clone());
        let listener = self.0.port.listen()?;
        *lock(&self.0.task) = Some(tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        }));
        Ok(())
    }
}

impl Drop for OpenId {
    fn drop(&mut self) {
        if let Some(task) = lock(&self.0.task).take() {
            task.abort();
        }
    }
}

impl Inner {
    fn knobs(&self) -> Knobs {
        lock(&self.knobs).clone()
    }
}

/// The address that it was called at: this machine has several names, and for a browser each is another site.
fn called(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or_default())
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn written_down(State(inner): Shared, request: Request, next: Next) -> Response {
    lock(&inner.calls).push(request.uri().path().to_owned());
    match inner.knobs().fails.and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) => (status, "out of order").into_response(),
        None => next.run(request).await,
    }
}

async fn describe(State(inner): Shared, headers: HeaderMap) -> Json<Value> {
    let (issuer, knobs) = (called(&headers), inner.knobs());
    let mut told = json!({
        "issuer": knobs.calls_itself.as_ref().unwrap_or(&issuer),
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "end_session_endpoint": format!("{issuer}/end"),
        "response_types_supported": ["code"],
        "authorization_response_iss_parameter_supported": knobs.says_issuer.is_some(),
    });
    if !knobs.userinfo.is_null() {
        told["userinfo_endpoint"] = json!(format!("{issuer}/userinfo"));
    }
    if knobs.secret_in_form {
        told["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    }
    Json(told)
}

async fn authorize(State(inner): Shared, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let get = |name: &str| asked.get(name).map_or("", String::as_str);
    let Ok(mut back) = Url::parse(get("redirect_uri")) else {
        return (StatusCode::BAD_REQUEST, "no redirect_uri").into_response();
    };
    let is_asked_well = get("response_type") == "code"
        && get("client_id") == OpenId::CLIENT
        && get("code_challenge_method") == "S256"
        && get("scope").split(' ').any(|scope| scope == "openid")
        && !get("nonce").is_empty();
    if !is_asked_well {
        return (StatusCode::BAD_REQUEST, "not asked as it should be").into_response();
    }
    let knobs = inner.knobs();
    let mut query = back.query_pairs_mut();
    match &knobs.denies {
        Some((error, words)) => query.append_pair("error", error).append_pair("error_description", words),
        None => {
            let code = format!("{:032x}", rand::random::<u128>());
            lock(&inner.codes).insert(code.clone(), asked.clone());
            query.append_pair("code", &code)
        }
    };
    query.append_pair("state", get("state"));
    if let Some(issuer) = &knobs.says_issuer {
        query.append_pair("iss", issuer);
    }
    drop(query);
    Redirect::to(back.as_str()).into_response()
}

async fn token(State(inner): Shared, headers: HeaderMap, Form(form): Form<BTreeMap<String, String>>) -> Response {
    let refused = |error: &str, words: &str| {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": error, "error_description": words }))).into_response()
    };
    let get = |name: &str| form.get(name).map_or("", String::as_str);
    let knobs = inner.knobs();
    let is_known = match knobs.secret_in_form {
        true => get("client_id") == OpenId::CLIENT && get("client_secret") == OpenId::SECRET,
        false => basic(&headers).is_some_and(|(id, secret)| id == OpenId::CLIENT && secret == OpenId::SECRET),
    };
    if !is_known {
        return refused("invalid_client", "this is not the client's secret");
    }
    let Some(asked) = lock(&inner.codes).remove(get("code")) else {
        return refused("invalid_grant", "there is no such code, or not any more");
    };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier")));
    if knobs.refuses || asked["code_challenge"] != challenge || asked["redirect_uri"] != get("redirect_uri") {
        return refused("invalid_grant", "this is not the code's caller");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() as i64) + knobs.ahead;
    let mut claims = json!({
        "iss": called(&headers), "aud": OpenId::CLIENT, "nonce": asked["nonce"], "iat": now, "exp": now + 300,
    });
    for said in [&knobs.person, &knobs.change] {
        for (name, value) in said.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
    }
    if let Some(claims) = claims.as_object_mut() {
        claims.retain(|_, value| !value.is_null());
    }
    let id_token = lock(&inner.signer).sign(knobs.sign, &claims);
    Json(json!({ "access_token": "for-userinfo", "token_type": "Bearer", "expires_in": 300, "id_token": id_token }))
        .into_response()
}

/// Who calls, written as in a form each.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
    let read = |part: &str| url::form_urlencoded::parse(part.as_bytes()).next().map(|(text, _)| text.into_owned());
    let (id, secret) = text.split_once(':')?;
    Some((read(id)?, read(secret)?))
}

async fn keys(State(inner): Shared) -> Json<Value> {
    Json(lock(&inner.signer).published())
}

async fn userinfo(State(inner): Shared, headers: HeaderMap) -> Response {
    match headers.get(header::AUTHORIZATION).map(|value| value.as_bytes()) {
        Some(b"Bearer for-userinfo") => Json(inner.knobs().userinfo).into_response(),
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn end() -> Html<&'static str> {
    Html("<!doctype html><title>Logged out</title><h1>You are logged out at the provider</h1>")
}
