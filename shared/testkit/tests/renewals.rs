//! What the fakes' token endpoints have in common: lives, lost answers, whose call it is, and a clock that is wrong.

mod http;

use std::time::Duration;

use http::{http, ok, send};
use jiff::{SignedDuration, Timestamp};
use oncepost_testkit::{
    Cue, End, Fake, GoogleBusiness, Instagram, LinkedIn, Matrix, Pinterest, Reddit, Slack, Threads, TikTok, X, YouTube,
};
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A platform's call for tokens.
struct Renewal {
    path: &'static str,
    /// The names of the app's id and secret in the form; the header holds them, too.
    form: [&'static str; 2],
    client: (&'static str, &'static str),
}

const ON_X: Renewal =
    Renewal { path: "/2/oauth2/token", form: ["client_id", "client_secret"], client: (X::CLIENT_ID, X::CLIENT_SECRET) };
const ON_LINKEDIN: Renewal =
    Renewal { path: "/oauth/v2/accessToken", client: (LinkedIn::CLIENT_ID, LinkedIn::CLIENT_SECRET), ..ON_X };
const ON_TIKTOK: Renewal = Renewal {
    path: "/v2/oauth/token/",
    form: ["client_key", "client_secret"],
    client: (TikTok::CLIENT_KEY, TikTok::CLIENT_SECRET),
};
const ON_PINTEREST: Renewal = Renewal { path: "/v5/oauth/token", client: Pinterest::CLIENT, ..ON_X };
const ON_SLACK: Renewal = Renewal { path: "/api/oauth.v2.access", client: ("app", "app-secret"), ..ON_X };
const ON_REDDIT: Renewal = Renewal { path: "/api/v1/access_token", client: Reddit::CLIENT, ..ON_X };
const ON_GOOGLE: Renewal = Renewal { path: "/token", client: YouTube::CLIENT, ..ON_X };
const ON_MATRIX: Renewal = Renewal { path: "/_matrix/client/v3/refresh", client: ("", ""), ..ON_X };

impl Renewal {
    async fn send(&self, url: &str, token: &str) -> reqwest::Result<reqwest::Response> {
        let request = http().post(format!("{url}{}", self.path)).header("user-agent", "server:test:1");
        if self.client.0.is_empty() {
            return request.json(&json!({ "refresh_token": token })).send().await;
        }
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            (self.form[0], self.client.0),
            (self.form[1], self.client.1),
        ];
        request.basic_auth(self.client.0, Some(self.client.1)).form(&form).send().await
    }

    async fn renew(&self, url: &str, token: &str, status: u16) -> Value {
        ok(self.send(url, token).await, status).await
    }
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().expect("a text")
}

async fn control(url: &str, call: &str, body: &Value) {
    send(&format!("{url}/_control/{call}"), body, 200).await;
}

async fn restore(url: &str) {
    control(url, "restore", &json!({"account": "alice"})).await;
}

/// Loses the answer to a renewal by the first token, before and after it took effect. Returns what the token is then answered with.
async fn lose(url: &str, renewal: &Renewal, token: &str) -> [(u16, Value); 2] {
    let mut then = Vec::new();
    for end in ["cut_before", "cut_after"] {
        let cue = json!({"method": "POST", "path": renewal.path, "account": "alice", "end": end});
        control(url, "cues", &cue).await;
        renewal.send(url, token).await.expect_err("the answer is lost");
        let answer = renewal.send(url, token).await.expect("an answer");
        let status = answer.status().as_u16();
        then.push((status, answer.json().await.expect("JSON")));
        restore(url).await;
    }
    then.try_into().expect("two answers")
}

#[tokio::test]
async fn an_answer_that_is_lost_before_it_took_effect_costs_nothing_and_after_it_a_token_that_is_good_once() {
    let x = Fake::<X>::start().await;
    let [before, after] = lose(&x.url(), &ON_X, &X::refresh_token("alice")).await;
    assert_eq!((before.0, after.0, &after.1["error"]), (200, 400, &json!("invalid_request")));

    let tiktok = Fake::<TikTok>::start().await;
    let [before, after] = lose(&tiktok.url(), &ON_TIKTOK, &TikTok::refresh_token("alice")).await;
    assert_eq!((before.0, after.0, &after.1["error"]), (200, 400, &json!("invalid_grant")));

    let pinterest = Fake::<Pinterest>::start().await;
    let [before, after] = lose(&pinterest.url(), &ON_PINTEREST, &Pinterest::refresh_token("alice")).await;
    assert_eq!((before.0, after.0, &after.1["code"]), (200, 400, &json!(283)));
}

