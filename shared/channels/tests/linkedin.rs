//! What is particular to LinkedIn.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::time::Duration;

use domain::{AttemptKind, Code, Content, Draft, Finding, Fix, Landed, ListReason, Media, Part, Scope, State, Worth};
use kit::{
    canary::Canary,
    rows::{self, RETRY, fix, free, point},
    servers::{Raw, files, png, read_request, say},
    site::stand,
    stand::{Stand, picture, says, thread},
};
use oncepost_channels::{Secret, linkedin::TABLE};
use serde_json::{Value, json};
use testkit::{Cue, End, Fake, LinkedIn};

const CREATE: &str = "create post";
const UPLOAD: &str = "upload: send";
const REFRESH: &str = "refresh token";
const MIB: usize = 1024 * 1024;

#[test]
fn every_row_of_the_table_means_what_it_says() {
    let account = stand("linkedin", "https://api.linkedin.example", says("x")).account;
    let (reconnect, setup, permission) = (fix(Fix::Reconnect), fix(Fix::Setup), fix(Fix::Permission));
    let dead = |case: rows::Case| case.is(Code::TOKEN_REVOKED, reconnect, Scope::Account);
    let ended = |case: rows::Case| case.is(Code::TOKEN_EXPIRED, reconnect, Scope::Account);
    let app = |case: rows::Case| case.is(Code::APP_MISCONFIGURED, setup, Scope::App);
    let denied = |case: rows::Case| case.is(Code::PERMISSION_MISSING, permission, Scope::Account);
    let refused = |case: rows::Case| case.is(Code::CONTENT_REFUSED, Worth::Never, Scope::Post);
    let media = |case: rows::Case| case.is(Code::MEDIA_REFUSED, Worth::Never, Scope::Post);
    let unready = |case: rows::Case| case.is(Code::MEDIA_NOT_READY, RETRY, Scope::Post);
    rows::check(
        &TABLE,
        &account,
        &[
            dead(free(
                REFRESH,
                400,
                r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
            )),
            app(free(REFRESH, 400, r#"{"error":"invalid_client"}"#)),
            app(free(REFRESH, 401, r#"{"error":"invalid_client"}"#)),
            ended(point(CREATE, 401, r#"{"code":"EXPIRED_ACCESS_TOKEN","serviceErrorCode":65602}"#)),
            ended(point(CREATE, 401, r#"{"serviceErrorCode":65602}"#)),
            dead(point(CREATE, 401, r#"{"serviceErrorCode":65601,"code":"REVOKED_ACCESS_TOKEN"}"#)),
            denied(point(CREATE, 403, r#"{"code":"ACCESS_DENIED"}"#)),
            denied(point(CREATE, 403, r#"{"serviceErrorCode":100,"message":"Not enough permissions"}"#)),
            app(point(CREATE, 426, r#"{"code":"NONEXISTENT_VERSION"}"#)),
            point(
                CREATE,
                429,
                r#"{"message":"Resource level throttle APPLICATION DAY limit for calls to this resource is reached."}"#,
            )
            .is(Code::RATE_LIMITED_APP, RETRY, Scope::App),
            point(CREATE, 429, r#"{"message":"Resource level throttle APPLICATION_AND_MEMBER DAY limit is reached."}"#)
                .is(Code::RATE_LIMITED_ACCOUNT, RETRY, Scope::Account),
            point(
                CREATE,
                422,
                r#"{"message":"Content is a duplicate of urn:li:share:7141138937766391808",
                    "errorDetails":{"inputErrors":[{"code":"DUPLICATE_POST"}]}}"#,
            )
            .is(Code::DUPLICATE_REFUSED, RETRY, Scope::Post)
            .in_doubt(),
            unready(point(CREATE, 422, r#"{"code":"MEDIA_ASSET_WAITING_UPLOAD"}"#)),
            media(point(CREATE, 422, r#"{"code":"MEDIA_ASSET_PROCESSING_FAILED"}"#)),
            refused(point(CREATE, 422, r#"{"message":"/author :: field is required but not found"}"#)),
            refused(point(
                CREATE,
                422,
                r#"{"message":"ERROR :: /commentary :: length of the text is over the limit"}"#,
            )),
            media(free(UPLOAD, 400, "{}")),
            unready(free("upload: status", 404, "{}")),
            media(free(UPLOAD, 413, "<html>")),
            app(point(CREATE, 400, r#"{"code":"VERSION_MISSING"}"#)),
            refused(point(CREATE, 400, r#"{"code":"ILLEGAL_ARGUMENT"}"#)),
            refused(point(CREATE, 400, r#"{"message":"Request body could not be converted to data map"}"#)),
            point("create comment", 404, r#"{"code":"NOT_FOUND"}"#).is(Code::REFERENCE_GONE, Worth::Never, Scope::Post),
        ],
    );
}

struct Scene {
    fake: Fake<LinkedIn>,
    stand: Stand,
}

impl Scene {
    /// As a member.
    async fn new(content: Content) -> Self {
        let fake = Fake::<LinkedIn>::start().await;
        let stand = stand("linkedin", &fake.url(), content);
        Self { fake, stand }
    }

    async fn with(content: Content, name: &str, value: &str) -> Self {
        let mut scene = Self::new(content).await;
        scene.stand.account.settings.insert(name.into(), value.into());
        scene
    }

    async fn page(content: Content) -> Self {
        Self::with(content, "author", &LinkedIn::page("main")).await
    }

    /// As a member who takes the refusal of a duplicate for a key.
    async fn trusting(content: Content) -> Self {
        Self::with(content, "duplicate_guard", "trusted").await
    }

    fn pass(&self, seconds: u64) {
        let span = Duration::from_secs(seconds);
        self.stand.clock.advance(span);
        self.fake.advance(span);
    }

    async fn loses_the_answer(&self) {
        self.fake.cue(Cue::new(End::CutAfter));
        assert_eq!(self.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    }

    async fn settle(&self) -> Vec<AttemptKind> {
        self.stand.settle(|span| self.fake.advance(span)).await.into_iter().map(|ended| ended.kind).collect()
    }

    fn calls(&self, path: &str) -> usize {
        self.fake.calls().iter().filter(|call| call.path.contains(path)).count()
    }

    fn is_left_to_a_person(&self) {
        let reason = self.stand.target().listed.map(|listed| listed.reason);
        assert_eq!((self.stand.state(), reason), (State::InDoubt, Some(ListReason::Undecidable)));
        assert_eq!(self.stand.receipts(), []);
    }
}

fn mp4(bytes: usize) -> Vec<u8> {
    let mut file = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
    file.resize(bytes, 7);
    file
}

#[tokio::test]
async fn a_text_arrives_as_it_was_written_and_is_not_cut() {
    let text = "All (or most) of it: [x] {y} <z> a_b *c* ~d~ e|f \\o/ #Größe #snake_case #1 you@example.org";
    let scene = Scene::new(says(text)).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    assert_eq!(scene.fake.posts()[0].text, text);
    assert!(scene.fake.posts()[0].native["commentary"].as_str().unwrap().contains("{hashtag|\\#|Größe}"));
}

#[tokio::test]
async fn m16_success_is_the_id_in_the_header_field_and_nothing_else() {
    let scene = Scene::new(says("x")).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let (receipt, post) = (scene.stand.receipts()[0].clone(), scene.fake.posts()[0].clone());
    assert_eq!((receipt.id.as_str(), receipt.url), (post.id.as_str(), Some(post.url)));
    assert!(receipt.id.starts_with("urn:li:share:"));
    let silent = Scene::new(says("x")).await;
    silent.fake.cue(Cue::say(201, &json!({"id": "urn:li:share:1"})));
    let failure = silent.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::NO_PROOF, Landed::Unknown));
}

#[tokio::test]
async fn a_link_goes_along_as_an_article_and_settings_are_checked() {
    let settings = [("visibility", "CONNECTIONS"), ("link_title", "The news")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let link = Some("https://example.org/news".into());
    let scene = Scene::new(Content { settings, link, ..says("read") }).await;
    scene.stand.attempt().await;
    let post = scene.fake.posts()[0].clone();
    assert_eq!((post.text.as_str(), &post.native["visibility"]), ("read", &json!("CONNECTIONS")));
    assert_eq!(post.native["content"]["article"], json!({"source": "https://example.org/news", "title": "The news"}));
    let settings = [("visibility".to_owned(), "everybody".to_owned())].into();
    let mut wrong = Content { settings, ..thread(&["x", "y"]) };
    wrong.thread[0].media = vec![Media { url: "https://cdn.example/a.png".into(), alt: None }];
    let paths: Vec<_> = scene.stand.channel.check(&Draft(wrong)).into_iter().map(|objection| objection.path).collect();
    assert_eq!(paths, ["thread[0].media", "settings.visibility"]);
    let codes = |text: String| scene.stand.channel.check(&Draft(says(&text))).len();
    assert_eq!((codes("😀".repeat(1500)), codes("😀".repeat(1501))), (0, 1));
}

#[tokio::test]
async fn what_follows_the_post_are_comments_on_it() {
    let scene = Scene::page(thread(&["one", "two", "three"])).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let posts = scene.fake.posts();
    assert_eq!(
        (posts[1].native["object"].clone(), posts[2].native["object"].clone()),
        (json!(posts[0].id), json!(posts[0].id))
    );
    let receipts = scene.stand.receipts();
    assert_eq!(
        (receipts[1].id.as_str(), receipts[1].url.as_deref()),
        (posts[1].id.as_str(), Some(posts[0].url.as_str()))
    );
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_found_and_the_next_one_goes_on() {
    let scene = Scene::page(thread(&["one", "again", "again"])).await;
    scene.fake.cue(Cue::new(End::CutAfter).nth(2));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    scene.settle().await;
    let posts: Vec<_> = scene.fake.posts().into_iter().map(|post| post.id).collect();
    let out: Vec<_> = scene.stand.receipts().into_iter().map(|receipt| receipt.id).collect();
    assert_eq!((scene.stand.state(), posts.len()), (State::Published, 3));
    assert_eq!(out, posts);
}

#[tokio::test]
async fn a_comment_on_a_post_that_was_taken_down_ends() {
    let scene = Scene::page(thread(&["one", "two"])).await;
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 60 }).nth(2));
    scene.stand.attempt().await;
    scene.fake.delete(&scene.stand.receipts()[0].id);
    scene.settle().await;
    assert_eq!(scene.stand.target().last_failure.unwrap().code, Code::REFERENCE_GONE);
}

#[tokio::test]
async fn a_pages_post_is_found_whatever_linkedin_made_of_its_text() {
    let link = Content { link: Some("https://example.org/only-this".into()), ..Content::default() };
    for content in [says("a (b) #Rust\n\n\nend_ "), link] {
        let scene = Scene::page(content).await;
        scene.loses_the_answer().await;
        assert_eq!(scene.settle().await, [AttemptKind::Look]);
        assert_eq!((scene.stand.state(), scene.fake.publish_calls().len()), (State::Published, 1));
        assert_eq!(scene.stand.receipts()[0].id, scene.fake.posts()[0].id);
    }
}

#[tokio::test]
async fn a_look_takes_neither_older_posts_nor_those_of_other_targets_nor_other_texts() {
    let scene = Scene::page(says("same words")).await;
    scene.fake.set(|knobs| knobs.duplicate_window_s = 0);
    scene.stand.another(says("same words")).attempt().await;
    scene.pass(120);
    let ours = scene.stand.another(says("same words"));
    scene.stand.another(says("other words")).attempt().await;
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "one is too old, one says something else");
    let twin = scene.stand.another(says("same words"));
    twin.attempt().await;
    let twins = twin.receipts()[0].clone();
    ours.taken.lock().unwrap().push(twins.id.clone());
    assert_eq!(ours.find(0).await.unwrap(), Finding::Absent, "the ledger gave it to another target");
    ours.taken.lock().unwrap().clear();
    assert_eq!(ours.find(0).await.unwrap(), Finding::Found(twins));
}

#[tokio::test]
async fn a_pages_post_with_our_words_and_another_address_is_neither_ours_nor_absence() {
    let link = |link: &str| Content { link: Some(link.into()), ..says("news") };
    for (ours, theirs) in [
        (says("news https://example.org/a"), says("news https://lnkd.in/b")),
        (link("https://example.org/a"), link("https://example.org/b")),
    ] {
        let scene = Scene::page(ours).await;
        scene.stand.another(theirs).attempt().await;
        let finding = scene.stand.find(0).await.unwrap();
        assert!(matches!(finding, Finding::CannotTell(_)), "{finding:?}");
        scene.stand.taken.lock().unwrap().push(scene.fake.posts()[0].id.clone());
        assert_eq!(scene.stand.find(0).await.unwrap(), Finding::Absent, "the ledger gave it to another target");
    }
}

#[tokio::test]
async fn a_look_reads_on_until_it_is_back_at_the_time_of_the_call() {
    let scene = Scene::page(says("deep down")).await;
    scene.loses_the_answer().await;
    for n in 0..230 {
        scene.stand.another(says(&format!("later {n}"))).attempt().await;
    }
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::Found(_)));
    assert_eq!(scene.fake.calls().iter().filter(|call| call.method == "GET" && call.path == "/rest/posts").count(), 3);
    let unread = json!({"elements": [{"id": "urn:li:share:1"}]});
    scene.fake.cue(Cue::refuse(200, &unread).on("GET", "/rest/posts"));
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(_)), "what cannot be read may be ours");
}

#[tokio::test]
async fn d07_a_pages_duplicate_that_is_refused_is_looked_up_and_found() {
    let scene = Scene::page(says("late")).await;
    scene.fake.cue(Cue::new(End::CutAfter).list_late(Duration::from_secs(14 * 60)));
    scene.stand.attempt().await;
    let kinds = scene.settle().await;
    assert!(kinds.contains(&AttemptKind::Send), "{kinds:?}");
    let (posts, calls) = (scene.fake.posts(), scene.fake.publish_calls());
    assert_eq!((scene.stand.state(), posts.len(), calls[1].status), (State::Published, 1, Some(422)));
    assert_eq!(scene.stand.receipts()[0].id, posts[0].id);
}

#[tokio::test]
async fn what_became_of_a_members_post_only_a_person_can_tell() {
    let scene = Scene::new(says("once")).await;
    scene.loses_the_answer().await;
    scene.settle().await;
    scene.is_left_to_a_person();
    assert_eq!(scene.fake.publish_calls().len(), 1, "nothing is sent again");
    assert!(matches!(scene.stand.find(0).await.unwrap(), Finding::CannotTell(_)));
}

#[tokio::test]
async fn a_trusted_guard_names_the_post_that_is_out() {
    let scene = Scene::trusting(says("once")).await;
    scene.loses_the_answer().await;
    assert_eq!(scene.settle().await, [AttemptKind::Repeat]);
    assert_eq!(
        (scene.stand.state(), scene.fake.posts().len(), scene.fake.publish_calls().len()),
        (State::Published, 1, 2)
    );
    assert_eq!(scene.stand.receipts()[0].id, scene.fake.posts()[0].id);

    let absent = Scene::trusting(says("once")).await;
    absent.fake.cue(Cue::new(End::CutBefore));
    absent.stand.attempt().await;
    assert_eq!(absent.settle().await, [AttemptKind::Repeat]);
    assert_eq!((absent.stand.state(), absent.fake.posts().len()), (State::Published, 1));
}

/// Two targets say the same at the same time. LinkedIn names one post to both: it is one target's only.
#[tokio::test]
async fn d20_a_trusted_guard_gives_one_post_to_one_target() {
    let first = Scene::trusting(says("twins")).await;
    first.stand.attempt().await;
    let post = first.stand.receipts()[0].id.clone();
    let second = Scene { stand: first.stand.another(says("twins")), fake: first.fake };
    second.stand.taken.lock().unwrap().push(post.clone());
    second.fake.cue(Cue::new(End::CutBefore));
    assert_eq!(second.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
    assert_eq!(second.settle().await, [AttemptKind::Repeat]);
    second.is_left_to_a_person();
    let last = second.stand.target().last_failure.unwrap();
    assert!(last.said.text.contains(&post), "the guard named a post made since the first call: {last:?}");
}

#[tokio::test]
async fn a_guard_that_names_an_older_post_settles_nothing() {
    let scene = Scene::trusting(says("good morning")).await;
    scene.stand.another(says("good morning")).attempt().await;
    scene.pass(3600);
    let today = Scene { stand: scene.stand.another(says("good morning")), fake: scene.fake };
    today.fake.cue(Cue::new(End::CutBefore));
    assert_eq!(today.stand.attempt().await.failure.unwrap().code, Code::NO_ANSWER);
    assert_eq!(today.settle().await, [AttemptKind::Repeat]);
    today.is_left_to_a_person();
}

#[tokio::test]
async fn a_ghost_is_never_taken_for_a_post() {
    // The text was posted and deleted; LinkedIn refuses it all the same, and names a post made now that nobody can read.
    let first = Scene::trusting(says("again")).await;
    first.fake.set(|knobs| knobs.ghosts = true);
    first.stand.attempt().await;
    first.fake.delete(&first.stand.receipts()[0].id);
    let second = Scene { stand: first.stand.another(says("again")), fake: first.fake };
    let failure = second.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::DUPLICATE_REFUSED, Landed::Unknown));
    assert!(failure.said.text.contains("urn:li:share:"), "a person reads which: {failure:?}");
    second.settle().await;
    second.is_left_to_a_person();
    assert_eq!(second.fake.publish_calls().len(), 2, "a refused duplicate is not sent again");
    // A page looks, and finds nothing.
    let page = Scene::page(says("again")).await;
    page.fake.set(|knobs| knobs.ghosts = true);
    page.stand.attempt().await;
    page.fake.delete(&page.stand.receipts()[0].id);
    let second = Scene { stand: page.stand.another(says("again")), fake: page.fake };
    second.stand.attempt().await;
    second.settle().await;
    second.is_left_to_a_person();
}

#[tokio::test]
async fn a_trusted_guard_is_not_trusted_with_media_or_comments() {
    let file = files(png()).await;
    for (content, nth) in [(picture("look", &file.url()), 1), (thread(&["one", "two"]), 2)] {
        let scene = Scene::trusting(content).await;
        scene.fake.cue(Cue::new(End::CutAfter).nth(nth));
        assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
        scene.settle().await;
        let reason = scene.stand.target().listed.map(|listed| listed.reason);
        assert_eq!((scene.stand.state(), reason), (State::InDoubt, Some(ListReason::Undecidable)));
        assert_eq!(scene.fake.publish_calls().len() as u64, nth, "nothing is sent again");
    }
}

#[tokio::test]
async fn an_account_says_for_whom_it_writes_and_what_it_dares() {
    let scene = Scene::new(says("x")).await;
    let ask = |settings: &[(&str, &str)]| {
        let mut card = scene.stand.account.card();
        card.settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        (scene.stand.channel.safety(&card).repeat.name(), scene.stand.channel.check_account(&card).len())
    };
    assert_eq!(ask(&[]), ("nothing", 0));
    assert_eq!(ask(&[("author", "urn:li:person:x")]), ("nothing", 0));
    assert_eq!(ask(&[("author", "urn:li:organization:1")]), ("look-up", 0));
    assert_eq!(ask(&[("duplicate_guard", "trusted")]), ("platform key", 0));
    assert_eq!(ask(&[("duplicate_guard", "ignored")]), ("nothing", 0));
    assert_eq!(ask(&[("duplicate_guard", "yes")]), ("nothing", 1), "what nobody knows counts as the weaker");
    assert_eq!(ask(&[("author", "urn:li:organization:1"), ("duplicate_guard", "trusted")]), ("look-up", 0));
    assert_eq!(ask(&[("auth_url", "somewhere")]), ("nothing", 1));
    for wrong in ["main", "urn:li:person:", "urn:li:group:1"] {
        assert_eq!(ask(&[("author", wrong)]), ("nothing", 1), "{wrong}");
    }
}

#[tokio::test]
async fn without_an_author_the_token_says_who_it_is_and_is_asked_once() {
    let scene = Scene::new(says("one")).await;
    scene.stand.attempt().await;
    scene.stand.another(says("two")).attempt().await;
    assert_eq!(scene.fake.posts()[0].native["author"], json!(LinkedIn::member("main")));
    assert_eq!(scene.calls("/v2/userinfo"), 1);
}

#[tokio::test]
async fn a_version_that_has_ended_is_the_apps_matter_and_can_be_set() {
    let mut scene = Scene::new(says("x")).await;
    scene.fake.set(|knobs| knobs.versions = (202_701, 202_710));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::APP_MISCONFIGURED, Scope::App, Landed::No));
    scene.stand = scene.stand.another(says("x"));
    scene.stand.account.settings.insert("api_version".into(), "202702".into());
    assert_eq!(scene.stand.attempt().await.failure, None);
}

#[tokio::test]
async fn r01_a_days_limit_lasts_until_the_next_day_and_the_apps_is_the_apps() {
    let scene = Scene::new(says("x")).await;
    scene.fake.set(|knobs| knobs.posts_per_day = 0);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope), (Code::RATE_LIMITED_ACCOUNT, Scope::Account));
    let told = failure.not_before().unwrap();
    assert_eq!(told.as_second() % 86_400, 300, "shortly after midnight, UTC: {told}");
    assert!(told > scene.fake.now() && told.duration_since(scene.fake.now()).as_secs() <= 86_700);
    let app = Scene::new(says("x")).await;
    app.fake.set(|knobs| knobs.app_posts_per_day = 0);
    let failure = app.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::RATE_LIMITED_APP, Scope::App, Landed::No));
}

#[tokio::test]
async fn a_refusal_that_comes_and_goes_proves_nothing_at_the_publish_point() {
    let scene = Scene::new(says("x")).await;
    scene.fake.cue(Cue::refuse(403, &json!({"status": 403, "message": "resource is forbidden"})));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().landed, Landed::Unknown);
}

fn with_renewal(scene: &mut Scene) {
    for (name, value) in [
        ("refresh_token", LinkedIn::refresh_token("main")),
        ("client_id", LinkedIn::CLIENT_ID.to_owned()),
        ("client_secret", LinkedIn::CLIENT_SECRET.to_owned()),
    ] {
        scene.stand.account.secrets.insert(name.into(), Secret::new(value));
    }
    scene.stand.account.settings.insert("auth_url".into(), scene.fake.url());
}

#[tokio::test]
async fn t02_a_token_that_is_refused_just_after_it_was_issued_is_not_dead() {
    let mut scene = Scene::new(says("x")).await;
    with_renewal(&mut scene);
    scene.fake.set(|knobs| knobs.young_for_s = 8);
    let tokens = scene.stand.channel.refresh(&scene.stand.account).await.unwrap().unwrap();
    scene.stand.account.secrets.insert("access_token".into(), tokens.access);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.holds_siblings()), (Code::TOKEN_REVOKED, Landed::No, false));
    let wait = failure.not_before().unwrap().duration_since(scene.stand.http.runtime().now()).as_secs();
    assert!((8..=10).contains(&wait), "{failure:?}");
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.fake.posts().len()), (State::Published, 1));
    // The same answer later is what it says.
    scene.pass(120);
    scene.fake.platform().revoke("main");
    let failure = scene.stand.another(says("y")).attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.holds_siblings()), (Code::TOKEN_REVOKED, true));
}

#[tokio::test]
async fn t08_a_refresh_token_stays_and_a_dead_one_is_told_from_an_outage() {
    let mut scene = Scene::new(says("x")).await;
    assert_eq!(scene.stand.channel.refresh(&scene.stand.account).await, Ok(None), "there is nothing to renew by");
    with_renewal(&mut scene);
    for _ in 0..2 {
        let tokens = scene.stand.channel.refresh(&scene.stand.account).await.unwrap().unwrap();
        assert_eq!(tokens.refresh.unwrap().reveal(), LinkedIn::refresh_token("main"));
        assert!(tokens.expires_at < tokens.refresh_expires_at);
        assert!(tokens.scopes.unwrap().contains(&"w_member_social".to_owned()));
    }
    scene.fake.cue(Cue::new(End::CutAfter).on("POST", "accessToken"));
    let failure = scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::OUT_OF_ORDER, Landed::No, RETRY));
    scene.fake.platform().revoke("main");
    let failure = scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err();
    assert_eq!((failure.code, failure.worth), (Code::TOKEN_REVOKED, fix(Fix::Reconnect)));
    scene.stand.account.secrets.insert("client_secret".into(), Secret::new("wrong"));
    let failure = scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err();
    assert_eq!((failure.code, failure.scope), (Code::APP_MISCONFIGURED, Scope::App));
    scene.stand.account.settings.insert("auth_url".into(), "http://linkedin.example".into());
    let failure = scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err();
    assert!(failure.said.text.contains("https"), "secrets do not travel in the clear: {failure:?}");
    scene.stand.account.settings.insert("auth_url".into(), "somewhere".into());
    let failure = scene.stand.channel.refresh(&scene.stand.account).await.unwrap_err();
    assert!(failure.said.text.contains("auth_url"), "nor to a server that the account does not mean: {failure:?}");
}

#[tokio::test]
async fn t07_credentials_are_asked_about_a_page_takes_a_role_and_an_ended_token_says_so() {
    let scene = Scene::new(says("x")).await;
    let standing = scene.stand.channel.check_credentials(&scene.stand.account).await.unwrap();
    assert_eq!((standing.who.as_str(), standing.missing.len()), ("main", 0));
    let other = Scene::with(says("x"), "author", "urn:li:person:somebody").await;
    let standing = other.stand.channel.check_credentials(&other.stand.account).await.unwrap();
    assert_eq!(standing.missing, ["the token of urn:li:person:somebody"]);
    let page = Scene::page(says("x")).await;
    let standing = page.stand.channel.check_credentials(&page.stand.account).await.unwrap();
    assert_eq!((standing.who, standing.missing.len()), (LinkedIn::page("main"), 0));
    page.fake.platform().take_page("main");
    let standing = page.stand.channel.check_credentials(&page.stand.account).await.unwrap();
    assert!(standing.missing[0].contains("ADMINISTRATOR"));
    page.fake.cue(Cue { expire_token: true, ..Cue::default() });
    assert_eq!(page.stand.attempt().await.failure.unwrap().code, Code::TOKEN_EXPIRED);
}

#[tokio::test]
async fn several_pictures_go_out_together_with_their_descriptions() {
    let file = files(png()).await;
    let mut content = picture("look", &file.url());
    content.media.push(Media { alt: None, ..content.media[0].clone() });
    let scene = Scene::page(content).await;
    assert_eq!(scene.stand.attempt().await.failure, None);
    let images = scene.fake.posts()[0].native["content"]["multiImage"]["images"].clone();
    assert_eq!((images.as_array().unwrap().len(), &images[0]["altText"]), (2, &json!("a pixel")));
    assert_ne!(images[0]["id"], images[1]["id"]);
}

#[tokio::test]
async fn members_may_not_ask_about_pictures_and_wait_blindly() {
    let file = files(png()).await;
    let scene = Scene::new(picture("look", &file.url())).await;
    scene.fake.set(|knobs| knobs.media_processing_ms = 60_000);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed, failure.worth), (Code::MEDIA_NOT_READY, Landed::No, RETRY));
    scene.pass(60);
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.calls("/upload/"), scene.fake.posts().len()), (State::Published, 1, 1));
}

#[tokio::test]
async fn a_video_goes_up_in_pieces_and_goes_on_where_it_stopped() {
    let file = files(mp4(9 * MIB)).await;
    for (method, path, nth) in
        [("PUT", "/upload/", 2), ("PUT", "/upload/", 3), ("POST", "/rest/videos", 2), ("GET", "/rest/videos", 1)]
    {
        let scene = Scene::new(picture("watch", &file.url())).await;
        scene.fake.cue(Cue::new(End::CutBefore).on(method, path).nth(nth));
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, failure.landed), (Code::OUT_OF_ORDER, Landed::No), "{method} {path}");
        scene.settle().await;
        let sent = scene.fake.calls().iter().filter(|call| call.method == "PUT" && call.status.is_some()).count();
        assert_eq!((sent, scene.stand.state()), (3, State::Published), "{method} {path}");
        assert!(scene.fake.posts()[0].native["content"]["media"]["id"].as_str().unwrap().starts_with("urn:li:video:"));
    }
}

