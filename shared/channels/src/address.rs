//! The web address of a post, as a person copies it: where it leads, and what stands in it.

use url::{Url, form_urlencoded};

/// A web address, in readable parts.
pub(crate) struct Address {
    url: Url,
    path: Vec<String>,
}

impl Address {
    /// Reads an address; `None` if it is none.
    pub fn read(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let path = url.path_segments()?.filter(|part| !part.is_empty()).map(decoded).collect();
        Some(Self { url, path })
    }

    /// The same, if it leads to one of these hosts or below one.
    pub fn at(text: &str, hosts: &[&str]) -> Option<Self> {
        Self::read(text).filter(|address| hosts.iter().any(|host| address.is_at(host)))
    }

    /// Whether it leads to this host or below it.
    pub fn is_at(&self, host: &str) -> bool {
        let rest = self.url.host_str().and_then(|name| name.strip_suffix(host));
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// The host that it leads to.
    pub fn host(&self) -> Option<String> {
        self.url.host_str().map(str::to_owned)
    }

    /// The parts of its path.
    pub fn path(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The part of its path behind the one called `name`.
    pub fn behind(&self, name: &str) -> Option<&str> {
        let at = self.path.iter().position(|part| part == name)?;
        self.path.get(at + 1).map(String::as_str)
    }

    /// The value of `name` in its query.
    pub fn query(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// What stands behind its `#`.
    pub fn fragment(&self) -> Option<String> {
        self.url.fragment().map(decoded)
    }
}

/// Whether `text` is a short link of one of these hosts, as apps share them: it leads to a post and does not hold its id.
pub(crate) fn is_short(text: &str, hosts: &[&str]) -> bool {
    Address::at(text, hosts).is_some_and(|address| !address.path.is_empty())
}

/// `text`, if it is a number.
pub(crate) fn number(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// `text`, if letters, digits, `-` and `_` are all there is in it.
pub(crate) fn name(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (!text.is_empty() && text.bytes().all(plain)).then_some(text)
}

/// `text` without its `%` escapes.
fn decoded(text: &str) -> String {
    let kept = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(kept.as_bytes()).map(|(text, _)| text.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_its_parts() {
        let address = Address::read(" https://a.example/x/%24y%2Fz//?q=1%202#/r/$e+=&f ").unwrap();
        assert_eq!(address.path(), ["x", "$y/z"]);
        assert_eq!((address.behind("x"), address.behind("$y/z"), address.behind("w")), (Some("$y/z"), None, None));
        assert_eq!((address.query("q").as_deref(), address.query("p")), (Some("1 2"), None));
        assert_eq!(address.fragment().as_deref(), Some("/r/$e+=&f"));
        assert!(["", "x", "javascript:alert(1)", "at://did/x/y"].iter().all(|text| Address::read(text).is_none()));
    }

    #[test]
    fn a_host_is_the_platforms_or_below_it() {
        let is_at = |text: &str| Address::at(text, &["x.com", "twitter.com"]).is_some();
        assert!(is_at("https://x.com/a") && is_at("https://mobile.twitter.com/a"));
        assert!(!is_at("https://netflix.com/a") && !is_at("https://x.com.example/a"));
    }

    #[test]
    fn a_short_link_leads_somewhere() {
        assert!(is_short("https://vm.x.example/a/", &["vm.x.example"]));
        assert!(
            !is_short("https://vm.x.example/", &["vm.x.example"])
                && !is_short("https://x.example/a", &["vm.x.example"])
        );
    }
}
