//! Alerts as whoever reads them by mail gets them.

use std::sync::atomic::{AtomicUsize, Ordering};

use channels::Secret;
use domain::{Command, Worth};
use ledger::Ledger;
use oncepost_notifier::{MailTls, Untold};

use crate::{
    failing::{World, console},
    receiver::{Answer, Receiver},
    smtp::{Instead, PASSWORD, Smtp},
};

const ANN: &str = "ann@acme.example";
const BOB: &str = "bob@acme.example";

/// What came of a test by the one way of a world.
async fn tested(world: &World) -> Result<(), Untold> {
    let ways = world.ways(&world.runtime).unwrap();
    let mut tested = ways.test(&world.runtime, Some(&console())).await;
    assert_eq!(tested.len(), 1);
    tested.remove(0).1
}

async fn refused(server: &Smtp) -> Untold {
    let untold = tested(&World::new(None, Some(server.options(&[ANN])))).await.unwrap_err();
    for secret in [PASSWORD, "AG9uY2Vwb3N0AGEgY2FuYXJ5IHRoYXQgc2luZ3M="] {
        assert!(!untold.why.contains(secret), "{}", untold.why);
    }
    untold
}

#[tokio::test]
async fn a_group_is_one_thread_from_its_first_message_to_the_all_clear() {
    let mut server = Smtp::start(MailTls::StartTls).await;
    let world = World::new(None, Some(server.options(&[ANN])));
    let mut targets = vec![world.refused("main", Worth::Never).await];
    world.start();
    let first = server.next().await;
    assert_eq!(
        (first.encrypted, first.login.as_deref(), &first.to[..]),
        (true, Some("oncepost"), &[ANN.to_owned()][..])
    );
    let subject = first.header("Subject").unwrap();
    assert!(subject.starts_with("1 target needs a person: OP-3001 "), "{subject}");
    for (name, value) in
        [("From", "oncepost <oncepost@acme.example>"), ("To", ANN), ("Auto-Submitted", "auto-generated")]
    {
        assert_eq!(first.header(name).as_deref(), Some(value));
    }
    assert_eq!(first.header("In-Reply-To"), None);
    let id = first.header("Message-ID").unwrap();
    assert!(id.starts_with("<oncepost.") && id.ends_with("@acme.example>"), "{id}");
    for part in [
        "Whose fault: ".to_owned(),
        format!("The newest, acme/mastodon/main: https://console.example/targets/{}", targets[0]),
    ] {
        assert!(body(&first.text).contains(&part), "{part}\nis not in\n{}", first.text);
    }
    for _ in 0..9 {
        targets.push(world.refused("main", Worth::Never).await);
    }
    let grown = server.next().await;
    assert!(grown.header("Subject").unwrap().starts_with("10 targets need a person, ten times as many"));
    for target in targets {
        world.ledger.apply(target, Command::Cancel).await.unwrap();
    }
    let clear = server.next().await;
    assert!(clear.header("Subject").unwrap().starts_with("All clear: "), "{}", clear.text);
    for later in [&grown, &clear] {
        assert_eq!(later.header("In-Reply-To").as_ref(), Some(&id));
        assert_eq!(later.header("References").as_ref(), Some(&id));
        assert_ne!(later.header("Message-ID").as_ref(), Some(&id));
    }
    assert!(server.is_quiet());
}

/// What a message says, without the line breaks of its encoding.
fn body(text: &str) -> String {
    text.replace("=\r\n", "").replace("=3D", "=")
}

#[tokio::test]
async fn what_may_have_come_is_sent_again_as_the_same_message() {
    let turn = AtomicUsize::new(0);
    // The message is taken, and its sender hears nothing of it.
    let cut = move |command: &str| (command == "." && turn.fetch_add(1, Ordering::SeqCst) == 0).then_some(Instead::Cut);
    let mut server = Smtp::script(MailTls::Tls, cut).await;
    let world = World::new(None, Some(server.options(&[ANN])));
    world.failed("main").await;
    world.start();
    let (first, second) = (server.next().await, server.next().await);
    assert!(first.encrypted);
    assert_eq!(first.header("Message-ID"), second.header("Message-ID"));
    assert!(server.is_quiet());
}

