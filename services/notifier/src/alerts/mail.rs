//! Mail through an SMTP server: one message to one address at a time, so that one that is refused keeps no other from being told.

use std::{error::Error, io, iter, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use channels::Secret;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    address::Envelope,
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use runtime::Runtime;

use super::{
    letter::letter,
    way::{Telling, Untold},
};

/// The longest time for one message.
const WITHIN: Duration = Duration::from_secs(30);
/// The most that is repeated of what a server says, in characters.
const SAID: usize = 300;

/// Which server sends, for whom, to whom.
#[derive(Debug, Clone)]
pub struct MailOptions {
    /// The server's name or address, which its certificate must name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// The name and the password to log in with, if the server wants them.
    pub login: Option<(String, Secret)>,
    /// Whom the messages are from.
    pub from: String,
    /// Who is told.
    pub to: Vec<String>,
    /// Certificates (PEM) that are trusted besides the system's.
    pub trusted: Option<Vec<u8>>,
}

/// How the connection to the server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// It begins in clear and is encrypted before anything is said; a server that does not offer that is told nothing.
    StartTls,
    /// It is encrypted from its first byte.
    Tls,
    /// Not at all.
    None,
}

/// One address that is told.
#[derive(Clone)]
pub(crate) struct Mail {
    server: Arc<Server>,
    to: Address,
}

struct Server {
    runtime: Runtime,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    place: String,
    login: Option<(String, Secret)>,
    from: Mailbox,
    all: Vec<Mailbox>,
}

impl Mail {
    /// Each address that is told.
    ///
    /// # Errors
    /// What cannot be used, as a sentence that names the setting.
    pub fn all(runtime: &Runtime, options: &MailOptions) -> Result<Vec<Self>, String> {
        let mailbox = |text: &str, key: &str| {
            text.parse::<Mailbox>()
                .map_err(|error| format!("alerts.mail.{key} is not a mail address ({error}): correct it"))
        };
        let from = mailbox(&options.from, "from")?;
        let all = options.to.iter().map(|to| mailbox(to, "to")).collect::<Result<Vec<_>, _>>()?;
        let to: Vec<Address> = all.iter().map(|mailbox| mailbox.email.clone()).collect();
        let server = Arc::new(Server {
            runtime: runtime.clone(),
            transport: transport(options, from.email.domain())?,
            place: format!("{}:{}", options.host, options.port),
            login: options.login.clone(),
            from,
            all,
        });
        Ok(to.into_iter().map(|to| Self { server: server.clone(), to }).collect())
    }

    pub fn to(&self) -> String {
        self.to.to_string()
    }

    pub async fn tell(&self, telling: &Telling) -> Result<(), Untold> {
        let Server { runtime, transport, place, from, all, .. } = &*self.server;
        let envelope = Envelope::new(Some(from.email.clone()), vec![self.to.clone()]).map_err(unwritten)?;
        let letter = letter(telling, from, all, runtime.now()).map_err(unwritten)?;
        match runtime.within(WITHIN, transport.send_raw(&envelope, &letter.formatted())).await {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(self.server.untold(&error)),
            None => Err(Untold {
                why: format!("the mail server at {place} did not take it within {} s", WITHIN.as_secs()),
                remedy: REACH.into(),
                all_alike: true,
            }),
        }
    }
}

const REACH: &str = "see whether the mail server runs, whether this machine reaches it, and whether alerts.mail.host, port and tls \
    are its own (starttls is usual on 587, tls on 465)";

