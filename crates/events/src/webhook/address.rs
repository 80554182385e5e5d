//! Which addresses a webhook may have, and which a call may connect to.
//!
//! What a webhook is told comes from inside, so that it must not reach what stands inside: the
//! metadata service of a cloud, other programs of the machine, the network behind the firewall.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::EventsError;

/// In the list of allowed hosts: every host with a public address.
const EVERY_PUBLIC: &str = "*";

const PRIVATE: &str = "it is no public address; list the host in webhook_policy.allowed_hosts if \
                       the receiver stands inside";

/// Refuses what is no address of a web server, or of none that is allowed. What a name stands for
/// is looked up at each call.
pub(super) fn check(url: &str, allowed_hosts: &[String]) -> Result<(), EventsError> {
    let refuse = |reason: &str| {
        Err(EventsError::Address { url: url.to_string(), reason: reason.to_string() })
    };
    let Ok(uri) = url.parse::<Uri>() else {
        return refuse("it is no URL: it must start with https:// or http://");
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return refuse("it must start with https:// or http://");
    }
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
        return refuse("it names no host");
    };
    let port = uri.port_u16();
    let host_and_port =
        uri.authority().and_then(|authority| authority.as_str().split('@').next_back());
    let given = host_and_port.and_then(|text| text.rsplit_once(':'));
    if port == Some(0) || (port.is_none() && given.is_some_and(|(_, after)| !after.ends_with(']')))
    {
        return refuse("its port must be 1 to 65535");
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return refuse("it must not contain a user or password");
    }
    if is_listed(host, allowed_hosts) {
        return Ok(());
    }
    if !takes_every_public(allowed_hosts) {
        let hosts = allowed_hosts.join(", ");
        return refuse(&format!("the host must be one of webhook_policy.allowed_hosts: {hosts}"));
    }
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let local = host.eq_ignore_ascii_case("localhost");
    if local || address.is_ok_and(|address| !is_public(address)) {
        return refuse(PRIVATE);
    }
    Ok(())
}

fn is_listed(host: &str, allowed_hosts: &[String]) -> bool {
    let bare = |text: &str| text.trim_start_matches('[').trim_end_matches(']').to_lowercase();
    allowed_hosts.iter().any(|allowed| bare(allowed) == bare(host))
}

fn takes_every_public(allowed_hosts: &[String]) -> bool {
    allowed_hosts.is_empty() || allowed_hosts.iter().any(|allowed| allowed == EVERY_PUBLIC)
}

/// Looks a host up and answers only addresses that a webhook may have: what is checked here is
/// what is connected to. Behind a proxy of the environment the proxy looks hosts up, and decides.
#[derive(Debug)]
pub(super) struct CheckedResolver {
    allowed_hosts: Vec<String>,
    system: DefaultResolver,
}

impl CheckedResolver {
    /// For hosts of this list besides the public ones.
    pub(super) fn new(allowed_hosts: Vec<String>) -> Self {
        Self { allowed_hosts, system: DefaultResolver::default() }
    }
}

impl Resolver for CheckedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.system.resolve(uri, config, timeout)?;
        let host = uri.host().unwrap_or_default();
        let is_proxy = config.proxy().is_some_and(|proxy| proxy.host() == host);
        if is_proxy || is_listed(host, &self.allowed_hosts) {
            return Ok(found);
        }
        let mut public = self.empty();
        for address in found.iter().filter(|address| is_public(address.ip())) {
            public.push(*address);
        }
        if public.is_empty() {
            return Err(ureq::Error::Other(format!("{host}: {PRIVATE}").into()));
        }
        Ok(public)
    }
}

/// Whether an address belongs to the public Internet, by the special-purpose registries of IANA
/// (RFC 6890). An IPv4 address within an IPv6 one counts as itself.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = a == 192 && b == 0 && c == 0;
    let benchmarks = a == 198 && (b == 18 || b == 19);
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || shared
        || protocols
        || benchmarks
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // 2000::/3 is what is given out; the rest is local, special or reserved.
    address.segments()[0] & 0xe000 == 0x2000
}

/// The IPv4 address that an IPv6 one stands for: mapped and compatible (RFC 4291), translated
/// (RFC 6052, 8215), 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => of(high, low),
        [0x64, 0xff9b, 0 | 1, .., high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_addresses_are_taken_and_others_refused_with_the_reason() {
        for good in ["https://example.com/hook?a=1", "http://8.8.8.8:8080/", "https://[2600::1]/x"]
        {
            check(good, &[]).unwrap();
        }
        for (bad, reason) in [
            ("ftp://example.com", "https://"),
            ("example.com/hook", "https://"),
            ("https://a:b@example.com/", "password"),
            ("https://example.com:99999/", "port"),
            ("https://example.com:/", "port"),
            ("https://[2600::1]:0/", "port"),
            ("not a url", "no URL"),
            ("http://10.0.0.7:8080/", "no public address"),
            ("http://[::1]:80/x", "no public address"),
            ("http://LocalHost/", "no public address"),
            ("http://169.254.169.254/latest/meta-data", "no public address"),
        ] {
            let message = check(bad, &[]).unwrap_err().to_string();
            assert!(message.contains(reason), "{bad}: {message}");
        }
    }

    #[test]
    fn a_list_of_hosts_restricts_and_opens() {
        let hosts = ["hooks.example.com".to_string(), "10.0.0.8".to_string(), "::1".to_string()];
        check("https://HOOKS.example.com/x", &hosts).unwrap();
        check("http://10.0.0.8/x", &hosts).unwrap();
        check("http://[::1]/x", &hosts).unwrap();
        assert!(check("https://10.0.0.7/x", &hosts).is_err());
        assert!(check("https://example.com/x", &hosts).is_err());
        let hosts = ["*".to_string(), "10.0.0.8".to_string()];
        check("https://example.com/x", &hosts).unwrap();
        check("http://10.0.0.8/x", &hosts).unwrap();
        assert!(check("https://10.0.0.7/x", &hosts).is_err());
    }

    #[test]
    fn what_is_not_public_is_known_in_every_disguise() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2600::1", "::ffff:8.8.8.8"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }
}
