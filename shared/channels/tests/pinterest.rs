//! What is particular to Pinterest.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{sync::Arc, time::Duration};

use domain::{AttemptKind, Code, Command, Content, Finding, Fix, Landed, ListReason, Media, Scope, State, Worth};
use kit::{
    rows::{self, Case, RETRY, fix, free, point},
    servers::{Raw, files, png},
    site::stand,
    stand::{Ended, Stand, picture, says, thread},
};
use oncepost_channels::{Account, Secret, pinterest::TABLE};
use serde_json::{Value, json};
use testkit::{Answer, Cue, End, Fake, Pinterest};

const CREATE: &str = "create pin";
const MINUTE: Duration = Duration::from_secs(60);

fn body(code: u64, message: &str) -> &'static str {
    json!({"code": code, "message": message}).to_string().leak()
}

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("pinterest", "https://api.pinterest.com", says("x")).account;
    let bad = |message| point(CREATE, 400, body(1, message)).is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post);
    let reconnect = |case: Case, code| case.is(code, fix(Fix::Reconnect), Scope::Account);
    let setup = |case: Case| case.is(Code::APP_MISCONFIGURED, fix(Fix::Setup), Scope::App);
    let renewal = |status, code, message| free("refresh token", status, body(code, message));
    let permission = |code| {
        let case = point(CREATE, 403, body(code, "You are not permitted to access that resource."));
        case.is(Code::PERMISSION_MISSING, fix(Fix::Permission), Scope::Account)
    };
    let grant = r#"{"error":"invalid_grant","message":"invalid_grant"}"#;
    let cases = [
        point(CREATE, 429, body(8, "Slow down")).is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account),
        reconnect(renewal(400, 283, "Invalid refresh token."), Code::TOKEN_REVOKED),
        reconnect(free("refresh token", 400, grant), Code::TOKEN_REVOKED),
        setup(renewal(401, 2, "Authentication failed.")),
        reconnect(point(CREATE, 401, body(2, "The access token has expired")), Code::TOKEN_EXPIRED),
        reconnect(point(CREATE, 401, body(2, "Authentication failed.")), Code::TOKEN_REVOKED),
        setup(point(CREATE, 403, body(29, "Apps with Trial access may not create Pins in production"))),
        permission(29),
        permission(3),
        point(CREATE, 404, body(40, "Board not found.")).is(Code::REFERENCE_GONE, fix(Fix::Content), Scope::Post),
        point(CREATE, 400, body(235, "Sorry! We were unable to reach the URL.")).is(
            Code::MEDIA_UNREACHABLE,
            RETRY,
            Scope::Post,
        ),
        bad("[] is too long (constraint: maxItems=5)"),
        bad("'x' does not match '^\\d+$'"),
        bad("cover_image_url or cover_image_content_type is missing"),
        bad("Something else").in_doubt(),
        free("register video", 400, body(1, "Something else")).is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post),
    ];
    rows::check(&TABLE, &account, &cases);
}

struct Scene {
    fake: Fake<Pinterest>,
    stand: Arc<Stand>,
    _files: Raw,
}

impl Scene {
    /// A pin with a picture, on the fake.
    async fn new(text: &str) -> Self {
        Self::of(says(text), "png", 1, png()).await
    }

    async fn video(text: &str) -> Self {
        let scene = Self::of(says(text), "mp4", 1, b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec()).await;
        scene.fake.set(|knobs| knobs.video_ms = 10_000);
        scene
    }

    async fn of(content: Content, ending: &str, media: usize, file: Vec<u8>) -> Self {
        let (fake, files) = (Fake::<Pinterest>::start().await, files(file).await);
        let file = |n| Media { url: format!("{}/{n}.{ending}", files.url()), alt: Some(format!("number {n}")) };
        let content = Content { media: (0..media).map(file).collect(), ..content };
        let stand = Arc::new(stand("pinterest", &fake.url(), content));
        Self { fake, stand, _files: files }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        Arc::get_mut(&mut self.stand).unwrap().draft.0.settings.insert(name.into(), value.into());
        self
    }

