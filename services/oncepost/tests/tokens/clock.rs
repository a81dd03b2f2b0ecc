//! Platforms live in real time behind real connections; everything else lives on a virtual clock. While a platform is called the
//! virtual clock stands, and before that the platform's own is moved up to it.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use async_trait::async_trait;
use channels::{
    About, Account, AccountCard, Call, Channel, Mark, Objection, Published, Safety, Standing, Tokens, Verdict,
};
use domain::{Draft, Failure, Finding};
use futures::future::BoxFuture;
use jiff::Timestamp;
use runtime::Clock;

/// Moves a platform's clock up to a time.
pub type MoveUp = Arc<dyn Fn(Timestamp) + Send + Sync>;

tokio::task_local! {
    static CALL: Arc<Held>;
}

/// The virtual clock stands as long as one of these is held: tokio's does not move by itself while a thread for blocking work is busy.
#[derive(Default)]
struct Held(Mutex<Option<mpsc::Sender<()>>>);

impl Held {
    fn hold(&self) {
        let (done, wait) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || {
            // It ends when the sender is dropped.
            let _ = wait.recv();
        });
        *self.0.lock().unwrap() = Some(done);
    }

    fn let_go(&self) {
        *self.0.lock().unwrap() = None;
    }
}

/// A channel whose platform's clock follows the virtual one.
pub struct Timed {
    pub channel: Arc<dyn Channel>,
    pub clock: Arc<dyn Clock>,
    pub move_up: MoveUp,
}

impl Timed {
    async fn during<T>(&self, call: impl Future<Output = T>) -> T {
        (self.move_up)(self.clock.now());
        let held = Arc::<Held>::default();
        held.hold();
        let answer = CALL.scope(held.clone(), call).await;
        held.let_go();
        answer
    }
}

#[async_trait]
impl Channel for Timed {
    fn about(&self) -> &About {
        self.channel.about()
    }

    fn safety(&self, account: &AccountCard) -> Safety {
        self.channel.safety(account)
    }

    fn check_account(&self, account: &AccountCard) -> Vec<String> {
        self.channel.check_account(account)
    }

    fn check(&self, draft: &Draft) -> Vec<Objection> {
        self.channel.check(draft)
    }

    async fn publish(&self, call: &mut Call<'_>) -> Result<Published, Failure> {
        self.during(self.channel.publish(call)).await
    }

    async fn find(&self, mark: &Mark<'_>) -> Result<Finding, Failure> {
        self.during(self.channel.find(mark)).await
    }

    async fn poll(&self, mark: &Mark<'_>) -> Result<Verdict, Failure> {
        self.during(self.channel.poll(mark)).await
    }

    async fn check_credentials(&self, account: &Account) -> Result<Standing, Failure> {
        self.during(self.channel.check_credentials(account)).await
    }

    fn can_renew(&self, account: &Account) -> bool {
        self.channel.can_renew(account)
    }

    async fn refresh(&self, account: &Account) -> Result<Option<Tokens>, Failure> {
        self.during(self.channel.refresh(account)).await
    }

    fn parts(&self, draft: &Draft) -> u16 {
        self.channel.parts(draft)
    }
}

/// The clock that channels wait by: while one of them waits for its platform, time goes on, for the platform as well.
pub struct Waiting {
    pub clock: Arc<dyn Clock>,
    pub move_up: MoveUp,
}

impl Clock for Waiting {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn uptime(&self) -> Duration {
        self.clock.uptime()
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        let (clock, move_up) = (self.clock.clone(), self.move_up.clone());
        Box::pin(async move {
            let held = CALL.try_with(Clone::clone).ok();
            held.iter().for_each(|held| held.let_go());
            clock.sleep(span).await;
            held.iter().for_each(|held| held.hold());
            move_up(clock.now());
        })
    }
}