/// Upload addresses carry their own permission.
#[tokio::test]
async fn what_an_upload_was_begun_with_is_kept_only_as_long_as_it_is_needed() {
    let file = files(mp4(9 * MIB)).await;
    let scene = Scene::new(picture("watch", &file.url())).await;
    let canary = Canary::listen();
    scene.fake.cue(Cue::new(End::CutBefore).on("PUT", "/upload/").nth(2));
    scene.stand.attempt().await.failure.unwrap();
    let stored = |handle: &str| scene.stand.target().handles[handle].clone();
    assert_eq!(stored("media.0").matches("/upload/").count(), 2, "of the pieces that are missing");
    scene.pass(60);
    scene.fake.cue(Cue::new(End::RateLimit { seconds: 60 }));
    assert_eq!(scene.stand.attempt().await.failure.unwrap().code, Code::RATE_LIMITED_ACCOUNT);
    let whole: Value = serde_json::from_str(&stored("media.0")).unwrap();
    assert!(!whole.to_string().contains("/upload/") && whole["token"] == "", "{whole}");
    scene.settle().await;
    assert_eq!((scene.stand.state(), scene.calls("/upload/")), (State::Published, 4), "one of them cut off");
    let heard = canary.heard();
    assert!(heard.contains("platform call") && !heard.contains("/upload/"), "nor is it logged");
}

