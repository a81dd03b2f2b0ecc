//! A mail server. It says what it is told to say, and keeps what it was given.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use channels::Secret;
use oncepost_notifier::{MailOptions, MailTls};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};
use tokio_rustls::TlsAcceptor;

pub const NAME: &str = "oncepost";
pub const PASSWORD: &str = "a canary that sings";

/// What a server does with a command instead of taking it.
pub enum Instead {
    /// Answers so.
    Say(&'static str),
    /// Ends the connection without an answer.
    Cut,
}

/// What a server does with each command; the end of a message is `.`.
type Script = Arc<dyn Fn(&str) -> Option<Instead> + Send + Sync>;

/// A message that was taken, or whose sender was told nothing.
#[derive(Debug, Clone)]
pub struct Letter {
    pub to: Vec<String>,
    pub text: String,
    pub encrypted: bool,
    pub login: Option<String>,
}

impl Letter {
    /// A header's value, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let headers = self.text.split_once("\r\n\r\n").unwrap().0.replace("\r\n ", " ");
        let found: Vec<_> = headers.lines().filter_map(|line| line.strip_prefix(&format!("{name}: "))).collect();
        assert!(found.len() <= 1, "{name} is there several times: {headers}");
        found.first().map(|value| (*value).to_owned())
    }
}

pub struct Smtp {
    pub port: u16,
    authority: String,
    tls: MailTls,
    got: UnboundedReceiver<Letter>,
    commands: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Server {
    script: Script,
    tls: MailTls,
    acceptor: TlsAcceptor,
    /// It says that it can be encrypted.
    offers: bool,
    tell: UnboundedSender<Letter>,
    commands: Arc<Mutex<Vec<String>>>,
}

impl Smtp {
    /// A server that takes everything.
    pub async fn start(tls: MailTls) -> Self {
        Self::script(tls, |_| None).await
    }

    pub async fn script(tls: MailTls, script: impl Fn(&str) -> Option<Instead> + Send + Sync + 'static) -> Self {
        Self::serve(tls, tls == MailTls::StartTls, Arc::new(script)).await
    }

    /// A server that cannot be encrypted, for those who want it to be.
    pub async fn in_clear_only() -> Self {
        Self::serve(MailTls::StartTls, false, Arc::new(|_: &str| None)).await
    }

    async fn serve(tls: MailTls, offers: bool, script: Script) -> Self {
        let (authority, acceptor) = certified();
        let (tell, got) = mpsc::unbounded_channel();
        let commands = Arc::new(Mutex::new(Vec::new()));
        let server = Server { script, tls, acceptor, offers, tell, commands: commands.clone() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let runtime = runtime::Runtime::system();
        runtime.clone().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                runtime.spawn(server.clone().connection(Box::pin(stream)));
            }
        });
        Self { port, authority, tls, got, commands }
    }

    /// How this server is used.
    pub fn options(&self, to: &[&str]) -> MailOptions {
        MailOptions {
            host: "localhost".into(),
            port: self.port,
            tls: self.tls,
            login: Some((NAME.into(), Secret::new(PASSWORD))),
            from: "oncepost <oncepost@acme.example>".into(),
            to: to.iter().map(|to| (*to).to_owned()).collect(),
            trusted: Some(self.authority.clone().into_bytes()),
        }
    }

    /// The next message.
    pub async fn next(&mut self) -> Letter {
        let got = runtime::Runtime::system().within(Duration::from_secs(30), self.got.recv()).await;
        got.expect("a message within 30 seconds").unwrap()
    }

    pub fn is_quiet(&mut self) -> bool {
        self.got.try_recv().is_err()
    }

    /// What was said in clear or not, without what a message holds.
    pub fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap().clone()
    }
}

/// An authority, and what proves that a server is `localhost` to those who trust it.
fn certified() -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![own.der().clone()], key).unwrap();
    (authority, TlsAcceptor::from(Arc::new(config)))
}

trait Stream: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}

type Line = BufReader<Pin<Box<dyn Stream>>>;

impl Server {
    /// One connection to its end. `None`: it was cut.
    async fn connection(self, stream: Pin<Box<dyn Stream>>) -> Option<()> {
        let mut encrypted = self.tls == MailTls::Tls;
        let mut line = BufReader::new(if encrypted { self.encrypted(stream).await? } else { stream });
        let (mut login, mut to) = (None, Vec::new());
        say(&mut line, self.instead("")?.unwrap_or("220 mail.acme.example ready")).await?;
        loop {
            let command = next(&mut line).await?;
            self.commands.lock().unwrap().push(command.clone());
            if let Some(answer) = self.instead(&command)? {
                say(&mut line, answer).await?;
                continue;
            }
            let verb = command.split([' ', ':']).next().unwrap().to_uppercase();
            match verb.as_str() {
                "EHLO" if self.offers && !encrypted => {
                    say(&mut line, "250-mail\r\n250-STARTTLS\r\n250 8BITMIME").await?
                }
                "EHLO" => say(&mut line, "250-mail\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME").await?,
                "STARTTLS" => {
                    say(&mut line, "220 go on").await?;
                    line = BufReader::new(self.encrypted(line.into_inner()).await?);
                    encrypted = true;
                }
                "AUTH" => {
                    let given = BASE64_STANDARD.decode(command.rsplit(' ').next().unwrap()).unwrap();
                    let is_known = given == format!("\0{NAME}\0{PASSWORD}").into_bytes();
                    login = is_known.then(|| NAME.to_owned());
                    say(&mut line, if is_known { "235 welcome" } else { "535 5.7.8 who are you?" }).await?;
                }
                "RCPT" => {
                    to.push(command.split(['<', '>']).nth(1).unwrap().to_owned());
                    say(&mut line, "250 fine").await?;
                }
                "DATA" => {
                    say(&mut line, "354 go on").await?;
                    let mut text = String::new();
                    loop {
                        let next = next(&mut line).await?;
                        if next == "." {
                            break;
                        }
                        text += &(next.strip_prefix('.').unwrap_or(&next).to_owned() + "\r\n");
                    }
                    drop(self.tell.send(Letter { to: std::mem::take(&mut to), text, encrypted, login: login.clone() }));
                    say(&mut line, self.instead(".")?.unwrap_or("250 2.0.0 taken")).await?;
                }
                "QUIT" => return say(&mut line, "221 bye").await,
                _ => say(&mut line, "250 fine").await?,
            }
        }
    }

    /// What is said instead. `None`: nothing, the connection is cut.
    fn instead(&self, command: &str) -> Option<Option<&'static str>> {
        match (self.script)(command) {
            None => Some(None),
            Some(Instead::Say(answer)) => Some(Some(answer)),
            Some(Instead::Cut) => None,
        }
    }

    async fn encrypted(&self, stream: Pin<Box<dyn Stream>>) -> Option<Pin<Box<dyn Stream>>> {
        Some(Box::pin(self.acceptor.accept(stream).await.ok()?))
    }
}

async fn next(line: &mut Line) -> Option<String> {
    let mut text = String::new();
    line.read_line(&mut text).await.ok().filter(|read| *read > 0)?;
    Some(text.trim_end_matches(['\r', '\n']).to_owned())
}

async fn say(line: &mut Line, answer: &str) -> Option<()> {
    line.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    line.get_mut().flush().await.ok()
}