#[tokio::test]
async fn one_way_that_is_dead_neither_keeps_another_waiting_nor_tells_it_twice() {
    let bob = |command: &str| command.contains(BOB).then_some(Instead::Say("550 5.1.1 no such person"));
    let mut server = Smtp::script(MailTls::None, bob).await;
    let slack = Receiver::start(Answer::status(500)).await;
    let mut world = World::new(Some(slack), Some(server.options(&[BOB, ANN])));
    let target = world.failed("main").await;
    world.start();
    let letter = server.next().await;
    assert_eq!((&letter.to[..], letter.header("To")), (&[ANN.to_owned()][..], Some(format!("{BOB}, {ANN}"))));
    // The chat is tried again and again, and so is the address; who was told is told once.
    for _ in 0..5 {
        world.told().await;
    }
    let tried = |server: &Smtp| {
        server.commands().iter().filter(|command| command.contains("RCPT") && command.contains(BOB)).count()
    };
    while tried(&server) < 5 {
        world.told().await;
    }
    assert!(server.is_quiet());
    world.mended(target, "main").await;
    assert!(server.next().await.header("Subject").unwrap().starts_with("All clear"));
    assert!(server.is_quiet(), "who was never told of it is not told that it is over");
}

#[tokio::test]
async fn of_several_processes_one_writes_and_a_restart_repeats_nothing() {
    let mut server = Smtp::start(MailTls::None).await;
    let world = World::new(None, Some(server.options(&[ANN, BOB])));
    let target = world.failed("main").await;
    let all: Vec<_> = (0..4).map(|_| world.start()).collect();
    let mut to = [server.next().await.to, server.next().await.to].concat();
    to.sort_unstable();
    assert_eq!(to, [ANN, BOB]);
    world.settled().await;
    all.iter().for_each(runtime::Runtime::kill);
    world.start();
    world.mended(target, "main").await;
    for _ in 0..2 {
        assert!(server.next().await.header("Subject").unwrap().starts_with("All clear"));
    }
    assert!(server.is_quiet());
}

#[tokio::test]
async fn an_address_that_is_put_in_again_much_later_is_told_anew() {
    let mut server = Smtp::start(MailTls::None).await;
    let mut world = World::new(None, Some(server.options(&[ANN])));
    world.failed("main").await;
    let first = world.start();
    assert_eq!(server.next().await.to, [ANN]);
    world.settled().await;
    first.kill();
    world.mail = Some(server.options(&[BOB]));
    let usual = world.start();
    assert_eq!(server.next().await.to, [BOB]);
    world.settled().await;
    assert_eq!(world.on_record().await, 2, "not at once");
    usual.kill();
    let later = world.start_with(|options| options.forget_after = std::time::Duration::ZERO);
    while world.on_record().await > 1 {
        world.runtime.sleep(std::time::Duration::from_millis(2)).await;
    }
    later.kill();
    world.mail = Some(server.options(&[BOB, ANN]));
    world.start();
    assert_eq!(server.next().await.to, [ANN]);
    assert!(server.is_quiet());
}

