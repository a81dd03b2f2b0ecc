//! The same path over a ledger on disk.

use std::sync::Arc;

use contract::ChangeAsk;
use domain::Policy;
use ledger::{Ledger, Sqlite};
use oncepost_intake::{Changed, Options, Request, Verdict};
use runtime::Runtime;
use serde_json::json;

use crate::world::{answer, intake, message, told};

#[tokio::test]
async fn accepted_repeated_refused_and_changed_over_sqlite() {
    // The system's clock: SQLite works in threads of its own, which a paused clock does not wait for.
    let runtime = Runtime::system();
    let ledger = Arc::new(Sqlite::temporary(&runtime, Policy::default()).await.unwrap());
    let intake = intake(&runtime, ledger.clone(), Options::default());
    let due = runtime.now() + std::time::Duration::from_secs(3600);
    let timed = |key: &str| {
        let mut message = message(key);
        message["publish_at"] = json!(due.to_string());
        message["content"]["text"] = json!("same");
        message.to_string()
    };
    let first = intake.accept(Request::new(timed("k").as_bytes())).await.unwrap();
    assert!(matches!(first, Verdict::New { .. }), "{first:?}");

    let mut late = message("late");
    late["publish_at"] = json!("2020-01-01T00:00:00Z");
    let bodies = [timed("k"), late.to_string(), timed("l"), timed("l")];
    let requests: Vec<_> = bodies.iter().map(|body| Request::new(body.as_bytes())).collect();
    let verdicts = intake.accept_many(&requests).await.unwrap();
    assert_eq!(answer(&verdicts[0]), answer(&first));
    assert_eq!(told(&verdicts[1]), [("$.publish_at".into(), "OP-1008".into())]);
    assert_eq!(told(&verdicts[2]), [("$.targets[0]".into(), "OP-1015".into())], "D20");
    assert_eq!(answer(&verdicts[3]), answer(&verdicts[2]));

    let post = first.post().unwrap();
    let ask = ChangeAsk::decode(br#"{"version":1,"change":"edit","content":{"text":"better"}}"#).unwrap();
    let changed = intake.change(post, None, &ask).await.unwrap();
    assert!(matches!(changed, Changed::Done { revision: 2, .. }), "{changed:?}");
    assert_eq!(ledger.post(post, false).await.unwrap().unwrap().revision, 2);
}
