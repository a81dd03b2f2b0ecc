//! Renewals, on every channel: what a repeat does, what it takes, what an answer brings, and what a failure means.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{AccountId, ChannelName, Code, Failure, Fix, Landed, OnDoubt, Scope, TenantId};
use kit::{
    Shifted, http,
    rows::{RETRY, fix},
    servers::{Raw, read_request, say},
};
use oncepost_channels::{Account, Channel, RefreshRepeat, Registry, Secret, TokenLife, Tokens};

const CLIENT: [&str; 2] = ["client_id", "client_secret"];

/// A channel with renewal: what it takes, and what its platform says.
struct Renewing {
    channel: &'static str,
    /// The secrets without which there is no renewal.
    takes: &'static [&'static str],
    /// Answers that mean a dead token, an app that is not what it should be, and too many calls.
    dead: &'static [(u16, &'static str)],
    app: &'static [(u16, &'static str)],
    limited: (u16, &'static str),
}

const OAUTH_DEAD: &[(u16, &str)] =
    &[(400, r#"{"error":"invalid_grant","error_description":"Token has been revoked."}"#)];
const OAUTH_APP: &[(u16, &str)] = &[
    (401, r#"{"error":"invalid_client"}"#),
    (400, r#"{"error":"invalid_client"}"#),
    (400, r#"{"error":"unauthorized_client"}"#),
    (401, r#"{"error":"unauthorized_client"}"#),
];
const OAUTH: Renewing = Renewing {
    channel: "",
    takes: &["refresh_token", CLIENT[0], CLIENT[1]],
    dead: OAUTH_DEAD,
    app: OAUTH_APP,
    limited: (429, r#"{"error":"slow_down"}"#),
};
const GRAPH: Renewing = Renewing {
    takes: &["access_token"],
    dead: &[
        (400, r#"{"error":{"code":190,"error_subcode":460,"message":"the user changed their password"}}"#),
        (401, r#"{"error":{"code":190,"message":"Cannot parse access token"}}"#),
    ],
    app: &[],
    limited: (400, r#"{"error":{"code":4,"message":"Application request limit reached"}}"#),
    ..OAUTH
};

const ALL: &[Renewing] = &[
    Renewing {
        channel: "facebook",
        takes: OAUTH.takes,
        app: &[(400, r#"{"error":{"code":101,"message":"Error validating client secret."}}"#)],
        ..GRAPH
    },
    Renewing { channel: "google-business", ..OAUTH },
    Renewing { channel: "instagram", ..GRAPH },
    Renewing { channel: "linkedin", ..OAUTH },
    Renewing {
        channel: "matrix",
        takes: &["refresh_token"],
        dead: &[(401, r#"{"errcode":"M_UNKNOWN_TOKEN"}"#), (403, r#"{"errcode":"M_FORBIDDEN"}"#)],
        app: &[],
        limited: (429, r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2000}"#),
    },
    Renewing {
        channel: "pinterest",
        dead: &[(400, r#"{"code":283,"message":"Invalid refresh token."}"#), OAUTH_DEAD[0]],
        app: &[(401, r#"{"code":2,"message":"Authentication failed."}"#), OAUTH_APP[1], OAUTH_APP[2]],
        ..OAUTH
    },
    Renewing { channel: "reddit", app: &[(401, r#"{"message":"Unauthorized","error":401}"#), OAUTH_APP[2]], ..OAUTH },
    Renewing {
        channel: "slack",
        dead: &[
            (200, r#"{"ok":false,"error":"invalid_refresh_token"}"#),
            (200, r#"{"ok":false,"error":"token_revoked"}"#),
        ],
        app: &[
            (200, r#"{"ok":false,"error":"bad_client_secret"}"#),
            (200, r#"{"ok":false,"error":"invalid_client_id"}"#),
        ],
        limited: (200, r#"{"ok":false,"error":"ratelimited"}"#),
        ..OAUTH
    },
    Renewing { channel: "threads", ..GRAPH },
    // TikTok was seen to refuse with a status of success.
    Renewing { channel: "tiktok", dead: &[OAUTH_DEAD[0], (200, OAUTH_DEAD[0].1)], ..OAUTH },
    Renewing {
        channel: "x",
        takes: &["refresh_token", CLIENT[0]],
        dead: &[
            (400, r#"{"error":"invalid_request","error_description":"Value passed for the token was invalid."}"#),
            OAUTH_DEAD[0],
        ],
        ..OAUTH
    },
    Renewing { channel: "youtube", ..OAUTH },
];

/// A server that says one thing to everybody; nothing at all if it has nothing to say.
async fn server() -> (Raw, Arc<Mutex<Option<String>>>) {
    let line = Arc::new(Mutex::new(None::<String>));
    let said = line.clone();
    let raw = Raw::start(move |mut stream, _| {
        let said = said.clone();
        async move {
            read_request(&mut stream).await?;
            let answer = said.lock().unwrap().clone();
            match answer {
                Some(answer) => say(&mut stream, &answer).await,
                None => Ok(()),
            }
        }
    })
    .await;
    (raw, line)
}

fn http_answer(status: u16, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn registry() -> Registry {
    Registry::all(http(Arc::new(Shifted::default())))
}

/// An account that holds every secret that a renewal can take.
fn account(channel: &dyn Channel, url: &str) -> Account {
    let about = channel.about();
    let secrets = about.secrets.iter().copied().chain(["refresh_token"]).chain(CLIENT);
    Account {
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new(about.name).unwrap(),
        id: AccountId::new("main").unwrap(),
        app: None,
        base_url: url.parse().unwrap(),
        secrets: secrets.map(|name| (name.to_owned(), Secret::new(format!("hush-{name}")))).collect(),
        settings: BTreeMap::from([("auth_url".to_owned(), url.to_owned())]),
        on_doubt: OnDoubt::Park,
        rate: None,
        app_rate: None,
    }
}

fn channel(name: &str) -> Arc<dyn Channel> {
    registry().get(name).unwrap().clone()
}

#[test]
fn t08_each_channel_says_who_rotates_and_what_a_repeat_does() {
    use RefreshRepeat::{Harmless, Kills, Refused, Within};
    let refreshed = [
        ("google-business", Harmless),
        ("linkedin", Harmless),
        ("matrix", Within(Duration::MAX)),
        ("pinterest", Refused),
        ("reddit", Harmless),
        ("slack", Refused),
        ("tiktok", Refused),
        ("x", Kills),
        ("youtube", Harmless),
    ];
    let said: Vec<_> = registry()
        .iter()
        .filter_map(|channel| match channel.about().tokens {
            TokenLife::Refreshed { repeat, .. } => Some((channel.about().name, repeat)),
            // What is made or exchanged stays good until its own end.
            other => {
                assert!(!other.rotates());
                None
            }
        })
        .collect();
    assert_eq!(said, refreshed);
    let rotating = said.iter().filter(|(name, _)| channel(name).about().tokens.rotates()).map(|(name, _)| *name);
    assert_eq!(rotating.collect::<Vec<_>>(), ["matrix", "pinterest", "slack", "tiktok", "x"]);
}

#[test]
fn t08_only_what_is_not_used_up_gives_tokens_again() {
    let hour = Duration::from_secs(3600);
    let works = |repeat: RefreshRepeat, span| repeat.works_after(span);
    assert!(
        works(RefreshRepeat::Harmless, Duration::MAX) && works(RefreshRepeat::Within(Duration::MAX), Duration::MAX)
    );
    assert!(works(RefreshRepeat::Within(hour), hour) && !works(RefreshRepeat::Within(hour), hour * 2));
    assert!(!works(RefreshRepeat::Kills, Duration::ZERO) && !works(RefreshRepeat::Refused, Duration::ZERO));
}

#[test]
fn an_account_can_be_renewed_if_it_holds_what_that_takes() {
    let names: Vec<_> = ALL.iter().map(|renewing| renewing.channel).collect();
    for channel in registry().iter() {
        let name = channel.about().name;
        let mut account = account(&**channel, "http://127.0.0.1:1");
        assert_eq!(channel.can_renew(&account), names.contains(&name), "{name}");
        for takes in ALL.iter().filter(|renewing| renewing.channel == name).flat_map(|renewing| renewing.takes) {
            let held = account.secrets.remove(*takes).unwrap();
            assert!(!channel.can_renew(&account), "{name} without {takes}");
            account.secrets.insert((*takes).to_owned(), held);
        }
    }
    for (name, setting, value) in [("instagram", "login", "facebook"), ("slack", "via", "webhook")] {
        let channel = channel(name);
        let mut account = account(&*channel, "http://127.0.0.1:1");
        account.settings.insert(setting.into(), value.into());
        assert!(!channel.can_renew(&account), "{name}: there is nothing to renew");
    }
}

#[tokio::test]
async fn t02_a_refusal_of_a_renewal_says_whose_matter_it_is() {
    let (server, line) = server().await;
    for renewing in ALL {
        let channel = channel(renewing.channel);
        let account = account(&*channel, &server.url());
        let refused = async |(status, body): (u16, &str)| -> Failure {
            *line.lock().unwrap() = Some(http_answer(status, body));
            channel.refresh(&account).await.unwrap_err()
        };
        for dead in renewing.dead {
            let failure = refused(*dead).await;
            let is = (failure.code, failure.worth, failure.scope, failure.landed);
            assert_eq!(
                is,
                (Code::TOKEN_REVOKED, fix(Fix::Reconnect), Scope::Account, Landed::No),
                "{} {dead:?}",
                renewing.channel
            );
        }
        for app in renewing.app {
            let failure = refused(*app).await;
            let is = (failure.code, failure.worth, failure.scope, failure.landed);
            assert_eq!(
                is,
                (Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::App, Landed::No),
                "{} {app:?}",
                renewing.channel
            );
        }
        for limited in [renewing.limited, (429, "{}")] {
            let failure = refused(limited).await;
            assert!(failure.is_rate_limit() && failure.landed == Landed::No, "{}: {failure:?}", renewing.channel);
        }
    }
}

#[tokio::test]
async fn t02_what_is_no_word_of_the_credentials_is_tried_again_and_says_whether_the_token_may_be_used_up() {
    let (server, line) = server().await;
    let unclear = [
        (500, "{}"),
        (502, "<html>"),
        (503, r#"{"error":"temporarily_unavailable"}"#),
        (504, ""),
        (408, "{}"),
        (200, "<html>"),
        (200, r#"{"access_token":""}"#),
        (200, r#"{"access_token":"ne"#),
    ];
    let unclear = unclear.map(|(status, body)| Some(http_answer(status, body)));
    for Renewing { channel: name, .. } in ALL {
        let channel = channel(name);
        let repeat = channel.about().tokens.repeat();
        let mut account = account(&*channel, &server.url());
        let lost = if repeat.rotates() { Landed::Unknown } else { Landed::No };
        for answer in unclear.iter().chain([&None]) {
            line.lock().unwrap().clone_from(answer);
            let failure = channel.refresh(&account).await.unwrap_err();
            assert_eq!((failure.worth, failure.landed), (RETRY, lost), "{name} {answer:?}: {failure:?}");
            assert!(
                matches!(failure.code, Code::OUT_OF_ORDER | Code::STRANGE_ANSWER),
                "{name} {answer:?}: {failure:?}"
            );
            assert!(!format!("{failure:?}").contains("hush-"), "{name}");
        }
        *line.lock().unwrap() = Some(http_answer(404, "<html>"));
        let failure = channel.refresh(&account).await.unwrap_err();
        assert_eq!((failure.code, failure.worth, failure.landed), (Code::STRANGE_ANSWER, RETRY, Landed::No), "{name}");
        let nowhere = "http://127.0.0.1:1";
        account.base_url = nowhere.parse().unwrap();
        account.settings.insert("auth_url".into(), nowhere.into());
        let failure = channel.refresh(&account).await.unwrap_err();
        assert_eq!((failure.code, failure.landed), (Code::UNREACHABLE, Landed::No), "{name}: surely not sent");
    }
}

#[tokio::test]
async fn t02_slack_may_have_renewed_what_it_calls_an_error_of_its_own() {
    let (server, line) = server().await;
    let slack = channel("slack");
    *line.lock().unwrap() = Some(http_answer(200, r#"{"ok":false,"error":"internal_error"}"#));
    let failure = slack.refresh(&account(&*slack, &server.url())).await.unwrap_err();
    assert_eq!((failure.worth, failure.landed), (RETRY, Landed::Unknown));
}

/// The person's new token is shown to Facebook at once, before anybody has stored it.
#[tokio::test]
async fn a_token_that_a_renewal_has_just_been_given_is_taken_out_of_the_platforms_words() {
    let (server, line) = server().await;
    let facebook = channel("facebook");
    let body = r#"{"access_token":"fresh-person","error":{"code":2,"message":"no pages of fresh-person"}}"#;
    *line.lock().unwrap() = Some(http_answer(200, body));
    let failure = facebook.refresh(&account(&*facebook, &server.url())).await.unwrap_err();
    assert_eq!(failure.said.text, "no pages of ***");
}

#[tokio::test]
async fn t01_what_an_answer_does_not_bring_stays_as_it_was() {
    let (server, line) = server().await;
    *line.lock().unwrap() = Some(http_answer(
        200,
        r#"{"ok":true,"access_token":"new","refresh_token":"","expires_in":978307200,"refresh_token_expires_in":978307200}"#,
    ));
    for Renewing { channel: name, .. } in ALL.iter().filter(|renewing| renewing.channel != "facebook") {
        let channel = channel(name);
        let account = account(&*channel, &server.url());
        let tokens = channel.refresh(&account).await.unwrap().unwrap();
        let believed = (tokens.expires_at, tokens.refresh_expires_at, &tokens.refresh, &tokens.scopes);
        assert_eq!(believed, (None, None, &None, &None), "{name}: an end in 31 years");
        let mut expected = account.secrets.clone();
        expected.insert(channel.about().token().unwrap().to_owned(), Secret::new("new"));
        assert_eq!(tokens.into_secrets(channel.about(), &account.secrets), expected, "{name}");
    }
}

#[test]
fn t01_new_tokens_go_over_the_old_and_an_empty_one_never_does() {
    let slack = channel("slack");
    let old = account(&*slack, "http://127.0.0.1:1").secrets;
    let tokens = |access: &str, refresh: Option<&str>| Tokens {
        access: Secret::new(access),
        refresh: refresh.map(Secret::new),
        expires_at: None,
        refresh_expires_at: None,
        scopes: None,
    };
    let new = tokens("a", Some("r")).into_secrets(slack.about(), &old);
    let read = |name: &str| new[name].reveal();
    assert_eq!((read("bot_token"), read("refresh_token"), read("client_secret")), ("a", "r", "hush-client_secret"));
    assert_eq!(tokens("", Some(" ")).into_secrets(slack.about(), &old), old);
    let ghost = channel("ghost");
    assert_eq!(ghost.about().token(), None);
    assert_eq!(tokens("a", None).into_secrets(ghost.about(), &old), old, "the key that tokens are made of stays");
}
