//! Connecting by a link, on every channel that has it: the link, the person's consent, the code, the tokens, and a post by them.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::Duration;

use domain::{Code, Failure, Fix, Landed, Scope, State, Worth};
use kit::{
    canary::Canary,
    servers::files,
    site::Place,
    stand::{Stand, picture, says},
};
use oncepost_channels::{Account, AuthorizeAsk, ExchangeAsk, Granted, Pkce, Returned, Secret};
use serde_json::json;
use testkit::{Cue, End, Ready};
use url::Url;

const REDIRECT: &str = "https://us.example/v1/connect/back";

/// One test per channel, and per login.
macro_rules! for_every_login {
    ($($(#[$doc:meta])* async fn $name:ident($place:ident: Place) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn exchange($place: Place) $body

            for_every_login!(@tests facebook google_business instagram instagram_by_facebook linkedin linkedin_page mastodon pinterest
                reddit slack threads tiktok x youtube);
        }
    )*};
    (@tests $($login:ident)*) => {$(
        #[tokio::test]
        async fn $login() {
            exchange(place::$login().await).await;
        }
    )*};
}

mod place {
    use super::Place;

    macro_rules! same { ($($name:ident)*) => {$(
        pub async fn $name() -> Place {
            Place::$name().await
        }
    )*} }
    same!(facebook google_business instagram linkedin linkedin_page mastodon pinterest reddit slack threads tiktok x youtube);

    /// The other login; its account must be named where a post is made.
    pub async fn instagram_by_facebook() -> Place {
        Place { says: &[("login", "facebook")], ..Place::instagram().await }
    }
}

/// An account that has nothing yet but its app's secrets.
fn unconnected(place: &Place, stand: &Stand) -> Account {
    let (id, secret) = Ready::client(place.name).unwrap();
    let secrets = [("client_id", id), ("client_secret", secret)];
    let secrets = secrets.into_iter().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect();
    Account { secrets, ..stand.account.clone() }
}

/// A person's way to the platform and back.
struct Way {
    account: Account,
    pkce: Pkce,
    redirect: Url,
    back: Returned,
}

