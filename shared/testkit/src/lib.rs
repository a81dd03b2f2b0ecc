#![doc = include_str!("../README.md")]
#![allow(clippy::disallowed_methods, reason = "test equipment lives in real time, on real sockets")]

pub mod bluesky;
pub mod board;
pub mod fake;
mod graph;
pub mod instagram;
pub mod mastodon;
mod port;
pub mod proxy;
pub mod servers;
pub mod threads;
pub mod webhook;

pub use bluesky::Bluesky;
pub use board::Board;
pub use fake::{Answer, Call, Cue, End, Fake, Post};
pub use instagram::Instagram;
pub use mastodon::Mastodon;
pub use proxy::Proxy;
pub use servers::Server;
pub use threads::Threads;
pub use webhook::Webhook;