    fn twin(&self, text: &str) -> Stand {
        self.stand.another(Content { text: text.into(), ..self.stand.draft.0.clone() })
    }

    fn pass(&self, span: Duration) {
        self.stand.clock.advance(span);
        self.fake.advance(span);
    }

    async fn settle(&self) -> Vec<Ended> {
        self.stand.settle(|span| self.fake.advance(span)).await
    }

    fn calls(&self) -> Vec<String> {
        self.fake.calls().into_iter().map(|call| format!("{} {}", call.method, call.path)).collect()
    }

    fn count(&self, call: &str) -> usize {
        self.calls().iter().filter(|made| made.starts_with(call)).count()
    }

    /// It is out, once.
    fn is_out_once(&self) {
        assert_eq!((self.stand.state(), self.fake.posts().len()), (State::Published, 1), "{:?}", self.stand.target());
        assert_eq!(self.stand.receipts()[0].id, self.fake.posts()[0].id);
    }
}

fn kinds(attempts: &[Ended]) -> Vec<AttemptKind> {
    attempts.iter().map(|ended| ended.kind).collect()
}

#[tokio::test]
async fn a_pin_carries_its_words_its_link_and_its_picture() {
    let content = Content { link: Some("https://a.example/x".into()), ..says("what it is") };
    let scene = Scene::of(content, "png", 1, png()).await.with("title", "The title");
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(scene.calls(), ["POST /v5/pins"]);
    let post = scene.fake.posts()[0].clone();
    let told = ["title", "description", "link", "alt_text", "board_id"].map(|name| post.native[name].clone());
    let board = Pinterest::board("main");
    assert_eq!(told, ["The title", "what it is", "https://a.example/x", "number 0", &board].map(|text| json!(text)));
    assert_eq!(post.native["media_source"]["source_type"], "image_base64");
    assert_eq!(scene.stand.receipts()[0].url, Some(post.url));
}

#[tokio::test]
async fn pictures_go_along_as_bytes() {
    for (n, kind) in [(1, "image_base64"), (3, "multiple_image_base64")] {
        let scene = Scene::of(says("look"), "png", n, png()).await;
        assert_eq!(scene.stand.attempt().await.failure, None, "{kind}");
        assert_eq!(scene.fake.posts()[0].native["media_source"]["source_type"], kind);
    }
}

#[tokio::test]
async fn the_posts_board_comes_before_the_accounts_and_one_must_be_named() {
    let mut scene = Scene::new("x").await.with("board_id", &Pinterest::board("main"));
    Arc::get_mut(&mut scene.stand).unwrap().account.settings.insert("board_id".into(), "17".into());
    assert_eq!(scene.stand.attempt().await.failure, None);
    let mut scene = Scene::new("x").await;
    Arc::get_mut(&mut scene.stand).unwrap().account.settings.clear();
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::BAD_SETTING, Landed::No, Scope::Post));
    assert_eq!(scene.fake.calls().len(), 0);
    let scene = Scene::new("x").await.with("board_id", "17");
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::REFERENCE_GONE, Landed::No, Scope::Post));
}

#[tokio::test]
async fn a_video_is_registered_uploaded_awaited_and_pinned() {
    let scene = Scene::video("moving").await.with("cover_url", "https://cdn.example/a.jpg");
    scene.fake.set(|knobs| knobs.video_ms = 0);
    assert_eq!(scene.stand.attempt().await.failure, None);
    let id = scene.calls()[2].rsplit('/').next().unwrap().to_owned();
    let expected =
        ["POST /v5/media", "POST /video-store", &format!("GET /v5/media/{id}"), "POST /v5/pins"].map(str::to_owned);
    assert_eq!(scene.calls(), expected);
    assert_eq!(scene.fake.posts()[0].native["media"]["media_type"], "video");
}

