//! Addresses and networks: `10.0.0.7`, `10.0.0.0/8`, `2001:db8::/32`.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// An address, or all addresses of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Whether every address is in it.
    pub(crate) fn is_everybody(self) -> bool {
        self.0.prefix_len() == 0
    }

    /// Whether `address` is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
        address.or_else(|_| text.parse::<IpNet>()).map(Self).map_err(|_| {
            "is neither an address nor a network; write an address such as 10.0.0.7, or a network such as 10.0.0.0/8"
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_itself_and_a_network_all_of_its_own() {
        assert!(holds("10.0.0.7", "10.0.0.7") && !holds("10.0.0.7", "10.0.0.8"));
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"), "an IPv4 caller on an IPv6 socket");
        assert!(holds("2001:db8::/32", "2001:db8::1") && !holds("2001:db8::/32", "10.0.0.1"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "proxy", "10.0.0.0/33", "10.0.0", "*"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
