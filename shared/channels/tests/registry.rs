//! Nobody forgets half of a channel.
#![allow(clippy::unwrap_used, reason = "tests")]

mod kit;

use std::{collections::BTreeSet, fs, path::Path, sync::Arc, time::Duration};

use domain::{AccountId, ChannelName, Code, Content, Draft, LookUp, Media, OnDoubt, RepeatSafety, TenantId};
use kit::{Shifted, http};
use oncepost_channels::{About, AccountCard, FirstComment, Registry, Safety, Threads, is_one_place};

const ROOM: &str = env!("CARGO_MANIFEST_DIR");

fn registry() -> Registry {
    Registry::all(http(Arc::new(Shifted::default())))
}

/// The names of the files in `folder` that end in `ending` and whose text fits.
fn files(folder: &str, ending: &str, fits: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(Path::new(ROOM).join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Some(name) = name.strip_suffix(ending)
            && fits(&fs::read_to_string(&path).unwrap())
        {
            names.insert(name.replace('_', "-"));
        }
    }
    names
}

/// The text of a file of the workspace; empty if there is none.
fn text(path: &str) -> String {
    fs::read_to_string(Path::new(ROOM).join("../..").join(path)).unwrap_or_default()
}

/// Everything that a channel of this name must have and does not.
fn missing(name: &str) -> Vec<String> {
    let module = name.replace('-', "_");
    let tests = format!("shared/channels/tests/{module}.rs");
    let page = format!("docs/channels/{name}.md");
    let wanted: [(&str, &str, String); 15] = [
        ("the channel", &format!("shared/channels/src/{module}.rs"), "\nimpl Channel for ".into()),
        ("its module", "shared/channels/src/lib.rs", format!("\npub mod {module};")),
        ("its page, with what an account needs", &page, "\n## Settings of an account\n".into()),
        ("its page, with its limits", &page, "\n## Limits\n".into()),
        ("its page, with its repeat safety", &page, "\n## Repeat safety".into()),
        ("its page, with what answers mean", &page, "\n## What answers mean\n".into()),
        ("its place in the index of the documentation", "docs/README.md", format!("(channels/{name}.md)")),
        ("a test of every row of its error table", &tests, concat!("rows::", "check(").into()),
        ("the suite that holds for all channels", "shared/channels/tests/contract.rs", format!("Place::{module}()")),
        ("a fake platform", "shared/testkit/src/lib.rs", format!("\npub mod {module};")),
        ("tests of the fake", &format!("shared/testkit/tests/{module}.rs"), "fn ".into()),
        ("the fake in oncepost-fakes", "shared/testkit/src/bin/oncepost-fakes.rs", format!("\n    {module}: Option<")),
        ("fuzzing of its error table", "shared/fuzz/src/platform.rs", format!("&{module}::TABLE, ")),
        ("its row in the overview", "docs/channels/README.md", format!("| [{name}]({name}.md) |")),
        ("its row of what is promised", "GUARANTEES.md", format!("](docs/channels/{name}.md)")),
    ];
    let lacks = |(_, path, part): &&(&str, &str, String)| !text(path).contains(part.as_str());
    let say =
        |(what, path, part): &(&str, &str, String)| format!("{name} has not {what}: no \"{}\" in {path}", part.trim());
    wanted.iter().filter(lacks).map(say).collect()
}

#[test]
fn every_channel_is_whole() {
    let registered: BTreeSet<String> = registry().names().into_iter().map(str::to_owned).collect();
    let written = files("src", ".rs", |text| text.contains("\nimpl Channel for "));
    let left_out: Vec<_> = written.difference(&registered).collect();
    assert!(left_out.is_empty(), "one line in src/registry.rs is missing for each of {left_out:?}");
    let missing: Vec<_> = registered.iter().flat_map(|name| missing(name)).collect();
    assert!(missing.is_empty(), "missing:\n{}", missing.join("\n"));
}

