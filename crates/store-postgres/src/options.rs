//! How a database is reached.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tessera_kernel::StoreError;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::tls;

/// Where statements are kept prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// On each connection: the fastest.
    Session,
    /// Nowhere: each statement is parsed when it is sent, which works behind a pooler that hands
    /// every transaction to another connection (PgBouncer's transaction mode).
    Never,
}

/// A server that is there is reached and begins the conversation within this time.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How a server notices that this process, or its machine, is gone without a word.
const NOTICING: &str = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 \
    -c tcp_keepalives_count=3 -c tcp_user_timeout=20000";

/// How the server plans the statements of commands. Each goes by a key that a table is indexed by, so one
/// plan serves all values; and it reads the index also where the statistics are of a time when the table was
/// small enough to be read as a whole.
const BY_KEY: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// Hears the text of each statement before it is sent.
pub type Listener = Arc<dyn Fn(&str) + Send + Sync>;

/// How a database is reached: `postgres://USER:PASSWORD@HOST:PORT/NAME`, where `HOST:PORT` may be several,
/// separated by commas: a server with its replicas, of which the one that writes is found by asking each
/// (`target_session_attrs=read-write`, unless something else is said). Behind `?` stand, besides the
/// parameters of libpq (of whose `sslmode` there are `disable`, `prefer`, which takes a connection as it
/// comes, and `require` or `verify-full`, which encrypt and check the certificate of the server against
/// those in the file `sslrootcert`, or against the public authorities): `writers`, `readers` (connections), `prepared` (`session`, `never`),
/// `statement_timeout` and `lock_timeout` (seconds).
#[derive(Clone)]
pub struct Options {
    /// The servers: any of them may be the one that writes.
    pub(crate) servers: Vec<tokio_postgres::Config>,
    /// The one among them that answered last.
    pub(crate) reached: Arc<AtomicUsize>,
    /// Encrypts, where that is asked for.
    pub(crate) tls: Option<MakeRustlsConnect>,
    /// Connections that run commands.
    pub writers: usize,
    /// Connections for reads; further reads wait.
    pub readers: usize,
    /// Where statements are kept prepared.
    pub prepared: Prepared,
    /// A statement that takes longer is given up.
    pub statement_timeout: Duration,
    /// A statement that waits longer for a lock is given up.
    pub lock_timeout: Duration,
    /// How long a command or read waits for a server that can't be reached.
    pub patience: Duration,
    /// Hears every statement before it is sent, for tests.
    pub listener: Option<Listener>,
    /// The server is a cluster, and the tables are spread over it.
    pub(crate) sharded: bool,
}

impl FromStr for Options {
    type Err = StoreError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut options = Self {
            servers: Vec::new(),
            reached: Arc::default(),
            tls: None,
            writers: 8,
            readers: 4,
            prepared: Prepared::Session,
            statement_timeout: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(10),
            patience: Duration::from_secs(30),
            listener: None,
            sharded: false,
        };
        let (mut rest, mut mode, mut roots) = (Vec::new(), None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "sslmode" => mode = Some(value),
                "sslrootcert" => roots = Some(PathBuf::from(decoded(value)?)),
                _ if options.take(name, value)? => {}
                _ => rest.push(pair),
            }
        }
        let addresses = one_each(address);
        let asked = rest.iter().any(|pair| pair.starts_with("target_session_attrs="));
        if addresses.len() > 1 && !asked {
            rest.push("target_session_attrs=read-write");
        }
        for address in addresses {
            let server = format!("{address}?{}", rest.join("&"));
            options.servers.push(server.trim_end_matches('?').parse().map_err(|error| {
                let why = crate::error::with_sources(&error);
                StoreError::Incompatible(format!("the address of the database: {why}"))
            })?);
        }
        options.encrypt(mode, roots)?;
        options.set_up();
        Ok(options)
    }
}

impl Options {
    /// Takes a parameter of ours; false where it is the server's.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, StoreError> {
        let wrong = |allowed: &str| {
            StoreError::Incompatible(format!("{name}={value}: {name} must be {allowed}"))
        };
        let count = |range: std::ops::RangeInclusive<u64>| {
            let allowed = format!("{} to {}", range.start(), range.end());
            let number = value.parse().ok().filter(|number| range.contains(number));
            number.ok_or_else(|| wrong(&allowed))
        };
        match name {
            "writers" => self.writers = count(1..=500)? as usize,
            "readers" => self.readers = count(1..=500)? as usize,
            "statement_timeout" => self.statement_timeout = Duration::from_secs(count(1..=3600)?),
            "lock_timeout" => self.lock_timeout = Duration::from_secs(count(1..=3600)?),
            "patience" => self.patience = Duration::from_secs(count(0..=3600)?),
            "prepared" => {
                self.prepared = match value {
                    "session" => Prepared::Session,
                    "never" => Prepared::Never,
                    _ => return Err(wrong("session or never")),
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Sets encryption up.
    fn encrypt(&mut self, mode: Option<&str>, roots: Option<PathBuf>) -> Result<(), StoreError> {
        let wrong = |why: &str| Err(StoreError::Incompatible(why.to_string()));
        match mode {
            Some("require" | "verify-full") => {
                self.tls = Some(tls::connector(roots.as_deref())?);
                for server in &mut self.servers {
                    server.ssl_mode(SslMode::Require);
                }
            }
            None | Some("disable" | "prefer") if roots.is_some() => {
                return wrong(
                    "sslrootcert is for sslmode=require, which checks the server's certificate",
                );
            }
            None | Some("disable" | "prefer") => {}
            Some(_) => return wrong("sslmode must be disable, prefer, require or verify-full"),
        }
        Ok(())
    }

    /// Says to the server who is connected, in place of `tessera`.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        for server in &mut self.servers {
            server.application_name(name);
        }
        self
    }

    /// How the server is to plan the statements of commands. A cluster can't tell from a plan for all values
    /// on which node a row is, and its nodes plan for themselves.
    pub(crate) fn by_key(&self) -> &'static [(&'static str, &'static str)] {
        if self.sharded { &[] } else { &BY_KEY }
    }