#[tokio::test]
async fn an_answer_that_is_lost_costs_nothing_where_the_refresh_token_stays_or_the_new_one_is_not_used() {
    let linkedin = Fake::<LinkedIn>::start().await;
    let google = Fake::<YouTube>::start().await;
    let reddit = Fake::<Reddit>::start().await;
    let matrix = Fake::<Matrix>::start().await;
    let matrix_token = Matrix::refresh_token("alice");
    for then in [
        lose(&linkedin.url(), &ON_LINKEDIN, &LinkedIn::refresh_token("alice")).await,
        lose(&google.url(), &ON_GOOGLE, &YouTube::refresh_token("alice")).await,
        lose(&reddit.url(), &ON_REDDIT, &Reddit::refresh_token("alice")).await,
        lose(&matrix.url(), &ON_MATRIX, &matrix_token).await,
    ] {
        assert_eq!(then.map(|(status, _)| status), [200, 200]);
    }
}

#[tokio::test]
async fn on_slack_the_answer_that_is_lost_held_the_only_good_token() {
    let fake = Fake::<Slack>::start().await;
    let (_, token) = fake.platform().access().rotate("alice", fake.now());
    fake.cue(Cue::new(End::CutBefore).on("POST", ON_SLACK.path).of("alice"));
    ON_SLACK.send(&fake.url(), &token).await.expect_err("the answer is lost");
    let next = ON_SLACK.renew(&fake.url(), &token, 200).await;
    fake.cue(Cue::new(End::CutAfter).on("POST", ON_SLACK.path).of("alice"));
    ON_SLACK.send(&fake.url(), text(&next, "refresh_token")).await.expect_err("the answer is lost");
    let refused = ON_SLACK.renew(&fake.url(), text(&next, "refresh_token"), 200).await;
    assert_eq!(refused["error"], "invalid_refresh_token");
}

#[tokio::test]
async fn a_replay_on_x_kills_the_newest_tokens_too_and_elsewhere_leaves_them() {
    let x = Fake::<X>::start().await;
    let one = ON_X.renew(&x.url(), &X::refresh_token("alice"), 200).await;
    let two = ON_X.renew(&x.url(), text(&one, "refresh_token"), 200).await;
    ON_X.renew(&x.url(), &X::refresh_token("alice"), 400).await;
    ON_X.renew(&x.url(), text(&two, "refresh_token"), 400).await;
    let me = http().get(format!("{}/2/users/me", x.url())).bearer_auth(text(&two, "access_token")).send().await;
    ok(me, 401).await;

    let tiktok = Fake::<TikTok>::start().await;
    let one = ON_TIKTOK.renew(&tiktok.url(), &TikTok::refresh_token("alice"), 200).await;
    ON_TIKTOK.renew(&tiktok.url(), &TikTok::refresh_token("alice"), 400).await;
    ON_TIKTOK.renew(&tiktok.url(), text(&one, "refresh_token"), 200).await;

    let pinterest = Fake::<Pinterest>::start().await;
    let one = ON_PINTEREST.renew(&pinterest.url(), &Pinterest::refresh_token("alice"), 200).await;
    ON_PINTEREST.renew(&pinterest.url(), &Pinterest::refresh_token("alice"), 400).await;
    ON_PINTEREST.renew(&pinterest.url(), text(&one, "refresh_token"), 200).await;
}

#[tokio::test]
async fn linkedins_tokens_end_a_year_after_the_consent_however_often_they_are_renewed() {
    let fake = Fake::<LinkedIn>::start().await;
    let token = LinkedIn::refresh_token("alice");
    let renew = async |status: u16| ON_LINKEDIN.renew(&fake.url(), &token, status).await;
    let first = renew(200).await;
    assert_eq!((&first["expires_in"], &first["refresh_token"]), (&json!(60 * 86_400), &json!(token)));
    assert_eq!(first["refresh_token_expires_in"], 365 * 86_400);
    fake.advance(360 * DAY);
    let last = renew(200).await;
    for life in ["expires_in", "refresh_token_expires_in"] {
        let left = last[life].as_u64().expect("a number");
        assert!((5 * 86_400 - 60..=5 * 86_400).contains(&left), "{life} is {left}: both die together");
    }
    fake.advance(5 * DAY);
    assert_eq!(renew(400).await["error"], "invalid_grant");
    restore(&fake.url()).await;
    renew(200).await;
}