#[test]
fn nothing_is_left_of_a_channel_that_is_none() {
    let registered: BTreeSet<String> = registry().names().into_iter().map(str::to_owned).collect();
    let mut pages = files("../../docs/channels", ".md", |_| true);
    assert!(pages.remove("README"), "the overview of all channels is in docs/channels/README.md");
    assert_eq!(pages, registered, "no page in docs/channels without a channel");
    let tested = files("tests", ".rs", |text| text.contains(concat!("rows::", "check(")));
    assert_eq!(tested, registered, "no file in tests without a channel");
}

#[test]
fn a_channel_that_is_only_a_name_lacks_everything() {
    let missing = missing("pinboard");
    assert_eq!(missing.len(), 15, "{missing:#?}");
    assert!(missing.iter().all(|line| line.starts_with("pinboard has not ")));
}

#[test]
fn what_a_channel_says_of_itself_makes_sense() {
    for channel in registry().iter() {
        let about = channel.about();
        assert!(ChannelName::new(about.name).is_ok() && !about.title.is_empty(), "{}", about.name);
        assert!(!about.secrets.is_empty() && !matches!(about.threads, Threads::PerPart(0)), "{}", about.name);
        let page = fs::read_to_string(Path::new(ROOM).join(format!("../../docs/channels/{}.md", about.name))).unwrap();
        for secret in about.secrets {
            assert!(page.contains(&format!("secrets.{secret}")), "{}'s page names the secret {secret}", about.name);
        }
        // A server that is called where an account names none is one that the page names, and is no other's.
        let default = about.server.map(|server| (server, url::Url::parse(server).unwrap()));
        if let Some((server, url)) = default {
            assert!(page.contains(&format!("| `base_url` | `{server}`")), "{}'s page names {server}", about.name);
            assert_eq!((url.scheme(), url.path()), ("https", "/"), "{server}");
        }
        // P1: arming early is only for platforms that make a repeat harmless.
        let harmless = matches!(about.repeat, domain::RepeatSafety::PlatformKey { .. });
        assert!(about.arms.is_none() || harmless, "{}", about.name);
        for name in ["idempotency_key", "look_up", "repeats", "settles_after", "sure_after", "via"] {
            let known = !channel.check_account(&card(about.name, &[(name, "?")])).is_empty();
            assert_eq!(page.contains(&format!("settings.{name}")), known, "{}'s page and {name}", about.name);
        }
    }
}

/// The names that a page's section gives in its table: all that the first cells of its rows hold, where the row is of the kind.
fn named(page: &str, section: &str, is_row: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let after = page.split(&format!("\n## {section}\n")).nth(1).unwrap_or_default();
    let rows = after.lines().take_while(|line| !line.starts_with("## "));
    let cells = rows.filter_map(|row| row.strip_prefix("| ")?.split(" |").next()).filter(|cell| is_row(cell));
    let names = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    cells.flat_map(names).map(|name| name.strip_prefix("settings.").unwrap_or(&name).to_owned()).collect()
}

#[test]
fn a_page_names_the_settings_that_its_channel_knows() {
    let set = |names: &mut dyn Iterator<Item = &'static str>| names.map(str::to_owned).collect::<BTreeSet<_>>();
    for channel in registry().iter() {
        let about = channel.about();
        let page = text(&format!("docs/channels/{}.md", about.name));
        let of_posts = set(&mut about.offers.settings.names().iter().copied());
        assert_eq!(
            named(&page, "Settings of a post", |cell| cell.starts_with('`')),
            of_posts,
            "{}'s posts",
            about.name
        );
        let of_accounts = set(&mut about.account_settings());
        let found = named(&page, "Settings of an account", |cell| cell.starts_with("`settings."));
        assert_eq!(found, of_accounts, "{}'s accounts", about.name);
        assert_eq!(of_accounts.len(), about.account_settings().count(), "{}: none twice", about.name);
        // What a page calls an address of a post's setting is held to what media's addresses are held to.
        let rows = page.split("\n## Settings of a post\n").nth(1).unwrap_or_default().lines();
        let rows = rows.take_while(|line| !line.starts_with("## ")).filter(|row| row.contains("address of"));
        let addresses: BTreeSet<_> = rows.map(|row| row.split('`').nth(1).unwrap().to_owned()).collect();
        assert_eq!(addresses, set(&mut about.offers.addresses.iter().copied()), "{}'s addresses", about.name);
        // Any setting is passed on by the one channel that passes everything on.
        assert_eq!(about.offers.settings.has("anything"), about.name == "webhook", "{}", about.name);
    }
}

