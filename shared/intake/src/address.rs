//! What any address in a post must be, whatever it leads to.

use url::Url;

/// Reads an address whose scheme is one of `schemes`: http, https and perhaps more.
///
/// # Errors
/// What is wrong with it, to be told after its path.
pub(crate) fn read(address: &str, schemes: &[&str]) -> Result<Url, &'static str> {
    if address.trim().is_empty() {
        return Err("is empty");
    }
    let url = Url::parse(address).map_err(|_| "is not a web address")?;
    if !schemes.contains(&url.scheme()) {
        return Err("is not an http or https address");
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user { Err("carries a user name or password") } else { Ok(url) }
}
