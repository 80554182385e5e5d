//! Which server, which stream, and as whom.

use std::fmt;
use std::path::{Path, PathBuf};

use async_nats::{ConnectOptions, ServerAddr};

/// Why a stream can't be used.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// The address is none. It does not say which: there may be a password in it.
    #[error(
        "the address of NATS has to be nats://HOST:PORT or tls://HOST:PORT, several with commas \
         between them: {0}"
    )]
    Address(String),
    /// Subjects can't begin so.
    #[error(
        "subjects of NATS can't begin with `{0}`: give words of letters, digits, - and _ with dots \
         between them, 100 characters at most"
    )]
    Subject(String),
    /// A file can't be read.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file has no login in it.
    #[error(
        "{0} has to have one line: USER:PASSWORD, or a token; what `nsc` writes (.creds) is not \
         supported"
    )]
    Login(PathBuf),
    /// There is no thread to be had.
    #[error("there is no thread for NATS: {0}")]
    Thread(std::io::Error),
}

/// Which server, which stream, and as whom. What it displays has no secret.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) servers: Vec<ServerAddr>,
    pub(crate) subject: String,
    login: Option<PathBuf>,
    authority: Option<PathBuf>,
}

enum Login {
    User(String, String),
    Token(String),
}

impl Options {
    /// The servers of a cluster, `nats://HOST:PORT` or `tls://HOST:PORT` with commas between them;
    /// and how subjects begin, which also gives the stream its name.
    ///
    /// # Errors
    ///
    /// Where an address is none or has a password in it, and where subjects can't begin so.
    pub fn new(servers: &str, subject: &str) -> Result<Self, NatsError> {
        let servers = servers.split(',').map(server).collect::<Result<_, _>>()?;
        let fits = |word: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            !word.is_empty() && word.chars().all(allowed)
        };
        if subject.len() > 100 || !subject.split('.').all(fits) {
            return Err(NatsError::Subject(subject.to_string()));
        }
        Ok(Self { servers, subject: subject.to_string(), login: None, authority: None })
    }

    /// With a login from a file: one line, `USER:PASSWORD` or a token. It is read for every
    /// connection, so that a new password needs no new start.
    ///
    /// # Errors
    ///
    /// Where the file can't be read or has no login in it.
    pub fn login(self, file: PathBuf) -> Result<Self, NatsError> {
        read_login(&file)?;
        Ok(Self { login: Some(file), ..self })
    }

    /// Servers are believed whom these authorities vouch for: a file of certificates (PEM), instead
    /// of those that the system trusts.
    ///
    /// # Errors
    ///
    /// Where the file can't be read.
    pub fn authority(self, file: PathBuf) -> Result<Self, NatsError> {
        read(&file)?;
        Ok(Self { authority: Some(file), ..self })
    }

    /// The name of the stream: `tessera.acme` gives `TESSERA_ACME`.
    pub fn stream(&self) -> String {
        self.subject.replace('.', "_").to_ascii_uppercase()
    }

    /// Options of a connection.
    pub(crate) fn connect(&self) -> Result<ConnectOptions, NatsError> {
        let mut options = ConnectOptions::new().name("tessera");
        match self.login.as_deref().map(read_login).transpose()? {
            Some(Login::User(user, password)) => {
                options = options.user_and_password(user, password);
            }
            Some(Login::Token(token)) => options = options.token(token),
            None => {}
        }
        if self.servers.iter().any(ServerAddr::tls_required) {
            options = options.require_tls(true);
        }
        if let Some(authority) = &self.authority {
            options = options.add_root_certificates(authority.clone());
        }
        Ok(options)
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, server) in self.servers.iter().enumerate() {
            let (comma, scheme) = (if at == 0 { "" } else { "," }, server.scheme());
            write!(f, "{comma}{scheme}://{}:{}", server.host(), server.port())?;
        }
        Ok(())
    }
}

fn server(address: &str) -> Result<ServerAddr, NatsError> {
    // What the library says of an address may have a password in it.
    let refused = |reason: &str| NatsError::Address(reason.to_string());
    let server: ServerAddr =
        address.trim().parse().map_err(|_| refused("one of them can't be read"))?;
    if server.has_user_pass() || server.password().is_some() {
        return Err(refused("a login has to be in a file of its own"));
    }
    if !["nats", "tls"].contains(&server.scheme()) || server.host().is_empty() {
        return Err(refused("one of them begins otherwise"));
    }
    Ok(server)
}

fn read(path: &Path) -> Result<String, NatsError> {
    std::fs::read_to_string(path)
        .map_err(|error| NatsError::File { path: path.to_path_buf(), error })
}

fn read_login(path: &Path) -> Result<Login, NatsError> {
    let text = read(path)?;
    let line = text.trim();
    if line.is_empty() || line.contains(['\n', '\r']) {
        return Err(NatsError::Login(path.to_path_buf()));
    }
    Ok(match line.split_once(':') {
        Some((user, password)) => Login::User(user.to_string(), password.to_string()),
        None => Login::Token(line.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_a_password_is_refused_and_not_repeated() {
        for address in ["nats://ada:s3cret@host", "nats://s3cret@host", "nats://ho st:s3cret"] {
            let error = Options::new(address, "tessera").unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
        assert!(Options::new("https://host", "tessera").is_err());
        let options = Options::new("nats://one:4222,tls://two", "tessera").unwrap();
        assert_eq!(options.to_string(), "nats://one:4222,tls://two:4222");
    }

    #[test]
    fn a_subject_is_words_with_dots_between_them() {
        for subject in ["", "tessera.", ".tessera", "tessera.>", "tessera.*", "a b", "a..b"] {
            assert!(Options::new("nats://host", subject).is_err(), "{subject}");
        }
        let options = Options::new("nats://host", "tessera.acme-1").unwrap();
        assert_eq!(options.stream(), "TESSERA_ACME-1");
    }

    #[test]
    fn a_login_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("login");
        let login = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Options::new("nats://host", "tessera").unwrap().login(file.clone())
        };
        assert!(login("ada:secret\n").is_ok() && login("token").is_ok());
        assert!(matches!(login("\n"), Err(NatsError::Login(_))));
        assert!(matches!(login("-----BEGIN\nNATS"), Err(NatsError::Login(_))));
        let missing = Options::new("nats://host", "tessera").unwrap();
        let error = missing.login(folder.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("none"), "{error}");
    }
}
