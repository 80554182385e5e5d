//! Database URLs.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::InstallationError;

/// Where a database is: `sqlite:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location(PathBuf);

impl Location {
    /// The database file.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of customizing that goes with the database: its path with the extension
    /// `config`.
    pub fn config_folder(&self) -> PathBuf {
        self.0.with_extension("config")
    }
}

impl FromStr for Location {
    type Err = InstallationError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        match url.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Err(InstallationError::Engine(url.to_string())),
            _ => Err(InstallationError::Url(url.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_the_file_and_the_folder_beside_it() {
        let location: Location = "sqlite:/srv/tessera.db".parse().unwrap();
        assert_eq!(location.path(), Path::new("/srv/tessera.db"));
        assert_eq!(location.config_folder(), Path::new("/srv/tessera.config"));
    }

    #[test]
    fn what_names_no_sqlite_file_is_refused_with_the_way_out() {
        for url in ["tessera.db", "sqlite:", "postgres://localhost/x", "mysql:x", ""] {
            let message = url.parse::<Location>().unwrap_err().to_string();
            assert!(message.contains("sqlite:PATH"), "{url}: {message}");
        }
    }
}