impl Server {
    /// Why it was not taken, in words.
    fn untold(&self, error: &lettre::transport::smtp::Error) -> Untold {
        // The innermost says it; what is around it says that again, in words of the library.
        let said = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
        let said = self.hushed(&said);
        let place = &self.place;
        match error.status().map(u16::from) {
            Some(status) => Untold {
                why: format!("the mail server at {place} refused it ({status}): {said}"),
                remedy: remedy(status).into(),
                all_alike: matches!(status, 421 | 454 | 530 | 534 | 535 | 538),
            },
            None if error.is_tls() || is_undecipherable(error) => Untold {
                why: format!("the connection to the mail server at {place} could not be encrypted: {said}"),
                remedy: "see whether its certificate is valid and names alerts.mail.host, and whether alerts.mail.tls fits the port \
                    (starttls is usual on 587, tls on 465). For a certificate of your own: alerts.mail.ca_file"
                    .into(),
                all_alike: true,
            },
            // It offers no encryption, or no way to log in.
            None if error.is_client() => Untold {
                why: format!("the mail server at {place} cannot be used: {said}"),
                remedy: "see whether alerts.mail.tls fits the port (starttls is usual on 587, tls on 465), and whether the server \
                    lets anybody log in there"
                    .into(),
                all_alike: true,
            },
            None => Untold {
                why: format!("the mail server at {place} was not reached, or did not answer: {said}"),
                remedy: REACH.into(),
                all_alike: true,
            },
        }
    }

    /// What a server has said, in a line, without the password in any of the shapes in which it was told.
    fn hushed(&self, said: &str) -> String {
        let mut said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if let Some((name, password)) = &self.login {
            let password = password.reveal();
            let whole = BASE64_STANDARD.encode(format!("\0{name}\0{password}"));
            for secret in [whole, BASE64_STANDARD.encode(password), password.to_owned()] {
                said = if secret.is_empty() { said } else { said.replace(&secret, "***") };
            }
        }
        said.chars().take(SAID).collect()
    }
}

/// What a refusal asks for, by its number.
fn remedy(status: u16) -> &'static str {
    match status {
        530 | 534 | 535 | 538 | 454 => {
            "see whether alerts.mail.username and alerts.mail.password are right, and whether that user may send by this server"
        }
        550 | 551 | 553 | 555 | 501 => {
            "see whether the addresses in alerts.mail.to and alerts.mail.from are right, and whether this server sends for them"
        }
        400..=499 => "nothing, at first: the mail server asks for patience, and it is tried again",
        _ => "see what the mail server's log says of it",
    }
}

/// What an error comes of, the innermost last.
fn causes(error: &dyn Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source())
}

/// Whether what came was not what an encrypted connection holds, or its certificate not one to trust.
fn is_undecipherable(error: &dyn Error) -> bool {
    let mut broken = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    broken.any(|error| error.kind() == io::ErrorKind::InvalidData)
}

fn unwritten(error: lettre::error::Error) -> Untold {
    Untold {
        why: format!("the letter could not be written: {error}"),
        remedy: "correct alerts.mail.from and alerts.mail.to".into(),
        all_alike: false,
    }
}

fn transport(options: &MailOptions, domain: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let MailOptions { host, port, login, .. } = options;
    let tls = match options.tls {
        MailTls::StartTls => Tls::Required(parameters(options)?),
        MailTls::Tls => Tls::Wrapper(parameters(options)?),
        MailTls::None => Tls::None,
    };
    let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.clone())
        .port(*port)
        .tls(tls)
        // The whole of it has its limit.
        .timeout(None)
        .hello_name(ClientId::Domain(domain.to_owned()));
    if let Some((name, password)) = login {
        transport = transport.credentials(Credentials::new(name.clone(), password.reveal().to_owned()));
    }
    Ok(transport.build())
}

fn parameters(options: &MailOptions) -> Result<TlsParameters, String> {
    let mut parameters = TlsParameters::builder(options.host.clone()).certificate_store(CertificateStore::Default);
    if let Some(trusted) = &options.trusted {
        let certificate = Certificate::from_pem(trusted).map_err(|error| {
            format!("alerts.mail.ca_file holds no certificates that can be read ({}): correct it", error)
        })?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build().map_err(|error| format!("the connection for alerts.mail cannot be encrypted: {}", error))
}
