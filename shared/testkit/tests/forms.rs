//! Forms of several parts, which every platform that takes files reads alike.

mod http;

use http::{http, ok};
use oncepost_testkit::{Facebook, Fake, Mastodon, Reddit, X};
use reqwest::{RequestBuilder, multipart};

/// More than the two megabytes beyond which a server of our kind takes nothing, unless it is told to.
const LARGE: usize = 3 << 20;

async fn takes(request: RequestBuilder, more: &[(&'static str, &str)], field: &'static str, status: u16) {
    let mut form = multipart::Form::new();
    for (name, value) in more {
        form = form.text(*name, (*value).to_owned());
    }
    let mut bytes = vec![7; LARGE];
    bytes[..3].copy_from_slice(b"\xff\xd8\xff");
    let file = multipart::Part::bytes(bytes).file_name("a.jpg").mime_str("image/jpeg").expect("a type");
    ok(request.multipart(form.part(field, file)).send().await, status).await;
}

#[tokio::test]
async fn a_file_of_three_megabytes_is_taken() {
    let mastodon = Fake::<Mastodon>::start().await;
    let upload = http().post(format!("{}/api/v2/media", mastodon.url()));
    takes(upload.bearer_auth(Mastodon::token("ann")), &[], "file", 200).await;
    let x = Fake::<X>::start().await;
    let upload = http().post(format!("{}/2/media/upload", x.url())).bearer_auth(X::token("ann"));
    takes(upload, &[("media_category", "tweet_image")], "media", 200).await;
    let reddit = Fake::<Reddit>::start().await;
    takes(http().post(format!("{}/media-store", reddit.url())), &[("key", "rte_images/1")], "file", 201).await;
    let facebook = Fake::<Facebook>::start().await;
    let token = Facebook::token("ann");
    let fields = [("access_token", token.as_str()), ("published", "false")];
    takes(http().post(format!("{}/v25.0/me/photos", facebook.url())), &fields, "source", 200).await;
}
