//! Which addresses a webhook may have.

use crate::EventsError;

/// Refuses what is no address of a web server, or of none that is allowed.
pub(super) fn check(url: &str, allowed_hosts: &[String]) -> Result<(), EventsError> {
    let refuse = |reason: &str| {
        Err(EventsError::Address { url: url.to_string(), reason: reason.to_string() })
    };
    let Ok(uri) = url.parse::<ureq::http::Uri>() else {
        return refuse("it is no URL: it must start with https:// or http://");
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return refuse("it must start with https:// or http://");
    }
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
        return refuse("it names no host");
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return refuse("it must not contain a user or password");
    }
    let allowed = |candidate: &String| candidate.eq_ignore_ascii_case(host);
    if !allowed_hosts.is_empty() && !allowed_hosts.iter().any(allowed) {
        let hosts = allowed_hosts.join(", ");
        return refuse(&format!("the host must be one of webhook_policy.allowed_hosts: {hosts}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_addresses_are_taken_and_others_refused_with_the_reason() {
        for good in ["https://example.com/hook?a=1", "http://10.0.0.7:8080/", "http://[::1]:80/x"] {
            check(good, &[]).unwrap();
        }
        for (bad, reason) in [
            ("ftp://example.com", "https://"),
            ("example.com/hook", "https://"),
            ("https://a:b@example.com/", "password"),
            ("not a url", "no URL"),
        ] {
            let message = check(bad, &[]).unwrap_err().to_string();
            assert!(message.contains(reason), "{bad}: {message}");
        }
    }

    #[test]
    fn a_list_of_hosts_restricts() {
        let hosts = ["hooks.example.com".to_string()];
        check("https://HOOKS.example.com/x", &hosts).unwrap();
        assert!(check("https://10.0.0.7/x", &hosts).is_err());
    }
}
