//! From which address a request comes, also behind proxies.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request},
    http::HeaderMap,
};
use settings::Network;

/// What proxies write down of who called them.
const FORWARDED: &str = "x-forwarded-for";

/// The address that a request comes from. Of an IPv6 address the network (/64), since one caller has all of that.
pub(crate) fn remote(request: &Request, trusted: &[Network]) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
    neighbourhood(before(peer, request.headers(), trusted))
}

/// Each proxy writes behind what it was told whom it was called by, so the list is believed from its end, as far as proxies that are
/// trusted wrote it. What stands before that, anybody may have made up.
fn before(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut address = peer;
    let told = headers.get_all(FORWARDED).into_iter().rev();
    for hop in told.flat_map(|value| value.to_str().unwrap_or_default().rsplit(',')) {
        match read(hop.trim()).filter(|_| is_trusted(address)) {
            Some(earlier) => address = earlier,
            None => break,
        }
    }
    address
}

/// An address, with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, told: &[&str]) -> String {
        let trusted: Vec<Network> = ["10.0.0.0/8", "::1"].iter().map(|text| text.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in told {
            headers.append(FORWARDED, value.parse().unwrap());
        }
        neighbourhood(before(peer.parse().unwrap(), &headers, &trusted)).to_string()
    }

    #[test]
    fn what_strangers_say_of_themselves_is_not_believed() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &[]), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_is_believed_for_the_one_before_it_and_no_further() {
        assert_eq!(seen("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1, 203.0.113.9"]), "203.0.113.9", "the first was made up");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1", "203.0.113.9"]), "203.0.113.9", "in two headers");
        assert_eq!(seen("10.0.0.1", &["203.0.113.9, 10.0.0.2"]), "203.0.113.9", "behind two proxies");
        assert_eq!(seen("::1", &["203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::");
        for nothing in [&[][..], &["unknown"], &["203.0.113.9, "]] {
            assert_eq!(seen("10.0.0.1", nothing), "10.0.0.1", "{nothing:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_strangers_write_makes_them_somebody_else(told in "[ -~]{0,60}") {
            proptest::prop_assert_eq!(seen("203.0.113.9", &[&told]), "203.0.113.9");
            // And from a proxy that is trusted, anything is read without an end to it.
            seen("10.0.0.1", &[&told]);
        }
    }

    #[test]
    fn one_caller_has_a_whole_network_of_ipv6() {
        assert_eq!(seen("2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
        assert_eq!(seen("::ffff:203.0.113.9", &[]), "203.0.113.9");
    }
}
