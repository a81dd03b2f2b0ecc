//! Which addresses belong to the outside world.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use url::{Host, Url};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name or address leads into a private network.
#[derive(Debug, thiserror::Error)]
#[error("the address leads into a private network")]
pub(crate) struct PrivateAddress;

/// Where media may be fetched from. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    /// Any address is good: for tests and demos.
    pub(crate) allow_private: bool,
    /// These hosts are good, wherever they are.
    pub(crate) allow_hosts: Arc<BTreeSet<String>>,
}

impl Reach {
    pub(crate) fn allows(&self, host: &str) -> bool {
        self.allow_private || self.allow_hosts.contains(host)
    }

    /// An address written as numbers must be a public one. Names are looked at when they are resolved.
    pub(crate) fn check(&self, url: &Url) -> Result<(), PrivateAddress> {
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            _ => return Ok(()),
        };
        let good = is_public(ip) || self.allows(url.host_str().unwrap_or_default());
        if good { Ok(()) } else { Err(PrivateAddress) }
    }

    /// Of the addresses that `host` has, those that may be connected to.
    fn usable(&self, host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, PrivateAddress> {
        let known = !found.is_empty();
        let all = self.allows(host);
        let usable: Vec<_> = found.into_iter().filter(|at| all || is_public(at.ip())).collect();
        if known && usable.is_empty() { Err(PrivateAddress) } else { Ok(usable) }
    }
}

/// Resolves names to public addresses only. The addresses it returns are the ones connected to, so that a name cannot
/// show a public address to a check and a private one to the connection.
impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(reach.usable(name.as_str(), found)?.into_iter()) as Addrs)
        })
    }
}

/// Whether `ip` is an address of the outside world.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation();
    // "This network", shared carrier space, protocol assignments, benchmarks, multicast and what is reserved.
    let reserved = a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        // Azure's virtual machines reach their host there, and nothing else is.
        || ip.octets() == [168, 63, 129, 16]
        || a >= 224;
    !special && !reserved
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, ..] = ip.segments();
    if let Some(v4) = embedded_v4(ip) {
        return is_public_v4(v4);
    }
    // Only 2000::/3 is given out to the world; in it, Teredo, benchmarks and documentation are not.
    (0x2000..0x4000).contains(&a)
        && !(a == 0x2001 && (b == 0 || b == 0xdb8 || (b == 2 && c == 0)))
        && !(a == 0x3fff && b < 0x1000)
}

/// The IPv4 address behind a mapped, translated (NAT64) or 6to4 address.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let v4 = |high: u16, low: u16| {
        let ([w, x], [y, z]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(w, x, y, z)
    };
    match (a, b) {
        (0, 0) if [c, d, e] == [0, 0, 0] && f == 0xffff => Some(v4(g, h)),
        (0x64, 0xff9b) if [c, d, e, f] == [0, 0, 0, 0] => Some(v4(g, h)),
        (0x2002, high) => Some(v4(high, c)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_dress() {
        for ip in [
            "127.0.0.1",
            "127.8.8.8",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "0.0.0.0",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "fd20:ce::254",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "::7f00:1",
            "3fff::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    fn addresses(ips: &[&str]) -> Vec<SocketAddr> {
        ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn a_name_that_has_addresses_of_both_kinds_leads_to_the_public_ones_only() {
        let reach = Reach::default();
        let usable = reach.usable("rebinding.example", addresses(&["10.0.0.1", "1.1.1.1", "::1"])).unwrap();
        assert_eq!(usable, addresses(&["1.1.1.1"]));
        assert!(reach.usable("inside.example", addresses(&["127.0.0.1", "fd00::1"])).is_err());
        assert_eq!(reach.usable("nobody.example", vec![]).unwrap(), []);
    }

    #[test]
    fn a_host_that_is_allowed_is_good_wherever_it_is_and_no_other() {
        let reach = Reach { allow_private: false, allow_hosts: Arc::new(["files.corp".to_owned()].into()) };
        let inside = addresses(&["10.0.0.1"]);
        assert_eq!(reach.usable("files.corp", inside.clone()).unwrap(), inside);
        assert!(reach.usable("other.corp", inside).is_err());
        assert!(reach.check(&"http://10.0.0.1/a.png".parse().unwrap()).is_err());
    }

    #[test]
    fn the_outside_world_is_reachable() {
        for ip in
            ["1.1.1.1", "100.63.0.1", "100.128.0.1", "172.32.0.1", "198.20.0.1", "2606:4700::1111", "::ffff:1.1.1.1"]
        {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }
}
