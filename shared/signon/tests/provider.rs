//! Logins against a provider that signs for real, and does wrong what it is told to.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use oncepost_signon::{Claims, Doubt, Options, Pending, Provider, SignOnError};
use runtime::Runtime;
use serde_json::{Value, json};
use testkit::{
    OpenId,
    openid::{Knobs, Sign},
};
use url::Url;

const REDIRECT: &str = "http://127.0.0.1:8380/login/oidc/callback";

fn options(fake: &OpenId) -> Options {
    Options {
        issuer: fake.issuer(),
        client_id: OpenId::CLIENT.into(),
        client_secret: Some(OpenId::SECRET.into()),
        scopes: ["openid", "email"].map(str::to_owned).into(),
        redirect: REDIRECT.parse().unwrap(),
        wanted: BTreeSet::from(["groups".to_owned()]),
    }
}

fn provider(fake: &OpenId) -> Provider {
    Provider::new(options(fake), Runtime::system()).unwrap()
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The login of the one person, by way of the provider.
async fn log_in(provider: &Provider, fake: &OpenId) -> Result<Claims, SignOnError> {
    let (there, pending) = provider.begin().await?;
    let back = fake.visit(there.as_str()).await;
    finish(provider, &pending, &back).await
}

async fn finish(provider: &Provider, pending: &Pending, back: &Url) -> Result<Claims, SignOnError> {
    assert!(back.as_str().starts_with(REDIRECT) && pending.is_of(&parameter(back, "state").unwrap()), "{back}");
    provider.finish(pending, &parameter(back, "code").unwrap(), parameter(back, "iss").as_deref()).await
}

/// What comes of a login while the provider behaves so.
async fn outcome(change: impl FnOnce(&mut Knobs)) -> Result<Claims, SignOnError> {
    let fake = OpenId::start().await;
    fake.set(change);
    log_in(&provider(&fake), &fake).await
}

async fn doubt(change: impl FnOnce(&mut Knobs)) -> Doubt {
    match outcome(change).await {
        Err(SignOnError::Doubtful(doubt)) => doubt,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_person_is_known_by_whatever_the_provider_signs_with() {
    for sign in [Sign::Rs256, Sign::Ps256, Sign::Es256, Sign::EdDsa] {
        let claims = outcome(|knobs| knobs.sign = sign).await.unwrap();
        assert_eq!(claims.name(), "anna@acme.example", "{sign:?}");
        assert_eq!(
            (claims.subject(), claims.values("groups")),
            ("248289761001", vec!["ops".into(), "everybody".into()])
        );
    }
}

#[tokio::test]
async fn what_proves_nothing_is_not_believed() {
    assert_eq!(doubt(|knobs| knobs.sign = Sign::None).await, Doubt::Unreadable);
    assert_eq!(doubt(|knobs| knobs.sign = Sign::PublicAsSecret).await, Doubt::Algorithm("HS256".into()));
    assert_eq!(doubt(|knobs| knobs.sign = Sign::Stranger).await, Doubt::Signature);
    assert_eq!(doubt(|knobs| knobs.sign = Sign::Altered).await, Doubt::Signature);
}

#[tokio::test]
async fn an_id_token_for_another_time_client_provider_or_login_is_not_believed() {
    let now = Runtime::system().now().as_second();
    let with = |change: Value| move |knobs: &mut Knobs| knobs.change = change;
    assert_eq!(doubt(with(json!({"aud": "another"}))).await, Doubt::Audience);
    assert_eq!(doubt(with(json!({"aud": [OpenId::CLIENT, "another"], "azp": "another"}))).await, Doubt::Audience);
    assert_eq!(doubt(with(json!({"nonce": "another"}))).await, Doubt::Nonce);
    assert_eq!(doubt(with(json!({"nonce": null}))).await, Doubt::Missing("nonce"));
    assert_eq!(doubt(with(json!({"exp": now - 600}))).await, Doubt::Expired);
    assert_eq!(doubt(with(json!({"iat": now + 600}))).await, Doubt::Early);
    assert!(matches!(doubt(with(json!({"iss": "https://evil.example"}))).await, Doubt::Issuer { .. }));
    let skewed = outcome(|knobs| knobs.ahead = 45).await;
    assert!(skewed.is_ok(), "a clock may be a little wrong: {skewed:?}");
}

#[tokio::test]
async fn a_code_is_good_once_and_with_its_own_verifier() {
    let fake = OpenId::start().await;
    let provider = provider(&fake);
    let (there, pending) = provider.begin().await.unwrap();
    let back = fake.visit(there.as_str()).await;
    let (_, another) = provider.begin().await.unwrap();
    let code = parameter(&back, "code").unwrap();
    let is_refused = |outcome| matches!(outcome, Err(SignOnError::Refused { code, .. }) if code == "invalid_grant");
    assert!(is_refused(provider.finish(&another, &code, None).await), "somebody else's code");
    let back = fake.visit(there.as_str()).await;
    finish(&provider, &pending, &back).await.unwrap();
    assert!(is_refused(finish(&provider, &pending, &back).await), "a replay");
}

#[tokio::test]
async fn nothing_is_asked_before_somebody_logs_in_and_little_after() {
    let fake = OpenId::start().await;
    let provider = provider(&fake);
    assert!(fake.calls().is_empty());
    for _ in 0..2 {
        log_in(&provider, &fake).await.unwrap();
    }
    let asked = |path: &str| fake.calls().iter().filter(|call| *call == path).count();
    assert_eq!((asked("/.well-known/openid-configuration"), asked("/keys"), asked("/token")), (1, 1, 2));
}

#[tokio::test]
async fn keys_that_were_changed_are_asked_after() {
    let fake = OpenId::start().await;
    fake.set(|knobs| knobs.sign = Sign::Es256);
    let provider = provider(&fake);
    log_in(&provider, &fake).await.unwrap();
    fake.rotate();
    log_in(&provider, &fake).await.unwrap();
    assert_eq!(fake.calls().iter().filter(|call| *call == "/keys").count(), 2);
}

#[tokio::test]
async fn the_provider_that_an_answer_names_is_ours() {
    let fake = OpenId::start().await;
    let provider = provider(&fake);
    fake.set(|knobs| knobs.says_issuer = Some("https://evil.example".into()));
    let mixed_up = log_in(&provider, &fake).await;
    assert!(matches!(mixed_up, Err(SignOnError::Doubtful(Doubt::Issuer { .. }))), "{mixed_up:?}");
    assert!(!fake.calls().contains(&"/token".to_owned()), "it is not given the code");
    let issuer = fake.issuer();
    fake.set(|knobs| knobs.says_issuer = Some(issuer));
    log_in(&provider, &fake).await.unwrap();
    let (there, pending) = provider.begin().await.unwrap();
    let back = fake.visit(there.as_str()).await;
    let silent = provider.finish(&pending, &parameter(&back, "code").unwrap(), None).await;
    assert!(matches!(silent, Err(SignOnError::Doubtful(Doubt::Issuer { .. }))), "it says that it always names itself");
}

#[tokio::test]
async fn what_the_id_token_leaves_out_is_asked_for_if_it_matters() {
    let short = json!({"sub": "248289761001"});
    let more = json!({"sub": "248289761001", "groups": ["ops"], "nonce": "x"});
    let claims = outcome(|knobs| (knobs.person, knobs.userinfo) = (short.clone(), more.clone())).await.unwrap();
    assert_eq!(claims.values("groups"), ["ops"]);
    let of_another = json!({"sub": "1", "groups": ["admins"]});
    let claims = outcome(|knobs| (knobs.person, knobs.userinfo) = (short.clone(), of_another)).await.unwrap();
    assert!(claims.values("groups").is_empty());
    let fake = OpenId::start().await;
    fake.set(|knobs| knobs.userinfo = more);
    log_in(&provider(&fake), &fake).await.unwrap();
    assert!(!fake.calls().contains(&"/userinfo".to_owned()), "all that matters was said");
}

#[tokio::test]
async fn the_secret_is_sent_as_the_provider_takes_it_and_a_wrong_one_is_refused() {
    assert!(outcome(|knobs| knobs.secret_in_form = true).await.is_ok());
    let fake = OpenId::start().await;
    let options = Options { client_secret: Some("wrong".into()), ..options(&fake) };
    let outcome = log_in(&Provider::new(options, Runtime::system()).unwrap(), &fake).await;
    assert!(matches!(&outcome, Err(SignOnError::Refused { code, .. }) if code == "invalid_client"), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains("wrong"), "{outcome:?}");
}

#[tokio::test]
async fn a_provider_that_is_gone_is_told_of_and_comes_back() {
    let fake = OpenId::start().await;
    fake.go_dark().await;
    let gone = provider(&fake);
    let told = gone.begin().await.unwrap_err();
    assert!(
        matches!(&told, SignOnError::Silent { what: "description", why } if why.contains("no connection")),
        "{told}"
    );
    fake.come_back().unwrap();
    log_in(&provider(&fake), &fake).await.unwrap();
    fake.set(|knobs| knobs.fails = Some(503));
    let told = provider(&fake).begin().await.unwrap_err().to_string();
    assert!(told.contains("503"), "{told}");
}

#[tokio::test]
async fn a_provider_by_another_name_is_not_ours() {
    let fake = OpenId::start().await;
    fake.set(|knobs| knobs.calls_itself = Some("https://login.example".into()));
    let told = provider(&fake).begin().await.unwrap_err().to_string();
    assert!(told.contains("calls itself") && told.contains("api.oidc.issuer"), "{told}");
}

#[tokio::test]
async fn a_provider_can_be_examined_and_says_where_logins_end() {
    let fake = OpenId::start().await;
    let provider = provider(&fake);
    assert_eq!(provider.examine().await, Ok(3), "there are more, for other uses and of other kinds");
    let end = provider.end().await.unwrap().unwrap();
    assert!(end.as_str().starts_with(&format!("{}/end?client_id=", fake.issuer())), "{end}");
}