    /// The same for connections that run commands.
    pub(crate) fn for_commands(&self) -> Self {
        let mut options = self.clone();
        if self.prepared == Prepared::Session {
            let by_key = self.by_key().iter().map(|(name, value)| format!("-c {name}={value}"));
            let by_key = by_key.collect::<Vec<_>>().join(" ");
            // A command whose process stands still or is gone holds rows: for no longer than others wait.
            let idle = self.lock_timeout.as_millis();
            options.set(|given| {
                format!("{by_key} {given} -c idle_in_transaction_session_timeout={idle}")
            });
        }
        options
    }

    /// Sets what every connection is opened with (`-c NAME=VALUE …`, the last one counts), by what was
    /// given before.
    pub(crate) fn set(&mut self, parameters: impl Fn(&str) -> String) {
        for server in &mut self.servers {
            let given = parameters(server.get_options().unwrap_or_default());
            server.options(given);
        }
    }

    /// What every connection is told when it is opened.
    fn set_up(&mut self) {
        for server in &mut self.servers {
            server.application_name("tessera");
            if server.get_connect_timeout().is_none() {
                server.connect_timeout(CONNECT_TIMEOUT);
            }
            server.keepalives_idle(Duration::from_secs(30));
            // A server that is gone without a word is noticed by the statements that wait for it.
            server.tcp_user_timeout(Duration::from_secs(20));
        }
        if self.prepared == Prepared::Session {
            let (statement, lock) = (self.statement_timeout, self.lock_timeout);
            self.set(|given| {
                format!(
                    "-c statement_timeout={} -c lock_timeout={} \
                     -c idle_in_transaction_session_timeout=60000 {NOTICING} {given}",
                    statement.as_millis(),
                    lock.as_millis(),
                )
            });
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client leaves the password out.
        f.debug_struct("Options").field("servers", &self.servers).finish_non_exhaustive()
    }
}

/// An address that names several servers, once for each of them.
fn one_each(address: &str) -> Vec<String> {
    let start = address.rfind('@').map(|at| at + 1);
    let start = start.or_else(|| Some(address.find("://")? + 3)).unwrap_or(0);
    let (before, rest) = address.split_at(start);
    let (servers, database) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    servers.split(',').map(|server| format!("{before}{server}{database}")).collect()
}

/// A value of a URL, in which letters may stand as %20.
fn decoded(value: &str) -> Result<String, StoreError> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let code = |rest: &mut std::str::Bytes<'_>| {
            let digit =
                |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            Some(digit(rest.next()?)? * 16 + digit(rest.next()?)?)
        };
        bytes.extend(if byte == b'%' { code(&mut rest) } else { Some(byte) });
    }
    String::from_utf8(bytes)
        .map_err(|_| StoreError::Incompatible("sslrootcert is no path".to_string()))
}

#[cfg(test)]
mod tests {
    use tokio_postgres::Config;
    use tokio_postgres::config::TargetSessionAttrs;

    use super::*;

    #[test]
    fn a_url_names_server_and_pool() {
        let url = "postgres://ada:secret@db.example:5433/tessera?writers=3&sslmode=disable&prepared=never";
        let options: Options = url.parse().unwrap();
        assert_eq!((options.writers, options.prepared), (3, Prepared::Never));
        let [server] = &options.servers[..] else { panic!("{options:?}") };
        assert_eq!(server.get_dbname(), Some("tessera"));
        assert_eq!(server.get_ports(), [5433]);
        assert_eq!(server.get_target_session_attrs(), TargetSessionAttrs::Any);
    }

    #[test]
    fn a_url_may_name_several_servers_of_which_the_one_that_writes_is_meant() {
        for (query, sought) in [
            ("?writers=3", TargetSessionAttrs::ReadWrite),
            ("?target_session_attrs=any", TargetSessionAttrs::Any),
        ] {
            let url = format!("postgres://ada:secret@db-1,db-2:5433,[::1]:5434/crm{query}");
            let options: Options = url.parse().unwrap();
            let ports: Vec<&[u16]> = options.servers.iter().map(Config::get_ports).collect();
            assert_eq!(ports, [[5432], [5433], [5434]]);
            for server in &options.servers {
                assert_eq!((server.get_dbname(), server.get_user()), (Some("crm"), Some("ada")));
                assert_eq!(server.get_target_session_attrs(), sought);
            }
        }
    }

    #[test]
    fn wrong_parameters_are_refused_with_what_is_allowed() {
        for (query, allowed) in [
            ("writers=0", "1 to 500"),
            ("prepared=maybe", "session or never"),
            ("colour=red", "colour"),
            ("sslmode=verify-ca", "disable, prefer, require or verify-full"),
            ("sslrootcert=ca.pem", "sslmode=require"),
            ("sslmode=require&sslrootcert=no%20where.pem", "sslrootcert: no where.pem: "),
        ] {
            let refused = format!("postgres://localhost/x?{query}").parse::<Options>().unwrap_err();
            assert!(refused.to_string().contains(allowed), "{refused}");
        }
    }
}