#[tokio::test]
async fn x03_a_video_that_linkedin_cannot_use_is_the_posts_matter_at_once() {
    let file = files(mp4(MIB)).await;
    let scene = Scene::new(picture("watch", &file.url())).await;
    scene.fake.set(|knobs| knobs.videos_fail = true);
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.scope, failure.landed), (Code::MEDIA_REFUSED, Scope::Post, Landed::No));
    assert!(failure.said.code.is_some(), "it shows who refused: {failure:?}");
    assert!(failure.said.text.contains("shorter than three seconds"), "{failure:?}");
}

#[tokio::test]
async fn media_that_do_not_go_together_or_are_too_large_or_small_are_refused_before_they_are_sent() {
    let large = {
        let mut file = png();
        file.resize(6 * MIB, 0);
        files(file).await
    };
    let (video, small) = (files(mp4(MIB)).await, files(mp4(1000)).await);
    let mut two = picture("watch", &video.url());
    two.media.push(two.media[0].clone());
    for content in [two, picture("look", &large.url()), picture("watch", &small.url())] {
        let scene = Scene::new(content).await;
        let failure = scene.stand.attempt().await.failure.unwrap();
        assert_eq!((failure.code, scene.calls("/rest/")), (Code::MEDIA_REFUSED, 0), "{failure:?}");
    }
}