#[tokio::test]
async fn m05_a_video_that_takes_long_is_not_waited_for_and_not_uploaded_again() {
    let scene = Scene::video("slow").await;
    scene.fake.set(|knobs| knobs.video_ms = 240_000);
    let began = runtime::Clock::now(&*scene.stand.clock);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::MEDIA_NOT_READY, Landed::No, Scope::Post));
    assert!(failure.not_before().unwrap() >= began + MINUTE);
    scene.settle().await;
    scene.is_out_once();
    assert_eq!((scene.count("POST /v5/media"), scene.count("POST /video-store")), (1, 1));
}

#[tokio::test]
async fn x03_a_video_that_pinterest_cannot_use_is_not_waited_for() {
    let scene = Scene::video("broken").await;
    scene.fake.set(|knobs| knobs.video_ms = 240_000);
    scene.stand.attempt().await;
    scene.fake.platform().break_videos();
    scene.pass(2 * MINUTE);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, scene.stand.state()), (Code::MEDIA_REFUSED, Landed::No, State::Failed));
    assert!(failure.said.code.is_some(), "it shows who refused: {failure:?}");
    assert_eq!(scene.stand.target().handles.keys().filter(|name| name.starts_with("video")).count(), 0);
}

#[tokio::test]
async fn a_crash_between_any_two_steps_resumes_and_does_not_start_over() {
    // Registered, stored, asked, pinned.
    for n in 1..=4 {
        let scene = Scene::video("once").await;
        scene.fake.set(|knobs| knobs.video_ms = 0);
        scene.fake.cue(Cue { hold_before: true, path: Some("/".into()), nth: Some(n), ..Cue::default() });
        let dying = scene.stand.clone();
        let worker = scene.stand.http.runtime().spawn(async move { dying.attempt().await });
        scene.fake.until(|stage| stage.calls().len() == usize::try_from(n).unwrap()).await;
        worker.abort();
        scene.fake.release();
        scene.fake.until(|stage| stage.calls().iter().all(|call| call.did != "working")).await;
        scene.settle().await;
        scene.is_out_once();
        let again = usize::from(n < 3);
        assert_eq!(scene.count("POST /v5/media"), 1 + again, "step {n}");
        assert_eq!((scene.count("POST /video-store"), scene.count("POST /v5/pins")), (1 + usize::from(n == 2), 1));
    }
}

#[tokio::test]
async fn an_upload_that_the_store_refuses_is_made_anew_and_holds_nobody() {
    let scene = Scene::video("once").await;
    let denied = Answer::text(403, "application/xml", "<Error><Code>AccessDenied</Code></Error>");
    scene.fake.cue(Cue::new(End::Refuse(denied)).on("POST", "video-store"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.scope), (Code::MEDIA_NOT_READY, Landed::No, Scope::Post));
    scene.settle().await;
    scene.is_out_once();
    assert_eq!(scene.count("POST /v5/media"), 2);
}

#[tokio::test]
async fn a_lost_pin_is_found_on_its_board_and_the_lag_of_the_listing_waited_out() {
    for zoneless in [true, false] {
        let scene = Scene::new("once").await;
        scene.fake.set(|knobs| knobs.zoneless = zoneless);
        scene.fake.cue(Cue::new(End::CutAfter).list_late(4 * MINUTE));
        scene.stand.attempt().await;
        let attempts = scene.settle().await;
        assert_eq!(attempts[0].finding, Some(Finding::Absent), "not listed yet, which proves nothing yet");
        assert!(attempts.iter().all(|ended| ended.kind == AttemptKind::Look), "{attempts:?}");
        scene.is_out_once();
        assert_eq!(scene.fake.publish_calls().len(), 1);
    }
}

#[tokio::test]
async fn a_pin_that_never_arrived_is_sent_again_when_the_listing_counts() {
    let scene = Scene::new("once").await;
    scene.fake.cue(Cue::new(End::CutBefore));
    let began = scene.fake.now();
    scene.stand.attempt().await;
    let attempts = scene.settle().await;
    assert_eq!(kinds(&attempts).last(), Some(&AttemptKind::Send));
    assert!(scene.fake.now() >= began + 5 * MINUTE);
    scene.is_out_once();
}

