#![doc = include_str!("../README.md")]

mod account;
mod article;
mod call;
mod channel;
mod credentials;
mod graph;
mod http;
mod limits;
mod media;
mod registry;
mod safety;
mod table;
mod text;
mod told;
mod transport;
mod weighted;
mod words;

pub mod bluesky;
pub mod discord;
pub mod ghost;
pub mod instagram;
pub mod linkedin;
pub mod mastodon;
pub mod reddit;
pub mod slack;
pub mod telegram;
pub mod threads;
pub mod webhook;
pub mod wordpress;
pub mod x;

pub use account::{Account, AccountCard, Accounts, ListedAccounts, Secret, SecretSource};
pub use call::{Call, Mark, PublishPoint, Record};
pub use channel::{About, Channel, Published, Threads, Verdict};
pub use credentials::{Standing, TokenLife, Tokens};
pub use http::{Answer, Http, HttpError, HttpOptions};
pub use limits::{Count, Limits, Misfit, Objection, Shape, Takes, Unit};
pub use media::{
    InvalidHash, Kind, Media, MediaFile, MediaHash, MediaOptions, Picture, Probe, S3Options, Served, StoreAt,
    StoreError, Video,
};
pub use registry::Registry;
pub use safety::Safety;
pub use table::{Row, Table};
pub use told::Told;
