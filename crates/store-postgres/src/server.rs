//! What a server must be to serve us.

use tessera_kernel::StoreError;

/// The oldest version that is tested.
const OLDEST: u32 = 15;

/// Refuses a server by what it says of itself when a connection is opened. A pooler may leave
/// something out; what is not said is not held against it.
pub(crate) fn check(version: Option<&str>, encoding: Option<&str>) -> Result<(), StoreError> {
    let major = |version: &str| {
        let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    if let Some(version) = version
        && major(version).is_some_and(|major| major < OLDEST)
    {
        return Err(StoreError::Incompatible(format!(
            "the server is PostgreSQL {version}; {OLDEST} or later is needed"
        )));
    }
    match encoding {
        Some(encoding) if encoding != "UTF8" => Err(StoreError::Incompatible(format!(
            "its encoding is {encoding}, which lacks most letters of the world: make one with \
             `createdb --encoding=UTF8 --template=template0`"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_server_and_another_encoding_are_refused_with_what_is_needed() {
        for (version, encoding, needed) in [
            (Some("14.11 (Debian 14.11-1)"), Some("UTF8"), Some("15 or later")),
            (Some("9.6.24"), None, Some("15 or later")),
            (Some("15.4"), Some("LATIN1"), Some("--encoding=UTF8")),
            (Some("18beta1"), Some("UTF8"), None),
            (Some("somebody's own"), None, None),
            (None, None, None),
        ] {
            let outcome = check(version, encoding).map_err(|error| error.to_string());
            let expected = needed.is_none_or(|needed| {
                outcome.as_ref().is_err_and(|message| message.contains(needed))
            });
            assert!(expected && outcome.is_ok() == needed.is_none(), "{version:?}: {outcome:?}");
        }
    }
}