#[tokio::test]
async fn an_account_may_say_how_late_its_board_lists() {
    let mut scene = Scene::new("once").await;
    let settings = &mut Arc::get_mut(&mut scene.stand).unwrap().account.settings;
    settings.insert("sure_after".into(), "20m".into());
    scene.fake.cue(Cue::new(End::CutAfter).list_late(18 * MINUTE));
    scene.stand.attempt().await;
    scene.settle().await;
    scene.is_out_once();
}

#[tokio::test]
async fn a_look_takes_no_other_pin_whatever_stands_on_top() {
    let scene = Scene::new("same words").await;
    scene.twin("same words").attempt().await;
    scene.pass(2 * MINUTE);
    scene.fake.cue(Cue::new(End::CutAfter).list_late(10 * MINUTE));
    scene.stand.attempt().await;
    let (other, twin) = (scene.twin("other words"), scene.twin("same words"));
    other.attempt().await;
    twin.attempt().await;
    let found = |finding: Finding, id: &str| matches!(finding, Finding::Found(receipt) if receipt.id == id);
    assert!(found(scene.stand.find(0).await.unwrap(), &twin.receipts()[0].id));
    scene.stand.taken.lock().unwrap().push(twin.receipts()[0].id.clone());
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "neither older nor taken nor on top");
    scene.pass(10 * MINUTE);
    assert!(found(scene.stand.find(0).await.unwrap(), &scene.fake.posts()[1].id));
}

#[tokio::test]
async fn a_link_tells_pins_apart_that_say_the_same() {
    let linked = |host: &str| Content { link: Some(format!("https://{host}/x")), ..says("same words") };
    let scene = Scene::of(linked("a.example"), "png", 1, png()).await;
    scene.fake.cue(Cue::new(End::CutBefore));
    scene.stand.attempt().await;
    let media = scene.stand.draft.0.media.clone();
    scene.stand.another(Content { media, ..linked("b.example") }).attempt().await;
    assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent);
}

#[tokio::test]
async fn of_several_pins_without_words_none_is_taken() {
    let scene = Scene::new("").await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    scene.twin("").attempt().await;
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.publish_calls().len()), (State::InDoubt, 2));
    assert_eq!(scene.stand.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
}

#[tokio::test]
async fn a_pin_without_words_may_be_a_colleagues_and_is_not_taken() {
    // Ours came and its answer was lost; ours never came and a colleague has pinned.
    for (end, colleague) in [(End::CutAfter, false), (End::CutBefore, true)] {
        let scene = Scene::new("").await;
        scene.fake.cue(Cue::new(end));
        scene.stand.attempt().await;
        if colleague {
            scene.twin("").attempt().await;
        }
        scene.settle().await;
        assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::InDoubt, 1));
        assert_eq!(scene.stand.target().listed.map(|listed| listed.reason), Some(ListReason::Undecidable));
        scene.stand.taken.lock().unwrap().extend(scene.fake.posts().into_iter().map(|post| post.id));
        assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "the ledger knows whose they are");
    }
}

#[tokio::test]
async fn a_look_reads_as_many_pages_as_it_takes() {
    let scene = Scene::new("deep down").await;
    scene.fake.cue(Cue::new(End::CutAfter));
    scene.stand.attempt().await;
    for n in 0..110 {
        scene.twin(&format!("later {n}")).attempt().await;
    }
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(_)));
    assert_eq!(scene.count("GET /v5/boards"), 2);
}

#[tokio::test]
async fn a_refusal_that_proves_itself_is_final_and_another_is_looked_into() {
    for (message, landed, state) in [
        ("title is too long (constraint: maxLength=100)", Landed::No, State::Failed),
        ("Something went wrong", Landed::Unknown, State::InDoubt),
    ] {
        let scene = Scene::new("x").await;
        let answer: Value = serde_json::from_str(body(1, message)).unwrap();
        scene.fake.cue(Cue::say(400, &answer));
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed, scene.stand.state()), (Code::CONTENT_REFUSED, landed, state));
    }
}

