//! Whole oncepost processes against fake platforms: what the demo, the benchmarks, drills and chaos are made of. Development only.
#![allow(clippy::disallowed_methods, reason = "a harness lives in real time")]
#![allow(clippy::print_stdout, reason = "its output is for people and scripts")]

pub mod api;
pub mod bench;
pub mod campaign;
pub mod chaos;
pub mod config;
pub mod drill;
pub mod faults;
mod feed;
pub mod instant;
pub mod lists;
pub mod process;
pub mod reading;
pub mod rest;
pub mod shared;
pub mod show;
pub mod shown;
pub mod stack;
pub mod tally;

/// What goes wrong in a harness: a sentence.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// What a harness does, or a sentence.
pub type Done<T = ()> = Result<T, Trouble>;
