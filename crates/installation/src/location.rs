//! Database URLs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::InstallationError;

/// Where a database is: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE?OPTIONS`. What
/// it displays has no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A database of a PostgreSQL server.
    Postgres(ServerUrl),
}

impl Location {
    /// The database file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }

    /// The folder of customizing that goes with a database file: its path with the extension
    /// `config`. Nothing goes with a server: its folder is named by whoever opens it.
    pub fn config_folder(&self) -> Option<PathBuf> {
        self.path().map(|path| path.with_extension("config"))
    }

    /// The folder of customizing to read: the one that is named, else the one that goes with the
    /// database, if it is there.
    ///
    /// # Errors
    ///
    /// Where the folder that is named is none.
    pub fn customizing(
        &self,
        named: Option<PathBuf>,
    ) -> Result<Option<PathBuf>, InstallationError> {
        match named {
            Some(folder) if folder.is_dir() => Ok(Some(folder)),
            Some(folder) => Err(InstallationError::NoFolder(folder)),
            None => Ok(self.config_folder().filter(|folder| folder.is_dir())),
        }
    }
}

impl FromStr for Location {
    type Err = InstallationError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        match url.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(url.parse()?)),
            // What follows may be a password.
            Some((scheme, _)) => Err(InstallationError::Url(format!("{scheme}:…"))),
            None => Err(InstallationError::Url(url.to_string())),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(server) => fmt::Display::fmt(server, f),
        }
    }
}

/// The URL of a database of a server, with or without a password, which it never shows.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl {
    whole: String,
    shown: String,
}

impl ServerUrl {
    /// The URL with its password: for the engine only.
    pub fn reveal(&self) -> &str {
        &self.whole
    }
}

impl FromStr for ServerUrl {
    type Err = InstallationError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let form = InstallationError::ServerUrl;
        let (scheme, rest) = url.split_once("://").ok_or(form("it lacks //"))?;
        let (user, rest) = match rest.rsplit_once('@') {
            // These letters end a part of the URL: in a password they would cut it in two, and the
            // second part would be taken for a host, and told.
            Some((credentials, _)) if credentials.contains(['@', '/', '?', '#']) => {
                return Err(form("write @ / ? # in a user, password or option as %40 %2F %3F %23"));
            }
            Some((credentials, rest)) => {
                (credentials.split(':').next().map(|user| format!("{user}@")), rest)
            }
            None => (None, rest),
        };
        let (address, options) = rest.split_once('?').unwrap_or((rest, ""));
        let database = address.split_once('/').map_or("", |(_, database)| database);
        let named = |name: &str| options.split('&').any(|pair| pair.starts_with(name));
        if database.is_empty() && !named("dbname=") {
            return Err(form("it names no database"));
        }
        if user.is_none() && !named("user=") {
            return Err(form("it names no user"));
        }
        let shown = format!("{scheme}://{}{address}", user.unwrap_or_default());
        Ok(Self { whole: url.to_string(), shown })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_folder_of_customizing_beside_it_and_a_server_has_none() {
        let location: Location = "sqlite:/srv/tessera.db".parse().unwrap();
        assert_eq!(location.path(), Some(Path::new("/srv/tessera.db")));
        assert_eq!(location.config_folder(), Some(PathBuf::from("/srv/tessera.config")));
        let location: Location = "postgres://ada@db/tessera".parse().unwrap();
        assert_eq!((location.path(), location.config_folder()), (None, None));
    }

    #[test]
    fn a_server_is_shown_without_password_and_options() {
        for (url, shown) in [
            ("postgres://ada:hush@db:5433/crm?writers=3", "postgres://ada@db:5433/crm"),
            ("postgresql://ada:a:hush@[::1]/crm", "postgresql://ada@[::1]/crm"),
            ("postgres://ada@db/crm?password=hush", "postgres://ada@db/crm"),
            ("postgres://one,two:5433/crm?user=ada&password=hush", "postgres://one,two:5433/crm"),
            ("postgres:///?host=/run/pg&user=ada&dbname=crm", "postgres:///"),
        ] {
            let location: Location = url.parse().unwrap();
            assert_eq!(location.to_string(), shown);
            assert!(!format!("{location:?}").contains("hush"), "{location:?}");
            let Location::Postgres(server) = location else { unreachable!("{url}") };
            assert_eq!(server.reveal(), url);
        }
    }

    #[test]
    fn what_names_no_database_is_refused_with_the_way_out_and_without_its_password() {
        for url in [
            "tessera.db",
            "sqlite:",
            "mysql://ada:hush@db/x",
            "",
            "postgres:ada:hush@db/crm",
            "postgres://ada:hu@hush@db/crm",
            "postgres://ada:hu/hush@db/crm",
            "postgres://ada:hu?hush@db/crm",
            "postgres://ada:hush@db",
            "postgres://ada:hush@db/?writers=1",
            "postgres://db/crm",
        ] {
            let message = url.parse::<Location>().unwrap_err().to_string();
            assert!(message.contains("postgres://USER"), "{url}: {message}");
            assert!(!message.contains("hush"), "{url}: {message}");
        }
    }
}
