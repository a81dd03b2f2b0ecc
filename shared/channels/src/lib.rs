#![doc = include_str!("../README.md")]

mod account;
mod address;
mod article;
mod call;
mod caps;
mod channel;
mod credentials;
mod drafted;
mod google;
mod granted;
mod graph;
mod http;
mod known;
mod limits;
mod media;
mod oauth;
mod offers;
mod outside;
mod overview;
mod registry;
mod safety;
mod sheet;
mod signature;
mod socket;
mod table;
mod text;
mod told;
mod transport;
mod unfit;
mod weighted;
mod words;

pub mod bluesky;
pub mod discord;
pub mod facebook;
pub mod ghost;
pub mod google_business;
pub mod instagram;
pub mod linkedin;
pub mod mastodon;
pub mod matrix;
pub mod nostr;
pub mod pinterest;
pub mod reddit;
pub mod slack;
pub mod telegram;
pub mod threads;
pub mod tiktok;
pub mod webhook;
pub mod wordpress;
pub mod x;
pub mod youtube;

pub use account::{Account, AccountCard, Accounts, ListedAccounts, Secret, SecretSource};
pub use call::{Call, Mark, PublishPoint, Record};
pub use caps::{Cap, CapOf, What, Window};
pub use channel::{About, Channel, Published, Threads, Verdict};
pub use credentials::{RefreshRepeat, Standing, TokenLife, Tokens};
pub use http::{Answer, Http, HttpError, HttpOptions, wire};
pub use known::{Known, nearest};
pub use limits::{Count, Limits, Misfit, Objection, Shape, Takes, Unit};
pub use media::{
    InvalidHash, Kind, Media, MediaFile, MediaHash, MediaOptions, Picture, Probe, S3Options, Served, StoreAt,
    StoreError, Video, is_public, shown_address,
};
pub use oauth::{AuthorizeAsk, ClientAuth, Endpoint, ExchangeAsk, Granted, OAuth, Pkce, Returned};
pub use offers::{FirstComment, Limit, Link, Offers, Variant};
pub use outside::{Heard, Outside, OutsideOptions};
pub use overview::Overview;
pub use registry::Registry;
pub use safety::Safety;
pub use sheet::{Capped, Connected, Files, Limited, Otherwise, Range, Repeat, Sheet, Taken, Token};
pub use signature::SigningKeys;
pub use table::{Row, Table};
pub use told::Told;
pub use unfit::unfit;