#[tokio::test]
async fn lives_are_knobs() {
    let x = Fake::<X>::start().await;
    x.set(|knobs| (knobs.access_life_s, knobs.refresh_life_s) = (60, 600));
    let one = ON_X.renew(&x.url(), &X::refresh_token("alice"), 200).await;
    assert_eq!(one["expires_in"], 60);
    x.advance(Duration::from_secs(601));
    assert_eq!(ON_X.renew(&x.url(), text(&one, "refresh_token"), 400).await["error"], "invalid_request");

    let tiktok = Fake::<TikTok>::start().await;
    tiktok.set(|knobs| (knobs.access_life_s, knobs.refresh_life_s) = (60, 600));
    let one = ON_TIKTOK.renew(&tiktok.url(), &TikTok::refresh_token("alice"), 200).await;
    assert_eq!((&one["expires_in"], &one["refresh_expires_in"]), (&json!(60), &json!(600)));
    tiktok.advance(Duration::from_secs(601));
    assert_eq!(ON_TIKTOK.renew(&tiktok.url(), text(&one, "refresh_token"), 400).await["error"], "invalid_grant");

    let linkedin = Fake::<LinkedIn>::start().await;
    linkedin.set(|knobs| (knobs.token_life_s, knobs.refresh_life_s) = (60, 600));
    let one = ON_LINKEDIN.renew(&linkedin.url(), &LinkedIn::refresh_token("alice"), 200).await;
    assert_eq!((&one["expires_in"], &one["refresh_token_expires_in"]), (&json!(60), &json!(600)));

    let slack = Fake::<Slack>::start().await;
    slack.set(|knobs| knobs.token_life_s = 60);
    let (_, token) = slack.platform().access().rotate("alice", slack.now());
    let one = ON_SLACK.renew(&slack.url(), &token, 200).await;
    slack.advance(Duration::from_secs(61));
    let bot = http().post(format!("{}/api/auth.test", slack.url())).bearer_auth(text(&one, "access_token"));
    assert_eq!(ok(bot.send().await, 200).await["error"], "token_expired");

    let google = Fake::<GoogleBusiness>::start().await;
    google.set(|knobs| knobs.token_life_s = 60);
    let one = ON_GOOGLE.renew(&google.url(), &GoogleBusiness::refresh_token("alice"), 200).await;
    assert_eq!((&one["expires_in"], &one["refresh_token"]), (&json!(60), &Value::Null));
}

/// Follows a link, and exchanges the code.
async fn connect(url: &str, renewal: &Renewal, page: &str, scope: &str) -> Value {
    let (id, secret) = renewal.client;
    let back = "https://us.example/back";
    let link = [
        ("response_type", "code"),
        (renewal.form[0], id),
        ("redirect_uri", back),
        ("scope", scope),
        ("account", "alice"),
    ];
    let sent = http().get(format!("{url}{page}")).query(&link).send().await.expect("an answer");
    let location = sent.headers()["location"].to_str().expect("text").to_owned();
    let code = location.split_once("code=").expect("a code").1;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", back),
        (renewal.form[0], id),
        (renewal.form[1], secret),
    ];
    ok(http().post(format!("{url}{}", renewal.path)).form(&form).send().await, 200).await
}

#[tokio::test]
async fn what_a_code_gives_lives_as_long_as_what_a_renewal_gives() {
    let tiktok = Fake::<TikTok>::start().await;
    tiktok.set(|knobs| (knobs.access_life_s, knobs.refresh_life_s) = (60, 600));
    let one = connect(&tiktok.url(), &ON_TIKTOK, "/v2/auth/authorize/", "video.publish").await;
    assert_eq!((&one["expires_in"], &one["refresh_expires_in"]), (&json!(60), &json!(600)));
    tiktok.advance(Duration::from_secs(601));
    assert_eq!(ON_TIKTOK.renew(&tiktok.url(), text(&one, "refresh_token"), 400).await["error"], "invalid_grant");

    let linkedin = Fake::<LinkedIn>::start().await;
    linkedin.set(|knobs| (knobs.token_life_s, knobs.refresh_life_s) = (60, 600));
    let link = async || connect(&linkedin.url(), &ON_LINKEDIN, "/oauth/v2/authorization", "w_member_social").await;
    let one = link().await;
    assert_eq!((&one["expires_in"], &one["refresh_token_expires_in"]), (&json!(60), &json!(600)));
    linkedin.advance(Duration::from_secs(601));
    let renew = async |status: u16| ON_LINKEDIN.renew(&linkedin.url(), text(&one, "refresh_token"), status).await;
    assert_eq!(renew(400).await["error"], "invalid_grant", "its life is counted from the consent");
    assert_eq!(link().await["refresh_token_expires_in"], 600, "who agrees anew begins anew");
    renew(200).await;
}