#[tokio::test]
async fn the_token_goes_to_linkedins_own_servers_only() {
    let file = files(png()).await;
    let (heads, mut told) = tokio::sync::mpsc::unbounded_channel();
    let stranger = Raw::start(move |mut stream, _| {
        let heads = heads.clone();
        async move {
            heads.send(read_request(&mut stream).await?).unwrap();
            say(&mut stream, "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await
        }
    })
    .await;
    // On this machine, so that it may be in the clear, and by another name than the account's server.
    let address = format!("http://localhost:{}/x", stranger.address.port());
    for (address, is_theirs) in [(address, false), (format!("{}/x", stranger.url()), true)] {
        let scene = Scene::new(picture("look", &file.url())).await;
        assert_eq!(scene.stand.account.base_url.host_str(), Some("127.0.0.1"));
        let lent = json!({"value": {"image": "urn:li:image:1", "uploadUrl": address}});
        scene.fake.cue(Cue::refuse(200, &lent).on("POST", "/rest/images"));
        scene.stand.attempt().await;
        let head = told.try_recv().expect("the file was sent");
        assert!(head.starts_with("put /x "), "{head}");
        assert_eq!(head.contains("\r\nauthorization: bearer "), is_theirs, "{head}");
    }
    let scene = Scene::new(picture("look", &file.url())).await;
    let elsewhere = json!({"value": {"image": "urn:li:image:1", "uploadUrl": "http://files.example/x"}});
    scene.fake.cue(Cue::refuse(200, &elsewhere).on("POST", "/rest/images"));
    let failure = scene.stand.attempt().await.failure.unwrap();
    assert_eq!((failure.code, failure.landed), (Code::STRANGE_ANSWER, Landed::No), "not in the clear either");
    scene.settle().await;
    assert_eq!(scene.stand.state(), State::Published, "another address is asked for");
}

#[tokio::test]
async fn a_comment_has_a_text_of_its_own() {
    let mut content = says("one");
    content.thread = vec![Part::default()];
    let scene = Scene::new(says("x")).await;
    let objections = scene.stand.channel.check(&Draft(content));
    assert_eq!(objections[0].path, "thread[0].text");
}

/// Whatever call is cut off, before or after LinkedIn did its part: each part goes out once, and nothing is uploaded twice without need.
#[tokio::test]
async fn d02_d15_whatever_call_breaks_off_each_part_is_out_once() {
    let file = files(mp4(5 * MIB)).await;
    let mut content = thread(&["one", "two"]);
    content.media = picture("", &file.url()).media;
    let mut broken = 0;
    for end in [End::CutBefore, End::CutAfter] {
        for nth in 1.. {
            let scene = Scene::page(content.clone()).await;
            scene.fake.cue(Cue { path: Some("/".into()), ..Cue::new(end.clone()).nth(nth) });
            if scene.stand.attempt().await.failure.is_none() {
                break;
            }
            broken += 1;
            scene.settle().await;
            let texts: Vec<_> = scene.fake.posts().into_iter().map(|post| post.text).collect();
            assert_eq!(
                (scene.stand.state(), texts),
                (State::Published, vec!["one".into(), "two".into()]),
                "{end:?} {nth}"
            );
            let sent = scene.calls("/upload/");
            assert!(sent == 2 || (sent == 3 && (2..=3).contains(&nth)), "{end:?} {nth}: {sent} pieces");
        }
    }
    // initialize, two pieces, finalize, status, the post, the comment.
    assert_eq!(broken, 14);
}
