//! Fake platforms in one process, for the demo and for tests in other processes: those whose ports are given, or all of them.
//!
//! Prints JSON lines: `{"event":"listening","fake":…,"url":…}` per fake, `{"event":"settings","file":…}` once settings are written, then `{"event":"call","fake":…,…}` per call as it ends.
//! Each has the control interface under `/_control/`.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Parser};
use futures::stream::{self, BoxStream, SelectAll, StreamExt};
use oncepost_testkit::{
    Bluesky, Board, Discord, Facebook, Fake, Ghost, GoogleBusiness, Instagram, LinkedIn, Mastodon, Matrix, Nostr,
    OpenId, Pinterest, Ready, Reddit, Slack, Telegram, Threads, TikTok, Webhook, WordPress, X, YouTube,
    fake::{Call, Platform},
};
use serde_json::{Value, json};

/// Serves the fake platforms whose ports are given on loopback until it is stopped; all of them if none is. A port of 0 takes a free
/// one.
#[derive(Parser)]
struct Asked {
    #[command(flatten)]
    ports: Ports,
    /// Write settings for oncepost into this file, which must not be there yet: an account `main` of the tenant `acme` on each channel
    /// that is served, and the apps with their ids and secrets.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

/// For media that are served on this machine, as everything else is here.
const MEDIA: &str = "\
# The fakes are for trying things out on this machine, and so are files on it: media may be fetched from private addresses.
# Never leave this in settings for real platforms: posts could then read what only this machine can reach.
[media]
allow_private = true
";

#[derive(Args, Default, PartialEq)]
struct Ports {
    /// Port of the fake Mastodon server.
    #[arg(long)]
    mastodon: Option<u16>,
    /// Port of the fake Bluesky server.
    #[arg(long)]
    bluesky: Option<u16>,
    /// Port of the fake Instagram.
    #[arg(long)]
    instagram: Option<u16>,
    /// Port of the fake Threads.
    #[arg(long)]
    threads: Option<u16>,
    /// Port of the webhook receiver.
    #[arg(long)]
    webhook: Option<u16>,
    /// Port of the fake WordPress site.
    #[arg(long)]
    wordpress: Option<u16>,
    /// Port of the fake Ghost site.
    #[arg(long)]
    ghost: Option<u16>,
    /// Port of the fake Reddit.
    #[arg(long)]
    reddit: Option<u16>,
    /// Port of the fake LinkedIn.
    #[arg(long)]
    linkedin: Option<u16>,
    /// Port of the fake X.
    #[arg(long)]
    x: Option<u16>,
    /// Port of the board, a platform with no idempotency at all.
    #[arg(long)]
    board: Option<u16>,
    /// Port of the fake Telegram Bot API.
    #[arg(long)]
    telegram: Option<u16>,
    /// Port of the fake TikTok.
    #[arg(long)]
    tiktok: Option<u16>,
    /// Port of the fake Slack.
    #[arg(long)]
    slack: Option<u16>,
    /// Port of the fake Discord.
    #[arg(long)]
    discord: Option<u16>,
    /// Port of the fake Facebook.
    #[arg(long)]
    facebook: Option<u16>,
    /// Port of the fake Pinterest.
    #[arg(long)]
    pinterest: Option<u16>,
    /// Port of the fake Google Business Profile.
    #[arg(long)]
    google_business: Option<u16>,
    /// Port of the fake YouTube.
    #[arg(long)]
    youtube: Option<u16>,
    /// Port of the fake Matrix server.
    #[arg(long)]
    matrix: Option<u16>,
    /// Port of the fake Nostr relay.
    #[arg(long)]
    nostr: Option<u16>,
    /// Port of the OpenID Connect provider, at which one person logs in to the console.
    #[arg(long)]
    openid: Option<u16>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let Asked { ports, settings } = Asked::parse();
    let any = (ports == Ports::default()).then_some(0);
    let mut fakes = Fakes::default();
    fakes.serve::<Mastodon>(ports.mastodon.or(any)).await?;
    fakes.serve::<Bluesky>(ports.bluesky.or(any)).await?;
    fakes.serve::<Instagram>(ports.instagram.or(any)).await?;
    fakes.serve::<Threads>(ports.threads.or(any)).await?;
    fakes.serve::<Webhook>(ports.webhook.or(any)).await?;
    fakes.serve::<WordPress>(ports.wordpress.or(any)).await?;
    fakes.serve::<Ghost>(ports.ghost.or(any)).await?;
    fakes.serve::<Reddit>(ports.reddit.or(any)).await?;
    fakes.serve::<LinkedIn>(ports.linkedin.or(any)).await?;
    fakes.serve::<X>(ports.x.or(any)).await?;
    fakes.serve::<Board>(ports.board.or(any)).await?;
    fakes.serve::<Telegram>(ports.telegram.or(any)).await?;
    fakes.serve::<TikTok>(ports.tiktok.or(any)).await?;
    fakes.serve::<Slack>(ports.slack.or(any)).await?;
    fakes.serve::<Discord>(ports.discord.or(any)).await?;
    fakes.serve::<Facebook>(ports.facebook.or(any)).await?;
    fakes.serve::<Pinterest>(ports.pinterest.or(any)).await?;
    fakes.serve::<GoogleBusiness>(ports.google_business.or(any)).await?;
    fakes.serve::<YouTube>(ports.youtube.or(any)).await?;
    fakes.serve::<Matrix>(ports.matrix.or(any)).await?;
    fakes.serve::<Nostr>(ports.nostr.or(any)).await?;
    // Not a platform: nothing is published there. It lives as long as this process.
    let _openid = match ports.openid.or(any) {
        Some(port) => {
            let provider = OpenId::on_port(port).await?;
            print_line(&json!({"event": "listening", "fake": "openid", "url": provider.issuer()}))?;
            Some(provider)
        }
        None => None,
    };
    if let Some(file) = settings {
        let accounts = fakes.settings.join("\n");
        write_new(&file, &format!("{MEDIA}\n{accounts}"))?;
        print_line(&json!({"event": "settings", "file": file}))?;
    }
    loop {
        // The calls have no end: each fake lives in the stream of its own.
        tokio::select! {
            Some(call) = fakes.calls.next() => print_line(&call)?,
            stopped = tokio::signal::ctrl_c() => return stopped,
        }
    }
}

/// What is served.
#[derive(Default)]
struct Fakes {
    /// Their calls, as lines to print.
    calls: SelectAll<BoxStream<'static, Value>>,
    /// An entry of oncepost's settings for each that a channel is for.
    settings: Vec<String>,
}

impl Fakes {
    /// Starts a fake, if it has a port, and says where it listens.
    async fn serve<P: Platform>(&mut self, port: Option<u16>) -> io::Result<()> {
        let Some(port) = port else { return Ok(()) };
        let fake = Fake::<P>::on_port(port).await?;
        print_line(&json!({"event": "listening", "fake": P::NAME, "url": fake.url()}))?;
        self.settings.extend(Ready::on(P::NAME, &fake.url()).map(|ready| ready.toml()));
        let feed = fake.feed();
        let calls = stream::unfold((fake, feed), async |(fake, mut feed)| {
            let call = feed.recv().await?;
            Some((line::<P>(&call), (fake, feed)))
        });
        self.calls.push(calls.boxed());
        Ok(())
    }
}

/// Writes a file that is not there yet: settings of the same name may hold real accounts.
fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let written = fs::File::create_new(file).and_then(|mut new| new.write_all(text.as_bytes()));
    written.map_err(|error| {
        io::Error::new(error.kind(), format!("settings cannot be written to {}: {error}", file.display()))
    })
}

fn line<P: Platform>(call: &Call) -> Value {
    let mut line = json!(call);
    line["event"] = Value::from("call");
    line["fake"] = Value::from(P::NAME);
    line
}

fn print_line(line: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
