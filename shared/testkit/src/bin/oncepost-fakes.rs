//! All fake platforms in one process, for the demo and for tests in other processes.
//!
//! Prints JSON lines: `{"event":"listening","fake":…,"url":…}` per fake, then `{"event":"call","fake":…,…}` per call as it ends.
//! Each has the control interface under `/_control/`.

use std::io::{self, Write};

use clap::Parser;
use oncepost_testkit::{
    Bluesky, Board, Discord, Facebook, Fake, Ghost, GoogleBusiness, Instagram, LinkedIn, Mastodon, Matrix, Nostr,
    Pinterest, Reddit, Slack, Telegram, Threads, TikTok, Webhook, WordPress, X, YouTube,
    fake::{Call, Platform},
};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

/// Serves fake platforms on loopback until it is stopped. A port of 0 takes a free one.
#[derive(Parser)]
struct Ports {
    /// Port of the fake Mastodon server.
    #[arg(long, default_value_t = 0)]
    mastodon: u16,
    /// Port of the fake Bluesky server.
    #[arg(long, default_value_t = 0)]
    bluesky: u16,
    /// Port of the fake Instagram.
    #[arg(long, default_value_t = 0)]
    instagram: u16,
    /// Port of the fake Threads.
    #[arg(long, default_value_t = 0)]
    threads: u16,
    /// Port of the webhook receiver.
    #[arg(long, default_value_t = 0)]
    webhook: u16,
    /// Port of the fake WordPress site.
    #[arg(long, default_value_t = 0)]
    wordpress: u16,
    /// Port of the fake Ghost site.
    #[arg(long, default_value_t = 0)]
    ghost: u16,
    /// Port of the fake Reddit.
    #[arg(long, default_value_t = 0)]
    reddit: u16,
    /// Port of the fake LinkedIn.
    #[arg(long, default_value_t = 0)]
    linkedin: u16,
    /// Port of the fake X.
    #[arg(long, default_value_t = 0)]
    x: u16,
    /// Port of the board, a platform with no idempotency at all.
    #[arg(long, default_value_t = 0)]
    board: u16,
    /// Port of the fake Telegram Bot API.
    #[arg(long, default_value_t = 0)]
    telegram: u16,
    /// Port of the fake TikTok.
    #[arg(long, default_value_t = 0)]
    tiktok: u16,
    /// Port of the fake Slack.
    #[arg(long, default_value_t = 0)]
    slack: u16,
    /// Port of the fake Discord.
    #[arg(long, default_value_t = 0)]
    discord: u16,
    /// Port of the fake Facebook.
    #[arg(long, default_value_t = 0)]
    facebook: u16,
    /// Port of the fake Pinterest.
    #[arg(long, default_value_t = 0)]
    pinterest: u16,
    /// Port of the fake Google Business Profile.
    #[arg(long, default_value_t = 0)]
    google_business: u16,
    /// Port of the fake YouTube.
    #[arg(long, default_value_t = 0)]
    youtube: u16,
    /// Port of the fake Matrix server.
    #[arg(long, default_value_t = 0)]
    matrix: u16,
    /// Port of the fake Nostr relay.
    #[arg(long, default_value_t = 0)]
    nostr: u16,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let ports = Ports::parse();
    let (_mastodon, mut mastodon) = serve::<Mastodon>(ports.mastodon).await?;
    let (_bluesky, mut bluesky) = serve::<Bluesky>(ports.bluesky).await?;
    let (_instagram, mut instagram) = serve::<Instagram>(ports.instagram).await?;
    let (_threads, mut threads) = serve::<Threads>(ports.threads).await?;
    let (_webhook, mut webhook) = serve::<Webhook>(ports.webhook).await?;
    let (_wordpress, mut wordpress) = serve::<WordPress>(ports.wordpress).await?;
    let (_ghost, mut ghost) = serve::<Ghost>(ports.ghost).await?;
    let (_reddit, mut reddit) = serve::<Reddit>(ports.reddit).await?;
    let (_linkedin, mut linkedin) = serve::<LinkedIn>(ports.linkedin).await?;
    let (_x, mut x) = serve::<X>(ports.x).await?;
    let (_board, mut board) = serve::<Board>(ports.board).await?;
    let (_telegram, mut telegram) = serve::<Telegram>(ports.telegram).await?;
    let (_tiktok, mut tiktok) = serve::<TikTok>(ports.tiktok).await?;
    let (_slack, mut slack) = serve::<Slack>(ports.slack).await?;
    let (_discord, mut discord) = serve::<Discord>(ports.discord).await?;
    let (_facebook, mut facebook) = serve::<Facebook>(ports.facebook).await?;
    let (_pinterest, mut pinterest) = serve::<Pinterest>(ports.pinterest).await?;
    let (_google_business, mut google_business) = serve::<GoogleBusiness>(ports.google_business).await?;
    let (_youtube, mut youtube) = serve::<YouTube>(ports.youtube).await?;
    let (_matrix, mut matrix) = serve::<Matrix>(ports.matrix).await?;
    let (_nostr, mut nostr) = serve::<Nostr>(ports.nostr).await?;
    loop {
        // A feed ends with its fake only, and these live as long as this function.
        tokio::select! {
            Some(call) = mastodon.recv() => print_call::<Mastodon>(&call)?,
            Some(call) = bluesky.recv() => print_call::<Bluesky>(&call)?,
            Some(call) = instagram.recv() => print_call::<Instagram>(&call)?,
            Some(call) = threads.recv() => print_call::<Threads>(&call)?,
            Some(call) = webhook.recv() => print_call::<Webhook>(&call)?,
            Some(call) = wordpress.recv() => print_call::<WordPress>(&call)?,
            Some(call) = ghost.recv() => print_call::<Ghost>(&call)?,
            Some(call) = reddit.recv() => print_call::<Reddit>(&call)?,
            Some(call) = linkedin.recv() => print_call::<LinkedIn>(&call)?,
            Some(call) = x.recv() => print_call::<X>(&call)?,
            Some(call) = board.recv() => print_call::<Board>(&call)?,
            Some(call) = telegram.recv() => print_call::<Telegram>(&call)?,
            Some(call) = tiktok.recv() => print_call::<TikTok>(&call)?,
            Some(call) = slack.recv() => print_call::<Slack>(&call)?,
            Some(call) = discord.recv() => print_call::<Discord>(&call)?,
            Some(call) = facebook.recv() => print_call::<Facebook>(&call)?,
            Some(call) = pinterest.recv() => print_call::<Pinterest>(&call)?,
            Some(call) = google_business.recv() => print_call::<GoogleBusiness>(&call)?,
            Some(call) = youtube.recv() => print_call::<YouTube>(&call)?,
            Some(call) = matrix.recv() => print_call::<Matrix>(&call)?,
            Some(call) = nostr.recv() => print_call::<Nostr>(&call)?,
            stopped = tokio::signal::ctrl_c() => return stopped,
        }
    }
}

async fn serve<P: Platform>(port: u16) -> io::Result<(Fake<P>, UnboundedReceiver<Call>)> {
    let fake = Fake::<P>::on_port(port).await?;
    print_line(&json!({"event": "listening", "fake": P::NAME, "url": fake.url()}))?;
    let feed = fake.feed();
    Ok((fake, feed))
}

fn print_call<P: Platform>(call: &Call) -> io::Result<()> {
    let mut line = serde_json::to_value(call)?;
    line["event"] = Value::from("call");
    line["fake"] = Value::from(P::NAME);
    print_line(&line)
}

fn print_line(line: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
