//! Which addresses may be reached: by the registries of special-purpose addresses (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Refused;

/// How far requests may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// Private and loopback addresses too, for identity providers on the own network.
    Private,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Public,
    /// Loopback, private and shared address space.
    Private,
    /// Nobody's: link-local (which holds the metadata services of clouds), multicast, reserved.
    Never,
}

impl Reach {
    /// The address itself when it may be reached; an IPv4 address in IPv6 clothes is undressed.
    ///
    /// # Errors
    /// [`Refused::Address`].
    pub fn check(self, ip: IpAddr) -> Result<IpAddr, Refused> {
        let plain = match ip {
            IpAddr::V4(ip) => IpAddr::V4(ip),
            IpAddr::V6(ip) => embedded(ip).map_or(IpAddr::V6(ip), IpAddr::V4),
        };
        let kind = match plain {
            IpAddr::V4(ip) => kind_v4(ip),
            IpAddr::V6(ip) => kind_v6(ip),
        };
        match (kind, self) {
            (Kind::Public, _) | (Kind::Private, Self::Private) => Ok(plain),
            _ => Err(Refused::Address),
        }
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, translated (NAT64) or 6to4.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return Some(mapped);
    }
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let join = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match (a, b, c, d, e, f) {
        (0x64, 0xff9b, 0, 0, 0, 0) => Some(join(g, h)),
        (0x2002, ..) => Some(join(b, c)),
        _ => None,
    }
}

fn kind_v4(ip: Ipv4Addr) -> Kind {
    match ip.octets() {
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Kind::Private,
        [0 | 224..=255, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Kind::Never,
        _ => Kind::Public,
    }
}

fn kind_v6(ip: Ipv6Addr) -> Kind {
    if ip.is_loopback() {
        return Kind::Private;
    }
    match ip.segments() {
        [0xfc00..=0xfdff, ..] => Kind::Private,
        // Documentation, benchmarking, ORCHID and Teredo lie inside the global range.
        [0x2001, 0x0000..=0x01ff | 0x0db8, ..] | [0x3fff, 0x0000..=0x0fff, ..] => Kind::Never,
        [0x2000..=0x3fff, ..] => Kind::Public,
        _ => Kind::Never,
    }
}