#[tokio::test]
async fn t06_d02_a_token_that_dies_between_two_steps_holds_the_account_and_nothing_starts_over() {
    for cue in [Cue::default().on("GET", "/v5/media"), Cue::default()] {
        let scene = Scene::video("later").await;
        scene.fake.set(|knobs| knobs.video_ms = 0);
        scene.fake.cue(Cue { expire_token: true, ..cue });
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed), (Code::TOKEN_REVOKED, Landed::No));
        assert!(failure.holds_siblings());
        scene.fake.platform().restore("main");
        assert_eq!(scene.stand.ask(&Command::Retry), domain::Answer::Done);
        scene.settle().await;
        scene.is_out_once();
        assert_eq!(scene.count("POST /v5/media"), 1);
    }
}

#[tokio::test]
async fn r01_the_days_calls_are_waited_for_as_long_as_told() {
    let scene = Scene::new("tomorrow").await;
    scene.fake.set(|knobs| knobs.calls_a_day = 1);
    scene.twin("today").attempt().await;
    let now = scene.fake.now();
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope), (Code::RATE_LIMITED_ACCOUNT, Scope::Account));
    assert!(failure.not_before().unwrap() >= now + Duration::from_secs(86_000));
    assert_eq!(scene.stand.target().tries, 0);
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 2));
}

fn objections(content: Content) -> Vec<(String, Code)> {
    let stand = stand("pinterest", "https://api.pinterest.com", content);
    stand.channel.check(&stand.draft).into_iter().map(|objection| (objection.path, objection.code)).collect()
}

#[test]
fn what_pinterest_would_refuse_is_refused_before() {
    let one = |path: &str, code| vec![(path.to_owned(), code)];
    let shown = |text: &str| picture(text, "https://cdn.example");
    assert_eq!(objections(says("text alone")), one("media", Code::NOTHING_TO_SAY));
    assert_eq!(objections(shown(&"🎉".repeat(400))), []);
    assert_eq!(objections(shown(&"🎉".repeat(401))), one("text", Code::TEXT_TOO_LONG));
    let linked = |length: usize| Content { link: Some("x".repeat(length)), ..shown(&"x".repeat(800)) };
    assert_eq!((objections(linked(2048)), objections(linked(2049))), (vec![], one("link", Code::TEXT_TOO_LONG)));
    let mut many = shown("x");
    many.media = vec![many.media[0].clone(); 5];
    assert_eq!(objections(many.clone()), []);
    many.media[1].alt = Some("x".repeat(501));
    assert_eq!(objections(many.clone()), one("media[1].alt", Code::TEXT_TOO_LONG));
    many.media[1] = Media { url: "https://cdn.example/a.mp4".into(), alt: None };
    assert_eq!(objections(many.clone()), one("media", Code::MEDIA_REFUSED));
    many.media = vec![many.media[0].clone(); 6];
    assert_eq!(objections(many), one("media", Code::TOO_MANY_MEDIA));
    let set = |name: &str, value: &str| {
        objections(Content { settings: [(name.to_owned(), value.to_owned())].into(), ..shown("x") })
    };
    for (name, wrong, right) in [
        ("board_id", "things", "17"),
        ("board_section_id", "", "17"),
        ("cover_url", "http://a.example/x.jpg", "https://a.example/x.jpg"),
        ("cover_second", "-1", "3"),
    ] {
        assert_eq!(set(name, wrong), one(&format!("settings.{name}"), Code::BAD_SETTING));
        assert_eq!(set(name, right), []);
    }
    assert_eq!(set("title", &"x".repeat(101)), one("settings.title", Code::TEXT_TOO_LONG));
    let thread = thread(&["one", "two"]);
    assert_eq!(objections(Content { media: shown("x").media, ..thread }), one("thread", Code::THREAD_NOT_TAKEN));
}

#[test]
fn an_accounts_settings_are_checked() {
    let stand = stand("pinterest", "https://api.pinterest.com", says("x"));
    let wrong = |name: &str, value: &str| {
        let mut card = stand.account.card();
        card.settings.insert(name.into(), value.into());
        stand.channel.check_account(&card).len()
    };
    for (name, value) in [("board_id", "things"), ("api_version", "5"), ("sure_after", "soon")] {
        assert_eq!(wrong(name, value), 1, "{name} = {value}");
    }
    for (name, value) in [("board_id", "17"), ("api_version", "v5"), ("sure_after", "10m")] {
        assert_eq!(wrong(name, value), 0, "{name} = {value}");
    }
}