#[tokio::test]
async fn metas_long_tokens_have_a_life_are_too_young_for_a_day_and_dead_once_they_ended() {
    async fn check(url: &str, grant: &str, token: &str, advance: impl Fn(Duration)) {
        let exchange = async |token: &str, status: u16| {
            let query = [("grant_type", grant), ("access_token", token)];
            ok(http().get(format!("{url}/refresh_access_token")).query(&query).send().await, status).await
        };
        let one = exchange(token, 200).await;
        assert_eq!(one["expires_in"], 3 * 86_400);
        let one = text(&one, "access_token");
        exchange(one, 400).await;
        advance(DAY);
        exchange(one, 200).await;
        exchange(one, 200).await;
        advance(2 * DAY);
        assert_eq!(exchange(one, 400).await["error"]["error_subcode"], 463);
    }
    let instagram = Fake::<Instagram>::start().await;
    instagram.set(|knobs| knobs.token_life_s = 3 * 86_400);
    check(&instagram.url(), "ig_refresh_token", &Instagram::token("alice"), |by| instagram.advance(by)).await;
    let threads = Fake::<Threads>::start().await;
    threads.set(|knobs| knobs.token_life_s = 3 * 86_400);
    check(&threads.url(), "th_refresh_token", &Threads::token("alice"), |by| threads.advance(by)).await;
}

#[tokio::test]
async fn a_call_for_tokens_is_its_accounts_and_restored_ones_begin_anew() {
    let fake = Fake::<X>::start().await;
    let one = ON_X.renew(&fake.url(), &X::refresh_token("alice"), 200).await;
    ON_X.renew(&fake.url(), text(&one, "refresh_token"), 200).await;
    ON_X.renew(&fake.url(), &X::refresh_token("alice"), 400).await;
    assert!(fake.calls().iter().all(|call| call.account.as_deref() == Some("alice")));
    ON_X.renew(&fake.url(), &X::refresh_token("bob"), 200).await;
    assert_eq!(fake.calls()[3].account.as_deref(), Some("bob"));
    restore(&fake.url()).await;
    ON_X.renew(&fake.url(), &X::refresh_token("alice"), 200).await;
}

#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "the fake's clock is compared with the real one")]
async fn a_clock_that_is_wrong_is_so_in_every_time_that_is_named_and_in_no_span() {
    let fake = Fake::<Pinterest>::start().await;
    let hour = SignedDuration::from_hours(1);
    for (by, seconds) in [(-hour, -3600), (hour, 3600)] {
        send(&format!("{}/_control/skew", fake.url()), &json!({ "seconds": seconds }), 200).await;
        restore(&fake.url()).await;
        let answer = ON_PINTEREST.send(&fake.url(), &Pinterest::refresh_token("alice")).await.expect("an answer");
        let date = answer.headers()["date"].to_str().expect("text").to_owned();
        let said = Timestamp::strptime("%a, %d %b %Y %H:%M:%S %z", date.replace("GMT", "+0000")).expect("a date");
        let off = |at: Timestamp| at.duration_since(Timestamp::now() + by).abs().as_secs();
        assert!(off(said) <= 2, "{date} by a clock that is {seconds} s off");
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!((&body["expires_in"], &body["refresh_token_expires_in"]), (&json!(2_592_000), &json!(5_184_000)));
        let end = body["refresh_token_expires_at"].as_i64().expect("a number");
        assert!(off(Timestamp::from_second(end - 5_184_000).expect("a time")) <= 2);
    }
    send(&format!("{}/_control/skew", fake.url()), &json!({ "seconds": "soon" }), 400).await;
}
