//! Pictures: leased a place, uploaded there, named in the post by their address. May be repeated freely.

use domain::{Failure, Media};
use reqwest::{Method, multipart};
use serde::Deserialize;
use url::Url;

use super::{LEASE, Reddit, TABLE, UPLOAD};
use crate::Call;

/// The handle under which the picture's address is stored.
const HANDLE: &str = "image";

#[derive(Deserialize)]
struct Lease {
    args: Args,
}

#[derive(Deserialize)]
struct Args {
    action: String,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    value: String,
}

impl Reddit {
    /// The address of the uploaded picture, stored as a handle before it is used.
    pub(super) async fn image(&self, call: &mut Call<'_>, media: &Media) -> Result<String, Failure> {
        if let Some(address) = call.handle(HANDLE) {
            return Ok(address.to_owned());
        }
        let address = self.upload(call, media).await?;
        call.keep(HANDLE, &address).await?;
        Ok(address)
    }

    async fn upload(&self, call: &mut Call<'_>, media: &Media) -> Result<String, Failure> {
        let account = call.account;
        let file = self.http.media().open(call, media, self.about.limits.takes).await?;
        let name = format!("oncepost.{}", file.kind.extension);
        let form = [("filepath", name.as_str()), ("mimetype", file.kind.mime)];
        let request = self.request(Method::POST, account, "api/media/asset.json")?.form(&form);
        let answer = self.http.free(LEASE, request).await?;
        let args = answer.json::<Lease>().filter(|_| answer.is_success()).map(|lease| lease.args);
        // The place is named without a scheme.
        let place = args.as_ref().and_then(|args| account.base_url.join(&args.action).ok());
        let key = args.as_ref().and_then(|args| args.fields.iter().find(|field| field.name == "key"));
        let (Some(args), Some(place), Some(key)) = (&args, place, key) else {
            return Err(TABLE.judge(&answer, account));
        };
        let place = account.at_given(place, UPLOAD)?.base_url;
        let mut form = multipart::Form::new();
        for field in &args.fields {
            form = form.text(field.name.clone(), field.value.clone());
        }
        // The store wants to know the length beforehand.
        let part = file.part("oncepost")?;
        let request = self.http.request(Method::POST, place.clone()).multipart(form.part("file", part));
        let answer = self.http.free(UPLOAD, request).await?;
        if answer.is_success() { Ok(address(&place, &key.value)) } else { Err(TABLE.judge(&answer, account)) }
    }
}

/// Where the file lies: the place with the file's key behind it.
fn address(place: &Url, key: &str) -> String {
    format!("{}/{key}", place.as_str().trim_end_matches('/'))
}