/// Every name of a setting that a channel's code asks for is one that the channel says it knows.
#[test]
fn a_channel_asks_for_no_setting_that_it_does_not_name() {
    for channel in registry().iter() {
        let about = channel.about();
        let known = |name: &str| about.offers.settings.has(name) || about.account_settings().any(|known| known == name);
        let module = about.name.replace('-', "_");
        let inner = fs::read_dir(Path::new(ROOM).join("src").join(&module)).into_iter().flatten();
        let inner = inner.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        for source in inner.chain([text(&format!("shared/channels/src/{module}.rs"))]) {
            let calls = [
                "setting(\"",
                "settings.get(\"",
                "option(draft, account, \"",
                "option(call.draft, account, \"",
                "option(call.draft, call.account, \"",
                "option(mark.draft, mark.account, \"",
            ];
            for asked in calls.iter().flat_map(|by| source.split(by).skip(1)) {
                let name = asked.split('"').next().unwrap();
                assert!(known(name), "{} asks for {name}", about.name);
            }
        }
    }
}

#[test]
fn what_a_channel_offers_is_what_it_checks_and_does() {
    let draft = |text: &str, media: usize| {
        let picture = |n| Media { url: format!("https://cdn.example/{n}.png"), alt: None };
        Draft(Content { text: text.into(), media: (0..media).map(picture).collect(), ..Content::default() })
    };
    for channel in registry().iter() {
        let About { name, offers, limits, threads, .. } = channel.about();
        let says = |draft: &Draft, code| channel.check(draft).iter().any(|objection| objection.code == code);
        assert_eq!(says(&draft("once", 0), Code::NOTHING_TO_SAY), !offers.text_alone, "{name} and a text alone");
        let most = offers.images.max(offers.videos);
        assert_eq!(most, limits.media, "{name}: as many pictures or videos as there may be media");
        if (1..usize::MAX).contains(&offers.images) {
            assert!(
                !says(&draft("once", offers.images), Code::TOO_MANY_MEDIA),
                "{name} takes {} pictures",
                offers.images
            );
        }
        if most < usize::MAX {
            assert!(says(&draft("once", most + 1), Code::TOO_MANY_MEDIA), "{name} takes no {} media", most + 1);
        }
        let mut paper = draft("once", 1);
        paper.0.media[0].url = "https://cdn.example/Report.PDF?page=1".into();
        assert_eq!(says(&paper, Code::MEDIA_REFUSED), *name != "webhook", "{name} takes no PDF");
        assert_eq!(limits.takes.is_empty(), *name == "webhook", "{name} says which files it takes");
        if let FirstComment::Setting(setting) = offers.first_comment {
            let mut with = draft("once", 1);
            with.0.settings.insert(setting.into(), "first".into());
            assert_eq!(
                channel.parts(&with),
                channel.parts(&draft("once", 1)) + 1,
                "{name}: {setting} is a publish point"
            );
        }
        let comments = offers.first_comment == FirstComment::Thread;
        assert!(!comments || matches!(threads, Threads::PerPart(_)), "{name}: comments are parts");
        let source = fs::read_to_string(Path::new(ROOM).join(format!("src/{}.rs", name.replace('-', "_")))).unwrap();
        assert_eq!(source.contains("    async fn poll("), offers.decides_later, "{name}: what decides later is polled");
        for variant in offers.variants {
            let account = card(name, &[(variant.setting, variant.value)]);
            assert_ne!(channel.safety(&account).repeat, channel.about().repeat, "{name}: {variant:?} changes nothing");
        }
    }
}