#[tokio::test]
async fn credentials_are_checked_without_publishing() {
    let scene = Scene::new("x").await;
    let check = async |account: &Account| scene.stand.channel.check_credentials(account).await;
    let mut account = scene.stand.account.clone();
    let standing = check(&account).await.unwrap();
    assert_eq!((standing.who.as_str(), standing.missing.len(), standing.unknown), ("main", 0, false));
    account.settings.insert("board_id".into(), "17".into());
    assert_eq!(check(&account).await.unwrap().missing, ["a board with the number 17"]);
    scene.fake.platform().revoke("main");
    assert_eq!(check(&account).await.unwrap_err().code, Code::TOKEN_REVOKED);
    assert_eq!(scene.fake.publish_calls().len(), 0);
}

fn renewing(scene: &Scene) -> Account {
    let mut account = scene.stand.account.clone();
    let (id, secret) = Pinterest::CLIENT;
    let token = Pinterest::refresh_token("main");
    for (name, value) in [("refresh_token", token.as_str()), ("client_id", id), ("client_secret", secret)] {
        account.secrets.insert(name.into(), Secret::new(value));
    }
    account
}

#[tokio::test]
async fn t08_a_refresh_token_is_good_once_and_the_answer_holds_the_next() {
    let scene = Scene::new("x").await;
    let refresh = async |account: &Account| scene.stand.channel.refresh(account).await;
    assert_eq!(refresh(&scene.stand.account).await, Ok(None), "there is nothing to renew it with");
    let mut account = renewing(&scene);
    let tokens = refresh(&account).await.unwrap().unwrap();
    let days = |at: Option<jiff::Timestamp>| at.unwrap().duration_since(scene.fake.now()).as_hours() / 24;
    assert_eq!((days(tokens.expires_at), days(tokens.refresh_expires_at)), (29, 59));
    assert!(tokens.scopes.as_ref().unwrap().contains(&"pins:write".to_owned()));
    assert_eq!(refresh(&account).await.unwrap_err().code, Code::TOKEN_REVOKED, "used up");
    account.secrets.insert("access_token".into(), tokens.access);
    account.secrets.insert("refresh_token".into(), tokens.refresh.unwrap());
    assert_eq!(scene.stand.channel.check_credentials(&account).await.unwrap().who, "main");
    refresh(&account).await.unwrap().unwrap();
    account.secrets.insert("client_secret".into(), Secret::new("wrong"));
    let failure = refresh(&account).await.unwrap_err();
    assert_eq!((failure.code, failure.scope), (Code::APP_MISCONFIGURED, Scope::App), "no dead account");
}

#[tokio::test]
async fn t01_t02_a_renewal_without_an_answer_or_a_token_is_no_dead_token() {
    let scene = Scene::new("x").await;
    let account = renewing(&scene);
    let empty = Answer::json(200, &json!({"access_token": "", "token_type": "bearer"}));
    for end in [End::CutBefore, End::Outage, End::Refuse(empty)] {
        scene.fake.cue(Cue::new(end.clone()).on("POST", "oauth/token"));
        let failure = scene.stand.channel.refresh(&account).await.unwrap_err();
        assert!(matches!(failure.worth, Worth::Retry { .. }), "{end:?}: {failure:?}");
        assert_eq!(failure.landed, Landed::Unknown, "{end:?}: it may have been renewed");
        assert!(!format!("{failure:?}").contains("pinr.main"));
    }
    let none = Answer::json(200, &json!({"access_token": "pina_new", "expires_in": 60, "refresh_token": ""}));
    scene.fake.cue(Cue::new(End::Refuse(none)).on("POST", "oauth/token"));
    let tokens = scene.stand.channel.refresh(&account).await.unwrap().unwrap();
    assert_eq!((tokens.refresh, tokens.refresh_expires_at), (None, None), "nothing replaces what is stored");
}
