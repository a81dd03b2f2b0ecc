//! The ways in which people are told. What one way was told is no other way's business.

use channels::{Foreign, Secret};
use jiff::Timestamp;
use runtime::Runtime;
use url::Url;

use super::{
    chat::Chat,
    mail::{Mail, MailOptions},
    plan::Say,
    thread,
    words::{self, Message},
};

/// One way to tell people: a chat, or a mail address.
#[derive(Clone)]
pub(crate) enum Way {
    Chat(Chat),
    Mail(Mail),
}

/// A message on its way.
pub(crate) struct Telling {
    /// What it says.
    pub message: Message,
    /// The same for the same event of the same group, whoever tells of it and however often.
    pub id: String,
    /// The id of the message that its thread begins with; its own, for that one.
    pub thread: String,
}

impl Telling {
    /// Tells of `say`, of a group that is there since `since`.
    pub fn of(say: &Say, group: &str, since: Timestamp, message: Message) -> Self {
        Self { message, id: thread::id(group, since, say), thread: thread::id(group, since, &Say::New) }
    }
}

/// Why people could not be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// What happened, without secrets.
    pub why: String,
    /// What to do.
    pub remedy: String,
    /// Another message by this way would fare no better now.
    pub all_alike: bool,
}

impl Way {
    /// The kind of way, as metrics have it.
    pub fn kind(&self) -> &'static str {
        match self {
            Way::Chat(_) => "slack",
            Way::Mail(_) => "mail",
        }
    }

    /// What the way is called.
    pub fn name(&self) -> String {
        match self {
            Way::Chat(chat) => format!("the chat at {}", chat.host()),
            Way::Mail(mail) => format!("mail to {}", mail.to()),
        }
    }

    /// Under which name it is on record what this way was told of a group. The chat's is the group's own.
    pub fn record(&self, group: &str) -> String {
        match self {
            Way::Chat(_) => group.to_owned(),
            Way::Mail(mail) => format!("{MAIL}{} {group}", mail.to()),
        }
    }

    /// The group of a record, if the record is this way's.
    pub fn group<'r>(&self, record: &'r str) -> Option<&'r str> {
        match (self, record.strip_prefix(MAIL)) {
            (Way::Chat(_), None) => Some(record),
            (Way::Mail(mail), Some(rest)) => rest.strip_prefix(mail.to().as_str())?.strip_prefix(' '),
            _ => None,
        }
    }

    /// Tells.
    pub async fn tell(&self, telling: &Telling) -> Result<(), Untold> {
        match self {
            Way::Chat(chat) => chat.tell(&telling.message).await,
            Way::Mail(mail) => mail.tell(telling).await,
        }
    }
}

/// What the records of mail begin with. No group's name does.
const MAIL: &str = "mail:";

/// How people are told: a chat, mail, both, or none.
#[derive(Clone, Default)]
pub struct Ways(pub(super) Vec<Way>);

impl Ways {
    /// The chat behind a Slack-compatible incoming webhook, and each address of the mail. `outside` may call the webhook, wherever it is.
    ///
    /// # Errors
    /// What cannot be used, as a sentence that names the setting and says what to do.
    pub fn new(
        runtime: &Runtime,
        outside: Foreign,
        slack: Option<&Secret>,
        mail: Option<&MailOptions>,
    ) -> Result<Self, String> {
        let mut ways = Vec::new();
        if let Some(slack) = slack {
            ways.push(Way::Chat(Chat::new(slack, outside)?));
        }
        if let Some(mail) = mail {
            ways.extend(Mail::all(runtime, mail)?.into_iter().map(Way::Mail));
        }
        Ok(Self(ways))
    }

    /// Whether nobody is told.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sends a message that says that it is a test by each way, and says what came of it: a way's name, and why it did not work.
    pub async fn test(&self, runtime: &Runtime, console: Option<&Url>) -> Vec<(String, Result<(), Untold>)> {
        // Each test is a message of its own.
        let id = runtime.id().simple().to_string();
        let telling = Telling { message: words::test(console), id: id.clone(), thread: id };
        let mut tested = Vec::new();
        for way in &self.0 {
            tested.push((way.name(), way.tell(&telling).await));
        }
        tested
    }
}