/// Changes what the person does there.
async fn set_consent(place: &Place, consent: serde_json::Value) {
    let answer = reqwest::Client::new()
        .post(format!("{}/_control/knobs", place.site.url()))
        .json(&json!({"consent": consent}))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

async fn follow(link: Url) -> reqwest::Response {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    browser.get(link).send().await.unwrap()
}

fn link(stand: &Stand, account: &Account, challenge: &str) -> Url {
    let redirect = Url::parse(REDIRECT).unwrap();
    let client_id = account.secret("client_id").unwrap().reveal();
    let ask = AuthorizeAsk { account, client_id, redirect: &redirect, state: "st&te", challenge: Some(challenge) };
    stand.channel.authorize_url(&ask).unwrap()
}

async fn go(place: &Place, stand: &Stand) -> Way {
    let (account, pkce) = (unconnected(place, stand), Pkce::new([7; 32]));
    let answer = follow(link(stand, &account, &pkce.challenge)).await;
    assert_eq!(answer.status(), 302, "{}", answer.text().await.unwrap());
    let back = Returned::of(&Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap());
    assert_eq!(back.state, Some(Secret::new("st&te")));
    Way { account, pkce, redirect: Url::parse(REDIRECT).unwrap(), back }
}

impl Way {
    async fn exchange(&self, stand: &Stand) -> Result<Granted, Failure> {
        let (code, verifier) = (self.back.code.as_ref().unwrap(), Some(&self.pkce.verifier));
        let ask = ExchangeAsk { account: &self.account, code, redirect: &self.redirect, verifier };
        stand.channel.exchange(&ask).await
    }
}

fn begins_again(failure: &Failure) {
    assert_eq!(failure.worth, Worth::AfterFix { fix: Fix::Reconnect }, "{failure:?}");
    assert!(failure.said.text.contains("begin again with a new link"), "{failure:?}");
}

/// The stand with what was granted, as whoever keeps credentials would store it.
fn connected(mut stand: Stand, granted: &Granted) -> Stand {
    let access = stand.channel.about().secrets[0].to_owned();
    stand.account.secrets.clear();
    stand.account.secrets.insert(access, granted.tokens.access.clone());
    stand.account.settings.extend(granted.settings.clone());
    stand
}

for_every_login! {
    async fn a_link_leads_to_tokens_that_publish(place: Place) {
        let stand = place.stand(says("connected"));
        let way = go(&place, &stand).await;
        let granted = way.exchange(&stand).await.unwrap();
        assert_eq!(granted.missing, [""; 0]);
        let dead = stand.account.secrets.values().any(|old| *old == granted.tokens.access);
        // Some platforms' tokens have no end and are the same again.
        assert!(!dead || granted.tokens.expires_at.is_none(), "a new token");
        let stand = connected(stand, &granted);
        assert_eq!(stand.attempt().await.failure, None);
        assert_eq!((stand.state(), place.site.posts().len()), (State::Published, 1));
    }

    async fn what_renews_the_token_comes_with_it(place: Place) {
        let stand = place.stand(says("connected"));
        let tokens = go(&place, &stand).await.exchange(&stand).await.unwrap().tokens;
        let has_refresh = !["instagram", "threads", "mastodon", "slack"].contains(&place.name);
        assert_eq!(tokens.refresh.is_some(), has_refresh);
        // A page's own token, and those of Mastodon and Slack, have no end.
        let by_facebook = place.says.contains(&("login", "facebook"));
        let ends = !["facebook", "mastodon", "slack"].contains(&place.name) && !by_facebook;
        assert_eq!(tokens.expires_at.is_some(), ends);
    }

    async fn a_code_is_good_once(place: Place) {
        let stand = place.stand(says("x"));
        let way = go(&place, &stand).await;
        way.exchange(&stand).await.unwrap();
        let failure = way.exchange(&stand).await.unwrap_err();
        assert_eq!((failure.code, failure.landed, failure.scope), (Code::TOKEN_REVOKED, Landed::No, Scope::Account));
        begins_again(&failure);
    }

    async fn a_code_is_good_for_a_while_only(place: Place) {
        let stand = place.stand(says("x"));
        let way = go(&place, &stand).await;
        place.site.advance(Duration::from_secs(if place.name == "x" { 31 } else { 3600 }));
        begins_again(&way.exchange(&stand).await.unwrap_err());
    }

    /// T09 in little: nobody knows what became of the code, so it is not shown again.
    async fn an_answer_that_is_lost_begins_again(place: Place) {
        let stand = place.stand(says("x"));
        for cue in [Cue::new(End::CutAfter), Cue::new(End::Malformed), Cue::new(End::Outage)] {
            let way = go(&place, &stand).await;
            let calls = place.site.stage().calls().len();
            place.site.cue(cue.on("POST", ""));
            let failure = way.exchange(&stand).await.unwrap_err();
            assert_eq!(failure.landed, Landed::Unknown, "{failure:?}");
            begins_again(&failure);
            assert_eq!(place.site.stage().calls().len(), calls + 1, "asked once");
        }
    }

    async fn a_code_that_surely_was_not_sent_is_as_good_as_before(place: Place) {
        let stand = place.stand(says("x"));
        let mut way = go(&place, &stand).await;
        let nobody = format!("http://127.0.0.1:{}", std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let there = std::mem::replace(&mut way.account.base_url, Url::parse(&nobody).unwrap());
        let auth = way.account.settings.insert("auth_url".into(), nobody);
        let failure = way.exchange(&stand).await.unwrap_err();
        assert_eq!((failure.code, failure.landed), (Code::UNREACHABLE, Landed::No));
        assert!(matches!(failure.worth, Worth::Retry { .. }), "{failure:?}");
        way.account.base_url = there;
        way.account.settings.extend(auth.map(|auth| ("auth_url".to_owned(), auth)));
        way.exchange(&stand).await.unwrap();
    }

    async fn another_verifier_is_refused(place: Place) {
        let stand = place.stand(says("x"));
        let mut way = go(&place, &stand).await;
        way.pkce = Pkce::new([8; 32]);
        match way.exchange(&stand).await {
            Err(failure) => begins_again(&failure),
            Ok(_) => assert!(!stand.channel.oauth(&way.account).unwrap().pkce, "no PKCE there"),
        }
    }

    async fn a_redirect_that_is_another_is_named(place: Place) {
        let stand = place.stand(says("x"));
        let mut way = go(&place, &stand).await;
        way.redirect = Url::parse("https://other.example/back?k=hush").unwrap();
        let failure = way.exchange(&stand).await.unwrap_err();
        if ["mastodon", "linkedin"].contains(&place.name) {
            // They say one thing of all that may be wrong.
            return begins_again(&failure);
        }
        assert_eq!((failure.code, failure.scope), (Code::APP_MISCONFIGURED, Scope::App), "{failure:?}");
        assert!(failure.said.text.contains("redirect https://other.example/back with"), "{failure:?}");
        assert!(!failure.said.text.contains("hush"), "{failure:?}");
    }

    async fn an_app_that_is_not_known_is_told_as_such(place: Place) {
        let stand = place.stand(says("x"));
        let mut way = go(&place, &stand).await;
        way.account.secrets.insert("client_secret".into(), Secret::new("hush-of-another"));
        let failure = way.exchange(&stand).await.unwrap_err();
        assert_eq!((failure.code, failure.landed), (Code::APP_MISCONFIGURED, Landed::No), "{failure:?}");
        assert_eq!(failure.worth, Worth::AfterFix { fix: Fix::Setup });
        let mut account = way.account.clone();
        account.secrets.insert("client_id".into(), Secret::new("nobody"));
        assert_eq!(follow(link(&stand, &account, &way.pkce.challenge)).await.status(), 400);
        set_consent(&place, json!({"redirects": ["https://us.example/other"]})).await;
        assert_eq!(follow(link(&stand, &way.account, &way.pkce.challenge)).await.status(), 400, "another redirect");
    }

    async fn whoever_does_not_agree_gives_no_code(place: Place) {
        let stand = place.stand(says("x"));
        set_consent(&place, json!({"denies": true})).await;
        let failure = go(&place, &stand).await.back.code.unwrap_err();
        assert_eq!((failure.code, failure.said.code.as_deref()), (Code::PERMISSION_MISSING, Some("access_denied")));
    }

    async fn t07_what_a_person_leaves_out_is_told(place: Place) {
        let stand = place.stand(says("x"));
        let scope = *stand.channel.oauth(&unconnected(&place, &stand)).unwrap().scopes.last().unwrap();
        set_consent(&place, json!({"withholds": [scope]})).await;
        let granted = go(&place, &stand).await.exchange(&stand).await.unwrap();
        // Threads does not tell.
        let told = if place.name == "threads" { vec![] } else { vec![scope.to_owned()] };
        assert_eq!(granted.missing, told);
    }

    async fn no_secret_reaches_an_error_or_a_log(place: Place) {
        let canary = Canary::listen();
        let stand = place.stand(says("x"));
        let way = go(&place, &stand).await;
        let planted = [
            way.back.code.as_ref().unwrap().clone(),
            way.pkce.verifier.clone(),
            way.account.secret("client_secret").unwrap().clone(),
        ];
        // A platform that repeats all it was told, in a refusal and in an answer that nobody understands.
        let words = planted.iter().map(Secret::reveal).collect::<Vec<_>>().join(" and ");
        let mut shown = String::new();
        for (status, error) in [(400, "invalid_grant"), (400, "redirect_uri_mismatch"), (500, "oops")] {
            place.site.cue(Cue::refuse(status, &json!({"error": error, "error_description": words})).on("POST", ""));
            let failure = way.exchange(&stand).await.unwrap_err();
            assert!(failure.said.text.contains("*** and ***"), "{failure:?}");
            shown += &format!("{failure:?} {way:?}", way = way.back);
        }
        let granted = way.exchange(&stand).await.unwrap();
        shown += &format!("{granted:?}");
        let heard = canary.heard();
        for secret in planted.iter().chain([&granted.tokens.access]).chain(&granted.tokens.refresh) {
            // The link and the form are the browser's and the wire's; our own lines name neither.
            assert!(!shown.contains(secret.reveal()), "{shown}");
            let ours: Vec<_> = heard.lines().filter(|line| line.contains("oncepost")).collect();
            assert!(ours.iter().all(|line| !line.contains(secret.reveal())), "{ours:?}");
        }
    }
}

/// Behind the code more is asked on Meta's platforms. What fails there begins again, and tells no token.
#[tokio::test]
async fn what_fails_behind_the_code_begins_again_and_tells_no_token() {
    let places = [
        (Place::instagram().await, "/access_token", "token-main~1"),
        (Place::threads().await, "/access_token", "token-main~1"),
        (Place::facebook().await, "/oauth/access_token", "person-main~1"),
        (Place::facebook().await, "/me/permissions", "person-main~2"),
        (Place::facebook().await, "/me/accounts", "person-main~2"),
        (place::instagram_by_facebook().await, "/me/accounts", "token-main~2"),
    ];
    for (place, path, token) in places {
        let stand = place.stand(says("x"));
        let error = json!({"message": format!("no {token} here"), "type": "OAuthException", "code": 2});
        place.site.cue(Cue::refuse(400, &json!({"error": error})).on("GET", path));
        let failure = go(&place, &stand).await.exchange(&stand).await.unwrap_err();
        begins_again(&failure);
        assert!(failure.said.text.contains("no *** here"), "{path}: {failure:?}");
        place.site.cue(Cue::new(End::Outage).on("GET", path));
        begins_again(&go(&place, &stand).await.exchange(&stand).await.unwrap_err());
    }
}

/// Of a person's pages the one that the account names is taken; of several, one must be named.
#[tokio::test]
async fn a_person_with_several_pages_says_which() {
    let fake = testkit::Fake::<testkit::Facebook>::start().await;
    fake.platform().manage("main", "bakery");
    let ready = Ready::on("facebook", &fake.url()).unwrap();
    let settings: Vec<_> = ready.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let stand = Stand::new("facebook", &fake.url(), ("access_token", "none"), &settings, says("x"));
    let place = Place { site: Box::new(fake), ..Place::facebook().await };
    let mut way = go(&place, &stand).await;
    let failure = way.exchange(&stand).await.unwrap_err();
    assert_eq!((failure.code, failure.worth), (Code::APP_MISCONFIGURED, Worth::AfterFix { fix: Fix::Setup }));
    let said = &failure.said.text;
    assert!(said.contains("settings.page_id") && said.contains("(main)") && said.contains("(bakery)"), "{said}");
    let page = said.split(" (bakery)").next().unwrap().rsplit(' ').next().unwrap().to_owned();
    way = go(&place, &stand).await;
    way.account.settings.insert("page_id".into(), page.clone());
    let granted = way.exchange(&stand).await.unwrap();
    assert_eq!((granted.who.as_str(), &granted.settings["page_id"]), ("bakery", &page));
}

/// A family that a replay took away is over; who agrees anew has another one.
#[tokio::test]
async fn an_account_that_was_lost_is_connected_again() {
    let fake = testkit::Fake::<testkit::X>::start().await;
    fake.platform().revoke("main");
    let place = Place { site: Box::new(fake), ..Place::x().await };
    let stand = place.stand(says("again"));
    assert_eq!(stand.attempt().await.failure.unwrap().code, Code::TOKEN_REVOKED);
    let granted = go(&place, &stand).await.exchange(&stand).await.unwrap();
    let stand = connected(stand.another(says("again")), &granted);
    assert_eq!(stand.attempt().await.failure, None);
}

/// A client without a secret shows that it knows the verifier.
#[tokio::test]
async fn a_public_client_is_known_by_its_verifier() {
    let place = Place::x().await;
    let stand = place.stand(says("x"));
    let mut way = go(&place, &stand).await;
    way.account.secrets.remove("client_secret");
    way.exchange(&stand).await.unwrap();
    // Elsewhere the secret must be there.
    let place = Place::tiktok().await;
    let stand = place.stand(says("x"));
    let mut way = go(&place, &stand).await;
    way.account.secrets.remove("client_secret");
    assert_eq!(way.exchange(&stand).await.unwrap_err().code, Code::CREDENTIALS_MISSING);
}

/// Nothing is sent in the clear, and a code that was not sent is as good as before.
#[tokio::test]
async fn a_code_is_sent_encrypted_or_not_at_all() {
    let place = Place::instagram().await;
    let stand = place.stand(says("x"));
    let mut way = go(&place, &stand).await;
    let there = std::mem::replace(&mut way.account.base_url, Url::parse("http://graph.example").unwrap());
    let failure = way.exchange(&stand).await.unwrap_err();
    assert_eq!((failure.code, failure.landed), (Code::APP_MISCONFIGURED, Landed::No));
    way.account.base_url = there;
    way.exchange(&stand).await.unwrap();
}

/// A setting that names no server is told before anybody follows a link.
#[test]
fn a_server_for_consent_that_is_none_is_told() {
    for channel in
        ["facebook", "instagram", "linkedin", "pinterest", "reddit", "slack", "threads", "tiktok", "x", "youtube"]
    {
        let stand = Stand::new(channel, "https://a.example", ("t", "t"), &[("auth_url", "somewhere")], says("x"));
        let wrong = stand.channel.check_account(&stand.account.card());
        assert!(wrong.iter().any(|said| said.contains("settings.auth_url is no address")), "{channel}: {wrong:?}");
    }
}

/// What is connected with a key or a password has no link, and says so.
#[tokio::test]
async fn a_channel_without_a_link_says_what_to_do() {
    let place = Place::telegram().await;
    let stand = place.stand(says("x"));
    let redirect = Url::parse(REDIRECT).unwrap();
    let ask =
        AuthorizeAsk { account: &stand.account, client_id: "x", redirect: &redirect, state: "s", challenge: None };
    assert_eq!(stand.channel.authorize_url(&ask), None);
    let ask = ExchangeAsk { account: &stand.account, code: &Secret::new("c"), redirect: &redirect, verifier: None };
    let failure = stand.channel.exchange(&ask).await.unwrap_err();
    assert_eq!((failure.code, failure.landed), (Code::APP_MISCONFIGURED, Landed::No));
}

/// A picture goes out by what was granted, too: its scope is among those asked for.
#[tokio::test]
async fn scopes_suffice_for_pictures() {
    for place in [Place::x().await, Place::mastodon().await, Place::slack().await, Place::linkedin().await] {
        let file = files((place.file)()).await;
        let stand = place.stand(picture("look", &file.url()));
        let granted = go(&place, &stand).await.exchange(&stand).await.unwrap();
        let stand = connected(stand, &granted);
        assert_eq!(stand.attempt().await.failure, None, "{}", place.name);
    }
}
