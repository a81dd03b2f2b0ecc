//! A RabbitMQ of the test's own, to be killed.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use runtime::Runtime;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::world::PATIENCE;

/// The script itself: Debian's wrapper in /usr/sbin changes the user and loses the environment.
const SCRIPT: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// A private broker in a directory that goes with it.
pub struct Server {
    directory: TempDir,
    pub port: u16,
    distribution: u16,
    registry: u16,
    process: Option<Child>,
}

impl Server {
    /// Starts a broker and waits until it answers.
    pub async fn start(runtime: &Runtime) -> Self {
        assert!(Path::new(SCRIPT).exists(), "this test kills a RabbitMQ and needs {SCRIPT}: install rabbitmq-server");
        let directory = tempfile::Builder::new().prefix("oncepost-rabbit-").tempdir().expect("a directory");
        let [port, distribution, registry] = free_ports();
        for name in ["home", "mnesia", "log", "conf"] {
            fs::create_dir(directory.path().join(name)).expect("a directory");
        }
        let conf = format!("listeners.tcp.1 = 127.0.0.1:{port}\ndisk_free_limit.absolute = 50MB\n");
        fs::write(directory.path().join("conf/rabbitmq.conf"), conf).expect("written");
        fs::write(directory.path().join("conf/enabled_plugins"), "[].\n").expect("written");
        let mut server = Self { directory, port, distribution, registry, process: None };
        server.run(runtime).await;
        server
    }

    /// Ends the broker without a word, and starts it again on what it left.
    pub async fn kill_and_restart(&mut self, runtime: &Runtime) {
        self.kill();
        let port = self.port;
        let dying = async { while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {} };
        runtime.within(PATIENCE, dying).await.expect("the broker dies");
        self.run(runtime).await;
    }

    async fn run(&mut self, runtime: &Runtime) {
        let at = |name: &str| self.directory.path().join(name);
        let log = fs::File::create(at("log/console")).expect("a log");
        let child = Command::new(SCRIPT)
            .process_group(0)
            .current_dir(self.directory.path())
            .env("HOME", at("home"))
            .env("RABBITMQ_NODENAME", format!("test{}@localhost", self.port))
            .env("RABBITMQ_DIST_PORT", self.distribution.to_string())
            .env("ERL_EPMD_PORT", self.registry.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            // Lets the registry be ended while it still believes that the killed node lives.
            .env("ERL_EPMD_RELAXED_COMMAND_CHECK", "1")
            .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_CONFIG_FILE", at("conf/rabbitmq"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("conf/enabled_plugins"))
            .env("RABBITMQ_PID_FILE", at("pid"))
            .stdout(Stdio::from(log.try_clone().expect("a second handle")))
            .stderr(Stdio::from(log))
            .spawn()
            .expect("starts");
        self.process = Some(child);
        let port = self.port;
        let answering = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                runtime.sleep(Duration::from_millis(100)).await;
            }
        };
        runtime.within(PATIENCE * 2, answering).await.expect("the broker listens");
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // The script waits for Erlang's machine in a group of its own; all of it has to die.
            let _ = Command::new("kill").args(["-9", "--", &format!("-{}", process.id())]).status();
            let _ = process.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        // Erlang's registry outlives the node that started it.
        let _ = Command::new("epmd").arg("-kill").env("ERL_EPMD_PORT", self.registry.to_string()).output();
    }
}

fn free_ports() -> [u16; 3] {
    // All three at once, so that they differ.
    let listeners: [TcpListener; 3] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("bound").port())
}
