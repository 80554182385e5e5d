//! The form of telephone numbers, e-mail and web addresses. Whether they work shows only in use.

/// Refuses what no mail server would take: the simple form `local@domain` of RFC 5321, without
/// quoted local parts and addresses in brackets, which nobody has.
pub(crate) fn check_email(address: &str) -> Result<(), String> {
    let fits = address.rsplit_once('@').is_some_and(|(local, domain)| {
        is_local_part(local) && is_domain(domain) && domain.contains('.')
    });
    if fits { Ok(()) } else { Err("must be an e-mail address, like ann@example.com".to_string()) }
}

/// At most 64 octets: words of letters, digits and the signs that RFC 5321 allows, joined by dots.
fn is_local_part(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    text.len() <= 64 && text.split('.').all(|word| !word.is_empty() && word.chars().all(allowed))
}

/// Labels of at most 63 letters, digits and hyphens, joined by dots (RFC 1035, RFC 5890).
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Refuses what can't be dialled: a plus sign or digit, then digits with the usual signs between
/// them; 3 to 15 digits (ITU-T E.164) and an extension.
pub(crate) fn check_phone(number: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_digit() || " +-/().x#*".contains(c);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    if number.chars().all(allowed) && (3..=20).contains(&digits) {
        return Ok(());
    }
    Err("must be a telephone number, like +49 30 123456".to_string())
}

/// Refuses what is no web address: a host, optionally with `http://` or `https://` and a path.
pub(crate) fn check_web(address: &str) -> Result<(), String> {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    let rest = rest.unwrap_or(address);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or("");
    let fits = is_domain(host) && host.contains('.') && !rest.contains(char::is_whitespace);
    if fits { Ok(()) } else { Err("must be a web address, like www.example.com".to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_addresses_are_taken() {
        for address in ["ann@example.com", "o'neil+sd@mail.example.co.uk", "jörg@bücher.example"]
        {
            assert_eq!(check_email(address), Ok(()), "{address}");
        }
        for number in ["+49 (30) 123-456", "911", "0044 20 7946 0000 x12"] {
            assert_eq!(check_phone(number), Ok(()), "{number}");
        }
        for address in ["example.com", "https://www.example.com/shop?a=b", "http://a.example:8080"]
        {
            assert_eq!(check_web(address), Ok(()), "{address}");
        }
    }

    #[test]
    fn what_nobody_can_be_reached_by_is_refused() {
        for address in
            ["", "ann", "ann@", "@example.com", "a b@example.com", "ann@host", "a..b@c.de"]
        {
            assert!(check_email(address).is_err(), "{address}");
        }
        for number in ["", "12", "call me", "+49 30 123456789012345678"] {
            assert!(check_phone(number).is_err(), "{number}");
        }
        for address in ["", "example", "https://", "www.exa mple.com", "ftp://example.com"] {
            assert!(check_web(address).is_err(), "{address}");
        }
    }
}