#[test]
fn a_picture_that_would_have_to_be_made_fit_is_refused_where_nothing_makes_it() {
    let registry = registry();
    let refused = |channel: &str, ending: &str| {
        let media = vec![Media { url: format!("https://cdn.example/a.{ending}"), alt: None }];
        let draft = Draft(Content { text: "once".into(), media, ..Content::default() });
        let objections = registry.get(channel).unwrap().check(&draft);
        objections.iter().filter(|objection| objection.code == Code::MEDIA_REFUSED).count()
    };
    assert_eq!(["jpg", "png", "webp", "mp4"].map(|ending| refused("instagram", ending)), [0, 1, 1, 0]);
    assert_eq!(["jpg", "png", "webp", "mp4"].map(|ending| refused("threads", ending)), [0, 0, 1, 0]);
}

fn card(channel: &str, settings: &[(&str, &str)]) -> AccountCard {
    AccountCard {
        tenant: TenantId::new("acme").unwrap(),
        channel: ChannelName::new(channel).unwrap(),
        id: AccountId::new("main").unwrap(),
        app: None,
        rate: None,
        app_rate: None,
        on_doubt: OnDoubt::Park,
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

#[test]
fn an_account_says_what_its_server_or_receiver_offers_against_repeats() {
    let registry = registry();
    let safety = |channel: &str, settings: &[(&str, &str)]| {
        let channel = registry.get(channel).unwrap();
        let card = card(channel.about().name, settings);
        assert_eq!(channel.check_account(&card), [""; 0]);
        channel.safety(&card)
    };
    for channel in registry.iter() {
        let about = channel.about();
        assert_eq!(safety(about.name, &[]), Safety { repeat: about.repeat, arms: about.arms }, "{}", about.name);
    }
    assert_eq!(safety("webhook", &[("repeats", "safe")]), safety("webhook", &[]));
    let nothing = Safety { repeat: RepeatSafety::Nothing, arms: None };
    assert_eq!(safety("webhook", &[("repeats", "unsafe")]), nothing);
    assert_eq!(safety("mastodon", &[("idempotency_key", "honoured")]), safety("mastodon", &[]));
    let secs = Duration::from_secs;
    let look_up =
        |settles_after, sure_after| LookUp { settles_after: secs(settles_after), sure_after: secs(sure_after) };
    let own = [("idempotency_key", "ignored"), ("settles_after", "2m"), ("sure_after", "10m")];
    let ignored = Safety { repeat: RepeatSafety::LookUp(look_up(75, 300)), arms: None };
    assert_eq!(safety("mastodon", &own[..1]), ignored);
    assert_eq!(safety("mastodon", &own).repeat, RepeatSafety::LookUp(look_up(120, 600)));
    for blind in [("via", "webhook"), ("look_up", "none")] {
        assert_eq!(registry.get("slack").unwrap().safety(&card("slack", &[blind])), nothing);
    }
    assert_eq!(registry.get("slack").unwrap().check_account(&card("slack", &[("via", "webhook")])).len(), 1, "proof");
    assert_eq!(safety("slack", &[("via", "webhook"), ("proof", "ok")]), nothing);
    assert_eq!(safety("discord", &[("via", "webhook")]), nothing);
    let blind = safety("discord", &[("look_up", "none")]).repeat;
    assert_eq!((blind.name(), blind.sure_after()), ("platform key", None));
    let kept = safety("mastodon", &own[1..]).repeat;
    assert_eq!((kept.name(), kept.settles_after(), kept.sure_after()), ("platform key", secs(120), Some(secs(600))));
}

#[test]
fn what_an_account_says_wrongly_is_told_and_counts_as_the_weaker() {
    let registry = registry();
    for (channel, name, value) in [
        ("webhook", "repeats", "Safe"),
        ("webhook", "repeats", ""),
        ("mastodon", "idempotency_key", "true"),
        ("mastodon", "settles_after", "soon"),
        ("mastodon", "sure_after", "-1m"),
        ("mastodon", "sure_after", "10s"),
        ("pinterest", "sure_after", "10s"),
        ("slack", "via", "Bot"),
        ("slack", "look_up", "yes"),
        ("discord", "via", ""),
    ] {
        let channel = registry.get(channel).unwrap();
        let card = card(channel.about().name, &[(name, value)]);
        let wrong = channel.check_account(&card);
        assert!(wrong.len() == 1 && wrong[0].contains(name), "{name} = {value:?}: {wrong:?}");
        let (weak, usual) = (channel.safety(&card).repeat, channel.about().repeat);
        let times = name.ends_with("_after");
        assert!(if times { weak.settles_after() >= usual.settles_after() } else { weak.name() != usual.name() });
    }
}

/// A text alone would not do: whoever sent nothing should not be told of it first.
#[test]
fn an_empty_post_is_told_of_the_medium_that_a_channel_cannot_do_without() {
    for channel in registry().iter() {
        let about = channel.about();
        let found = channel.check(&Draft(Content::default()));
        let missing: Vec<_> = found.iter().filter(|one| one.code == Code::NOTHING_TO_SAY).collect();
        let tells = |path: &str| missing.iter().any(|one| one.path == path);
        assert!(!missing.is_empty(), "{}", about.name);
        assert_eq!(tells("media"), !about.offers.text_alone, "{}: {missing:?}", about.name);
        assert_eq!(tells("text"), about.offers.text_alone, "{}: {missing:?}", about.name);
    }
}

#[test]
fn an_unknown_name_is_no_channel() {
    assert!(registry().get("nobody").is_none());
    let names = [
        "bluesky",
        "discord",
        "facebook",
        "ghost",
        "google-business",
        "instagram",
        "linkedin",
        "mastodon",
        "matrix",
        "nostr",
        "pinterest",
        "reddit",
        "slack",
        "telegram",
        "threads",
        "tiktok",
        "webhook",
        "wordpress",
        "x",
        "youtube",
    ];
    assert_eq!(registry().names(), names);
}

/// What the platforms' apps copy for "share": it leads to a post, and only the platform knows to which.
const SHORT: [(&str, &str); 8] = [
    ("tiktok", "https://vm.tiktok.com/ZMabc/"),
    ("tiktok", "https://vt.tiktok.com/ZSabc/"),
    ("tiktok", "https://www.tiktok.com/t/ZTabc/"),
    ("reddit", "https://www.reddit.com/r/rust/s/Ab1d"),
    ("facebook", "https://fb.watch/ab-1/"),
    ("facebook", "https://www.facebook.com/share/p/Ab1d/"),
    ("linkedin", "https://lnkd.in/ab1"),
    ("pinterest", "https://pin.it/ab1"),
];

/// A person copies an address; the platform, and the ledger, know the post by its id.
#[test]
fn an_address_holds_the_id_that_the_channel_would_have_recorded() {
    let (did, note) = ("did:plc:ewvi7nxzyoun6zhxrhs64oiz", "a".repeat(64));
    let nostr = format!("https://njump.me/{note}");
    let table: &[(&str, &str, Option<&str>)] = &[
        ("x", "https://x.com/acme/status/17?s=20", Some("17")),
        ("x", "https://x.com/i/web/status/17/photo/1", Some("17")),
        ("x", "https://mobile.twitter.com/acme/status/17", Some("17")),
        ("x", "https://x.com/acme", None),
        ("x", "https://mastodon.example/acme/status/17", None),
        ("mastodon", "https://mastodon.example/@acme/114", Some("114")),
        ("mastodon", "https://mastodon.example/users/acme/statuses/114", Some("114")),
        ("mastodon", "https://mastodon.example/@acme@other.example/114", None),
        ("mastodon", "https://mastodon.example/@acme/media", None),
        ("mastodon", "https://mastodon.example/web/@acme/114", Some("114")),
        ("mastodon", "https://social.example/@acme/statuses/01HV", Some("01HV")),
        ("mastodon", "https://social.example/notice/AbC9", Some("AbC9")),
        ("mastodon", "https://news.example/2026/05/12", None),
        ("mastodon", "https://mastodon.example/@acme", None),
        ("discord", "https://discord.com/channels/1/2/3", Some("3")),
        ("discord", "https://discord.com/channels/1/2", None),
        ("slack", "https://acme.slack.com/archives/C1/p1503435956000247?thread_ts=1.2", Some("1503435956.000247")),
        ("slack", "https://acme.slack.com/archives/C1", None),
        ("slack", "https://acme.slack.com/archives/C1/x.y", None),
        ("telegram", "https://t.me/acme/17", Some("@acme/17")),
        ("telegram", "https://t.me/s/acme/17", Some("@acme/17")),
        ("telegram", "https://t.me/acme/4/17", Some("@acme/17")),
        ("telegram", "https://t.me/c/123/4/17", Some("-100123/17")),
        ("telegram", "https://t.me/acme", None),
        // The chat, and no message of it.
        ("telegram", "https://t.me/c/123", None),
        ("facebook", "https://www.facebook.com/12_34", Some("12_34")),
        ("facebook", "https://www.facebook.com/12/posts/34", Some("12_34")),
        ("facebook", "https://www.facebook.com/permalink.php?story_fbid=34&id=12", Some("12_34")),
        ("facebook", "https://www.facebook.com/reel/56/", Some("56")),
        ("facebook", "https://www.facebook.com/acme/videos/56/", Some("56")),
        ("facebook", "https://www.facebook.com/watch/?v=56", Some("56")),
        ("facebook", "https://www.facebook.com/acme/posts/pfbid02abc", None),
        ("reddit", "https://www.reddit.com/r/rust/comments/1abc/some_title/", Some("t3_1abc")),
        ("reddit", "https://www.reddit.com/r/rust/comments/1abc/some_title/kx9/?context=3", Some("t1_kx9")),
        ("reddit", "https://redd.it/1abc", Some("t3_1abc")),
        (
            "bluesky",
            &format!("https://bsky.app/profile/{did}/post/3k"),
            Some("at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/app.bsky.feed.post/3k"),
        ),
        ("bluesky", "https://bsky.app/profile/acme.example/post/3k", Some("at://acme.example/app.bsky.feed.post/3k")),
        ("bluesky", "https://bsky.app/profile/acme.example", None),
        ("linkedin", "https://www.linkedin.com/feed/update/urn:li:share:71/", Some("urn:li:share:71")),
        ("linkedin", "https://www.linkedin.com/feed/update/urn%3Ali%3AugcPost%3A71", Some("urn:li:ugcPost:71")),
        ("linkedin", "https://www.linkedin.com/posts/acme_we-share-2-activity-71-Ab1d", Some("urn:li:activity:71")),
        (
            "linkedin",
            "https://www.linkedin.com/feed/update/urn:li:activity:71?commentUrn=urn%3Ali%3Acomment%3A%28activity%3A71%2C8%29",
            Some("urn:li:comment:(urn:li:activity:71,8)"),
        ),
        ("linkedin", "https://www.linkedin.com/company/acme", None),
        ("matrix", "https://matrix.to/#/!room:a.example/$ev_-1?via=a.example", Some("$ev_-1")),
        ("matrix", "https://matrix.to/#/%23room%3Aa.example/%24ev%2F1", Some("$ev/1")),
        ("matrix", "https://matrix.to/#/!room:a.example", None),
        ("nostr", &nostr, Some(&note)),
        ("nostr", "https://njump.me/acme.example", None),
        ("pinterest", "https://www.pinterest.de/pin/17/", Some("17")),
        ("pinterest", "https://www.pinterest.com/pin/a-cake--17/", Some("17")),
        ("youtube", "https://www.youtube.com/watch?v=dQw4-_x&t=1", Some("dQw4-_x")),
        ("youtube", "https://youtu.be/dQw4-_x", Some("dQw4-_x")),
        ("youtube", "https://www.youtube.com/shorts/dQw4-_x", Some("dQw4-_x")),
        ("youtube", "https://www.youtube.com/@acme", None),
        ("tiktok", "https://www.tiktok.com/@acme/video/17", Some("17")),
        ("tiktok", "https://www.tiktok.com/@acme", None),
        // Their addresses hold other ids than their APIs take.
        ("instagram", "https://www.instagram.com/p/Cx1/", None),
        ("threads", "https://www.threads.net/@acme/post/Cx1", None),
    ];
    let registry = registry();
    for (channel, address, id) in table {
        assert_eq!(registry.get(channel).unwrap().id_in(address).as_deref(), *id, "{channel}: {address}");
    }
    // A channel that finds an id in addresses knows a stranger's; none takes its own posts' addresses for one.
    let knowing: BTreeSet<_> = table.iter().filter(|(_, _, id)| id.is_some()).map(|(channel, ..)| *channel).collect();
    for channel in registry.iter() {
        let name = channel.about().name;
        // Mastodon's servers are anybody's, and some write addresses of their own.
        let knows = knowing.contains(name) && name != "mastodon";
        assert_eq!(channel.is_foreign("https://example.com/other"), knows, "{name}");
    }
    for (channel, address, _) in table.iter().filter(|(channel, _, id)| id.is_some() || *channel == "facebook") {
        assert!(!registry.get(channel).unwrap().is_foreign(address), "{channel}: {address}");
    }
    for (channel, address) in SHORT {
        let channel = registry.get(channel).unwrap();
        assert_eq!((channel.id_in(address), channel.is_foreign(address)), (None, false), "{address}");
        let bare = url::Url::parse(address).unwrap().join("/").unwrap();
        // Facebook's addresses need not hold an id.
        assert!(channel.is_foreign(bare.as_str()) || bare.host_str() == Some("www.facebook.com"), "{bare}");
    }
    for channel in registry.iter() {
        assert!(["", "17", "somewhere", "https://acme.example"].iter().all(|text| channel.id_in(text).is_none()));
    }
}

/// What a platform says when it refuses a repeat may name the post that it repeats.
#[test]
fn a_post_that_a_refusal_names_is_read_by_whoever_knows_its_platform() {
    let said = "Content is a duplicate of urn:li:share:7141138937766391808.";
    for channel in registry().iter() {
        let named = channel.named_in(said);
        let id = (channel.about().name == "linkedin").then_some("urn:li:share:7141138937766391808");
        assert_eq!(named.as_ref().map(|post| post.id.as_str()), id, "{}", channel.about().name);
        assert!(named.is_none_or(|post| post.url.is_some_and(|url| channel.id_in(&url).is_some())));
    }
}

#[test]
fn an_address_tells_whose_post_it_is_of_where_it_names_the_account() {
    let registry = registry();
    for (channel, address, account) in [
        ("mastodon", "https://mastodon.example/@acme/1234", Some("acme")),
        ("mastodon", "https://mastodon.example/web/@acme@other.example/1234", Some("acme")),
        ("mastodon", "https://mastodon.example/users/acme/statuses/1234", Some("acme")),
        ("mastodon", "https://mastodon.example/notice/A1b2", None),
        ("bluesky", "https://bsky.app/profile/acme.example/post/3kabc", Some("acme.example")),
        ("bluesky", "https://bsky.app/profile/did:plc:abc/post/3kabc", None),
        ("x", "https://x.com/Acme/status/17?s=20", Some("Acme")),
        ("x", "https://x.com/i/status/17", None),
        ("x", "https://x.com/i/web/status/17", None),
        ("tiktok", "https://www.tiktok.com/@acme/video/17", Some("acme")),
        ("tiktok", "https://vm.tiktok.com/ZM1/", None),
        ("threads", "https://www.threads.net/@acme/post/Cx1", Some("acme")),
        ("threads", "https://www.threads.net/t/Cx1", None),
        ("youtube", "https://www.youtube.com/watch?v=dQw4", None),
    ] {
        let told = registry.get(channel).unwrap().account_in(address);
        assert_eq!(told.as_deref(), account, "{channel}: {address}");
    }
    assert!(registry.iter().all(|channel| channel.account_in("https://example.com/other").is_none()));
}

#[test]
fn a_post_of_another_place_is_told_where_settings_and_address_name_it_alike() {
    let registry = registry();
    let (room, slack) =
        ("https://matrix.to/#/!room:a.example/$ev", "https://acme.slack.com/archives/C17/p1503435956000247");
    for (channel, setting, own, address, is_there) in [
        ("telegram", "chat_id", "-100123", "https://t.me/c/123/17", Some(true)),
        ("telegram", "chat_id", "-100123", "https://t.me/c/1/1", Some(false)),
        ("telegram", "chat_id", "-100123", "https://t.me/acme/17", None),
        ("telegram", "chat_id", "@Acme", "https://t.me/acme/17", Some(true)),
        ("telegram", "chat_id", "@acme", "https://t.me/other/17", Some(false)),
        ("telegram", "chat_id", "@acme", "https://t.me/c/1/1", None),
        ("telegram", "chat_id", "-17", "https://t.me/c/1/1", None),
        ("discord", "channel_id", "2", "https://discord.com/channels/1/2/3", Some(true)),
        ("discord", "channel_id", "2", "https://discord.com/channels/1/4/3", Some(false)),
        ("discord", "thread_id", "4", "https://discord.com/channels/1/4/3", Some(true)),
        ("slack", "channel", "C17", slack, Some(true)),
        ("slack", "channel", "C18", slack, Some(false)),
        ("slack", "channel", "#news", slack, None),
        ("matrix", "room", "!room:a.example", room, Some(true)),
        ("matrix", "room", "!other:a.example", room, Some(false)),
        ("matrix", "room", "#news:a.example", room, None),
        ("facebook", "page_id", "12", "https://www.facebook.com/12_34", Some(true)),
        ("facebook", "page_id", "13", "https://www.facebook.com/12_34", Some(false)),
        ("facebook", "page_id", "12", "https://www.facebook.com/reel/34", None),
        ("mastodon", "anything", "x", "https://mastodon.example/@acme/1", None),
    ] {
        let card = AccountCard {
            tenant: "acme".parse().unwrap(),
            channel: channel.parse().unwrap(),
            id: "main".parse().unwrap(),
            app: None,
            rate: None,
            app_rate: None,
            on_doubt: domain::OnDoubt::Park,
            settings: [(setting.to_owned(), own.to_owned())].into(),
        };
        let channel = registry.get(channel).unwrap();
        let told = channel.place_of(&card).and_then(|own| is_one_place(&[own], &channel.places(&copied(address))));
        assert_eq!(told, is_there, "{} {own}: {address}", channel.about().name);
    }
}

/// A person's word: an address alone.
fn copied(address: &str) -> domain::Receipt {
    domain::Receipt { id: address.into(), url: Some(address.into()) }
}

/// What an answer of the platform's put on record, and an address that a person names later.
#[test]
fn a_post_of_another_place_is_told_by_what_the_account_published_before() {
    let registry = registry();
    for (channel, id, url, address, is_there) in [
        ("telegram", "-100123/16", "https://t.me/acme/16", "https://t.me/Acme/17", Some(true)),
        ("telegram", "-100123/16", "https://t.me/acme/16", "https://t.me/other/17", Some(false)),
        ("telegram", "-100123/16", "https://t.me/acme/16", "https://t.me/c/123/17", Some(true)),
        ("telegram", "-100123/16", "https://t.me/acme/16", "https://t.me/c/124/17", Some(false)),
        ("telegram", "-100123/16", "https://t.me/c/123/16", "https://t.me/acme/17", None),
        ("mastodon", "16", "https://mastodon.example/@acme/16", "https://mastodon.example/@other/17", Some(false)),
        ("mastodon", "16", "https://mastodon.example/@acme/16", "https://mastodon.example/notice/17", None),
        ("x", "16", "https://x.com/i/status/16", "https://x.com/acme/status/17", None),
        (
            "facebook",
            "12_16",
            "https://www.facebook.com/acme/posts/pfbid16",
            "https://www.facebook.com/13_17",
            Some(false),
        ),
        ("wordpress", "16", "https://blog.example/a/", "https://other.example/b/", Some(false)),
        ("ghost", "16", "https://blog.example/a/", "https://blog.example/b/", Some(true)),
        ("youtube", "dQw4", "https://www.youtube.com/watch?v=dQw4", "https://www.youtube.com/watch?v=dQw5", None),
    ] {
        let channel = registry.get(channel).unwrap();
        let before = domain::Receipt { id: id.into(), url: Some(url.into()) };
        let told = is_one_place(&channel.places(&before), &channel.places(&copied(address)));
        assert_eq!(told, is_there, "{}: {url}, {address}", channel.about().name);
    }
}
