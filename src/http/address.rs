//! The address of a caller, for limits: the peer's own, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// Most hops that are looked at.
const HOPS_MAX: usize = 32;

/// The address of who sent a request. `X-Forwarded-For` counts only as far as trusted proxies wrote
/// it: read from the right, the first address that is no proxy of ours.
#[must_use]
pub fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip().to_canonical());
    let ours = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if !ours(&peer) {
        return peer;
    }
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    let mut nearest = peer;
    for hop in lines.iter().rev().take(HOPS_MAX) {
        // What cannot be read was not written by a proxy of ours: the one before it did.
        let Ok(ip) = hop.trim().parse::<IpAddr>() else { return nearest };
        nearest = ip.to_canonical();
        if !ours(&nearest) {
            return nearest;
        }
    }
    nearest
}

/// The address by which limits count: of IPv6 the network, since a caller has all of it.
#[must_use]
pub fn counted(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        of(&extensions, &headers, &trusted).to_string()
    }

    #[test]
    fn forwarded_addresses_count_only_as_far_as_trusted_proxies_wrote_them() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(seen("198.51.100.7", &["1.1.1.1"], &proxies), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 198.51.100.7"], &proxies), "198.51.100.7");
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1", "198.51.100.7,10.0.0.2"], &proxies),
            "198.51.100.7"
        );
        assert_eq!(seen("10.0.0.1", &["nonsense, 10.0.0.2"], &proxies), "10.0.0.2");
        assert_eq!(seen("10.0.0.1", &[], &proxies), "10.0.0.1");
        assert_eq!(seen("::ffff:10.0.0.1", &["1.1.1.1"], &proxies), "1.1.1.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1"], &[]), "10.0.0.1");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_caller() {
        let of = |text: &str| counted(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
    }
}
