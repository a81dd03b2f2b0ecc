#![doc = include_str!("../README.md")]
#![allow(clippy::disallowed_methods, reason = "test equipment lives in real time, on real sockets")]

pub mod bluesky;
pub mod board;
pub mod discord;
pub mod fake;
pub mod ghost;
mod google;
pub mod google_business;
mod graph;
pub mod instagram;
pub mod linkedin;
pub mod mastodon;
mod port;
pub mod proxy;
pub mod reddit;
pub mod s3;
pub mod servers;
pub mod slack;
pub mod telegram;
pub mod threads;
pub mod webhook;
pub mod wordpress;
pub mod x;
pub mod youtube;

pub use bluesky::Bluesky;
pub use board::Board;
pub use discord::Discord;
pub use fake::{Answer, Call, Cue, End, Fake, Post};
pub use ghost::Ghost;
pub use google_business::GoogleBusiness;
pub use instagram::Instagram;
pub use linkedin::LinkedIn;
pub use mastodon::Mastodon;
pub use proxy::Proxy;
pub use reddit::Reddit;
pub use s3::S3;
pub use servers::Server;
pub use slack::Slack;
pub use telegram::Telegram;
pub use threads::Threads;
pub use webhook::Webhook;
pub use wordpress::WordPress;
pub use x::X;
pub use youtube::YouTube;
