//! The commands against a real API on this machine: what is told, in which words, with which exit code.

mod accounts;
mod answers;
mod dlq;
mod hindered;
mod hooks;
mod many;
mod outlast;
mod outside;
mod page;
mod server;
mod watched;