#[tokio::test]
async fn what_a_server_refuses_is_told_with_what_to_do() {
    for (at, answer, why, remedy, all_alike) in [
        (
            "AUTH",
            "535 5.7.8 bad: AUTH PLAIN AG9uY2Vwb3N0AGEgY2FuYXJ5IHRoYXQgc2luZ3M=",
            "535",
            "alerts.mail.password",
            true,
        ),
        ("AUTH", "535 5.7.8 not 'a canary that sings'", "not '***'", "alerts.mail.username", true),
        ("RCPT", "550 5.1.1 no such person", "no such person", "alerts.mail.to", false),
        ("RCPT", "450 4.2.0 greylisted", "greylisted", "it is tried again", false),
        ("MAIL", "553 5.7.1 not your address", "not your address", "alerts.mail.from", false),
        (".", "554 5.7.1 spam\u{7}", "spam", "log", false),
        ("", "421 4.3.2 too busy", "too busy", "it is tried again", true),
    ] {
        let script = move |command: &str| {
            let is_it = if at.is_empty() { command.is_empty() } else { command.starts_with(at) };
            is_it.then_some(Instead::Say(answer))
        };
        let server = Smtp::script(MailTls::None, script).await;
        let untold = refused(&server).await;
        assert!(untold.why.contains(why) && untold.remedy.contains(remedy), "{untold:?}");
        assert!(
            untold.why.contains(&format!("localhost:{}", server.port)) && !untold.why.contains('\u{7}'),
            "{untold:?}"
        );
        assert_eq!(untold.all_alike, all_alike, "{untold:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_told_as_that() {
    for at in ["", "EHLO", "AUTH", "MAIL", "DATA", "."] {
        let script = move |command: &str| {
            let is_it = if at.is_empty() { command.is_empty() } else { command.starts_with(at) };
            is_it.then_some(Instead::Cut)
        };
        let untold = refused(&Smtp::script(MailTls::None, script).await).await;
        assert!(untold.why.contains("was not reached, or did not answer"), "{at}: {untold:?}");
        assert!(untold.all_alike && untold.remedy.contains("alerts.mail.host"), "{untold:?}");
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_is_not_encrypted_or_not_known() {
    let clear = Smtp::in_clear_only().await;
    let untold = refused(&clear).await;
    assert!(untold.why.contains("STARTTLS") && untold.remedy.contains("alerts.mail.tls"), "{untold:?}");
    assert!(
        clear.commands().iter().all(|command| command.starts_with("EHLO") || command == "QUIT"),
        "{:?}",
        clear.commands()
    );
    for tls in [MailTls::StartTls, MailTls::Tls] {
        let stranger = Smtp::start(tls).await;
        let mut options = stranger.options(&[ANN]);
        options.trusted = None;
        let untold = tested(&World::new(None, Some(options))).await.unwrap_err();
        assert!(untold.why.contains("could not be encrypted") && untold.remedy.contains("ca_file"), "{untold:?}");
        assert!(!stranger.commands().iter().any(|command| command.starts_with("AUTH")), "{:?}", stranger.commands());
    }
    let mut gone = clear.options(&[ANN]);
    gone.port = 1;
    let untold = tested(&World::new(None, Some(gone))).await.unwrap_err();
    assert!(untold.why.contains("localhost:1") && untold.remedy.contains("alerts.mail.host"), "{untold:?}");
}

#[tokio::test]
async fn a_test_says_that_it_is_one() {
    let mut server = Smtp::start(MailTls::StartTls).await;
    let world = World::new(None, Some(server.options(&[ANN])));
    assert_eq!(tested(&world).await, Ok(()));
    let letter = server.next().await;
    assert_eq!(letter.header("Subject").as_deref(), Some("This is a test of oncepost's alerts: nothing is wrong"));
    assert_eq!(tested(&world).await, Ok(()));
    assert_ne!(server.next().await.header("Message-ID"), letter.header("Message-ID"), "each is a message of its own");
    let mut options = server.options(&[ANN]);
    options.login = Some(("oncepost".into(), Secret::new("wrong")));
    let untold = tested(&World::new(None, Some(options))).await.unwrap_err();
    assert!(untold.why.contains("535"), "{untold:?}");
}

#[test]
fn what_is_no_address_is_refused_at_the_start() {
    let options = |from: &str, to: &str| oncepost_notifier::MailOptions {
        host: "localhost".into(),
        port: 25,
        tls: MailTls::None,
        login: None,
        from: from.into(),
        to: vec![to.into()],
        trusted: None,
    };
    for (from, to, key) in [
        ("nobody", ANN, "alerts.mail.from"),
        (ANN, "nobody", "alerts.mail.to"),
        ("a@b.example\r\nBcc: c@d.example", ANN, "alerts.mail.from"),
    ] {
        let world = World::new(None, Some(options(from, to)));
        let why = world.ways(&world.runtime).err().unwrap();
        assert!(why.contains(key), "{why}");
    }
    let options = oncepost_notifier::MailOptions {
        tls: MailTls::Tls,
        trusted: Some(b"-----BEGIN CERTIFICATE-----\nx".to_vec()),
        ..options(ANN, BOB)
    };
    let world = World::new(None, Some(options));
    assert!(world.ways(&world.runtime).err().unwrap().contains("alerts.mail.ca_file"));
}
