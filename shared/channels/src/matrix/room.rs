//! Whose token it is, and where it publishes.

use std::sync::PoisonError;

use domain::{Code, Failure, Fix, Landed, PlatformWords, Scope, Worth};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{Matrix, RESOLVE, TABLE};
use crate::{Account, Call, Standing};

const WHO: &str = "who am I";
const WHERE: &str = "read room";
/// The setting that names the room, and the handle under which its id is kept.
pub(super) const ROOM: &str = "room";

/// A login.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Login {
    #[serde(rename = "user_id")]
    pub user: String,
    /// What transactions belong to; empty if the server does not say.
    #[serde(rename = "device_id", default)]
    pub device: String,
}

impl Matrix {
    /// The login that the account's token belongs to.
    pub(super) async fn login(&self, account: &Account) -> Result<Login, Failure> {
        let key = account.fingerprint();
        let known = self.logins.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(login) = known {
            return Ok(login);
        }
        let login = self.who(account).await?;
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).insert(key, login.clone());
        Ok(login)
    }

    async fn who(&self, account: &Account) -> Result<Login, Failure> {
        self.ask(WHO, account, self.request(Method::GET, account, &["account", "whoami"])?).await
    }

    /// The id of the room, kept before it is used: an alias may lead elsewhere tomorrow.
    pub(super) async fn room(&self, call: &mut Call<'_>) -> Result<String, Failure> {
        if let Some(room) = call.handle(ROOM) {
            return Ok(room.to_owned());
        }
        let room = self.resolve(call.account).await?;
        call.keep(ROOM, &room).await?;
        Ok(room)
    }

    /// The id of the room that the account names.
    pub(super) async fn resolve(&self, account: &Account) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Resolved {
            room_id: String,
        }
        match account.setting(ROOM).unwrap_or_default() {
            id if id.starts_with('!') => Ok(id.to_owned()),
            alias if alias.starts_with('#') => {
                let request = self.request(Method::GET, account, &["directory", "room", alias])?;
                self.ask(RESOLVE, account, request).await.map(|resolved: Resolved| resolved.room_id)
            }
            other => {
                let why = format!("setting \"{ROOM}\": write a room's id (!…) or alias (#…), not \"{other}\"");
                Err(Failure::system(Code::CREDENTIALS_MISSING, "open account", why))
            }
        }
    }

    /// Whether what is said in the room is encrypted: then the server cannot read it, and we do not write it.
    async fn is_encrypted(&self, account: &Account, room: &str) -> Result<bool, Failure> {
        let request = self.request(Method::GET, account, &["rooms", room, "state", "m.room.encryption"])?;
        let answer = self.http.free(WHERE, request).await?;
        let code = answer.json::<Value>().map(|body| body["errcode"].clone());
        match (answer.status, code) {
            (200, Some(_)) => Ok(true),
            (404, Some(code)) if code == "M_NOT_FOUND" => Ok(false),
            _ => Err(TABLE.judge(&answer, account)),
        }
    }

    /// Nothing goes out in the clear where everybody else's words are encrypted.
    pub(super) async fn refuse_encrypted(&self, account: &Account, room: &str) -> Result<(), Failure> {
        if !self.is_encrypted(account, room).await? {
            return Ok(());
        }
        Err(Failure {
            code: Code::APP_MISCONFIGURED,
            landed: Landed::No,
            worth: Worth::AfterFix { fix: Fix::Setup },
            scope: Scope::Account,
            step: WHERE.into(),
            said: PlatformWords::text("the room is encrypted: publish to one that is not"),
        })
    }

    pub(super) async fn standing(&self, account: &Account) -> Result<Standing, Failure> {
        let login = self.who(account).await?;
        let room = self.resolve(account).await?;
        let encrypted = self.is_encrypted(account, &room).await?;
        let missing = encrypted.then(|| "a room without encryption".to_owned()).into_iter().collect();
        Ok(Standing { missing, ..Standing::good(login.user) })
    }
}
