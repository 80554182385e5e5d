//! Where a request comes from.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// The other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The address of the client. A proxy that is believed, one of the machine or of `proxies`, tells
/// it in `X-Forwarded-For`: the last address there is the one that the proxy itself has seen.
pub(crate) fn address(
    peer: Option<Peer>,
    headers: &HeaderMap,
    proxies: &[IpAddr],
) -> Option<IpAddr> {
    let Peer(peer) = peer?;
    if !peer.is_loopback() && !proxies.contains(&peer) {
        return Some(peer);
    }
    let lines = headers.get_all("x-forwarded-for");
    let last = lines.iter().next_back().and_then(|value| value.to_str().ok());
    let told = last.and_then(|text| text.rsplit(',').next()?.trim().parse().ok());
    Some(told.unwrap_or(peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_is_believed_and_only_what_it_has_seen_itself() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "198.51.100.1, 203.0.113.7".parse().unwrap());
        let of = |peer: &str, proxies: &[IpAddr]| {
            address(Some(Peer(peer.parse().unwrap())), &headers, proxies).unwrap().to_string()
        };
        assert_eq!(of("127.0.0.1", &[]), "203.0.113.7");
        assert_eq!(of("10.0.0.2", &[]), "10.0.0.2");
        assert_eq!(of("10.0.0.2", &["10.0.0.2".parse().unwrap()]), "203.0.113.7");
        let nothing = HeaderMap::new();
        let peer = Some(Peer("127.0.0.1".parse().unwrap()));
        assert_eq!(address(peer, &nothing, &[]).unwrap().to_string(), "127.0.0.1");
        assert_eq!(address(None, &nothing, &[]), None);
    }
}
