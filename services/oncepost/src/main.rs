//! oncepost
fn main() {}
