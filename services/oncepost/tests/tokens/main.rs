//! Tokens that end, are refused or are withdrawn, through the whole product: real channels over HTTP against their platforms' fakes,
//! workers, scheduler, keeper and vault, on a virtual clock. The platform counts. Incidents are tested by their ids.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod clock;
mod incidents;
mod midway;
mod restored;
mod stand;
