//! An empty ledger on the tests' server.

use domain::Policy;
use runtime::{Runtime, SystemClock};

use super::Connection;
use crate::{Postgres, PostgresOptions, TimeSource};

/// A connection to a ledger of its own.
pub(super) async fn connection() -> Connection {
    let url = std::env::var("ONCEPOST_TEST_POSTGRES")
        .expect("set ONCEPOST_TEST_POSTGRES to a PostgreSQL server, or run `make test`, which starts one");
    let clock = TimeSource::Runtime(std::sync::Arc::new(SystemClock));
    let schema = Some(format!("test_{}", Runtime::system().id().simple()));
    let options = PostgresOptions { schema, ..PostgresOptions::new(url, Policy::default(), clock) };
    Postgres::migrate(&options).await.unwrap();
    options.connect().await.unwrap().acquire().await.unwrap().detach()
}
