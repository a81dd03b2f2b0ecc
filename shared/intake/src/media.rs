//! Addresses that surely cannot be fetched. What a name leads to is looked at when it is fetched.

use channels::{About, is_public};
use domain::Settings;
use url::Host;

use crate::{Options, address};

/// What is wrong with a media address, if anything.
pub(crate) fn objection(address: &str, options: &Options) -> Option<&'static str> {
    let url = match address::read(address, &["http", "https", "s3"]) {
        Ok(url) => url,
        Err(wrong) => return Some(wrong),
    };
    if url.scheme() == "s3" {
        let known = url.host_str().is_some_and(|bucket| options.buckets.contains(bucket));
        return if known { None } else { Some("names a bucket that the settings do not open to posts") };
    }
    let private = match url.host() {
        None => return Some("names no host"),
        Some(Host::Domain(name)) => is_local_name(name),
        Some(Host::Ipv4(ip)) => !is_public(ip.into()),
        Some(Host::Ipv6(ip)) => !is_public(ip.into()),
    };
    let allowed = options.allow_private || url.host_str().is_some_and(|host| options.allow_hosts.contains(host));
    (private && !allowed).then_some("points into a private network")
}

/// What is wrong with the addresses of pictures in a draft's settings, with the names of the settings.
pub(crate) fn in_settings<'a>(
    settings: &'a Settings,
    about: &'a About,
    options: &'a Options,
) -> impl Iterator<Item = (&'static str, &'static str)> + 'a {
    let held = about.offers.addresses.iter().filter_map(|name| Some((*name, settings.get(*name)?)));
    let given = held.filter(|(_, address)| !address.is_empty());
    given.filter_map(|(name, address)| Some((name, objection(address, options)?)))
}

fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost") || name.ends_with(".local") || name.ends_with(".internal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e02_an_empty_address_is_caught_before_anything_is_scheduled() {
        assert_eq!(objection("", &Options::default()), Some("is empty"));
        assert_eq!(objection("  ", &Options::default()), Some("is empty"));
    }

    #[test]
    fn addresses_are_judged_by_what_they_say() {
        let private = Some("points into a private network");
        let table = [
            ("https://cdn.example.org/a.png", None),
            ("http://93.184.215.14/a.png", None),
            ("a.png", Some("is not a web address")),
            ("ftp://example.org/a.png", Some("is not an http or https address")),
            ("data:image/png;base64,AAAA", Some("is not an http or https address")),
            ("https://me:pw@example.org/a.png", Some("carries a user name or password")),
            ("https://", Some("is not a web address")),
            ("http://localhost/a", private),
            ("http://files.localhost./a", private),
            ("http://metadata.google.internal/a", private),
            ("http://127.1/a", private),
            ("http://2130706433/a", private),
            ("http://169.254.169.254/latest", private),
            ("http://10.0.0.1/a", private),
            ("http://100.64.0.1/a", private),
            ("http://[::1]/a", private),
            ("http://[fd00::1]/a", private),
            ("http://[::ffff:10.0.0.1]/a", private),
            // What the fetch refuses is refused here, too.
            ("http://168.63.129.16/a", private),
            ("http://198.18.0.1/a", private),
            ("http://[64:ff9b::a00:1]/a", private),
            ("http://[2002:7f00:1::]/a", private),
            ("http://[fec0::1]/a", private),
            ("http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/a", None),
        ];
        for (address, expected) in table {
            assert_eq!(objection(address, &Options::default()), expected, "{address}");
        }
        let open = Options { allow_private: true, buckets: ["media".to_owned()].into(), ..Options::default() };
        assert_eq!(objection("http://127.0.0.1:8080/a.png", &open), None);
        let inside = Options { allow_hosts: ["files.internal".to_owned()].into(), ..Options::default() };
        assert_eq!(objection("http://files.internal/a.png", &inside), None);
        assert!(objection("http://other.internal/a.png", &inside).is_some());
        assert_eq!(objection("s3://media/a.png", &open), None);
        let closed = Some("names a bucket that the settings do not open to posts");
        assert_eq!(objection("s3://other/a.png", &open), closed);
        assert_eq!(objection("s3://me:pw@media/a.png", &open), Some("carries a user name or password"));
    }
}
