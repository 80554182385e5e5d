//! How a database is reached.

use std::str::FromStr;
use std::time::Duration;

use tessera_kernel::StoreError;

/// Where statements are kept prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// On each connection: the fastest.
    Session,
    /// Nowhere: each statement is parsed when it is sent, which works behind a pooler that hands
    /// every transaction to another connection (PgBouncer's transaction mode).
    Never,
}

/// How a database is reached: `postgres://USER:PASSWORD@HOST:PORT/NAME` and, behind `?`, besides the
/// parameters of libpq: `writers`, `readers` (connections), `prepared` (`session`, `never`),
/// `statement_timeout` and `lock_timeout` (seconds).
#[derive(Clone, Debug)]
pub struct Options {
    /// The server.
    pub(crate) server: tokio_postgres::Config,
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
}

impl FromStr for Options {
    type Err = StoreError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut options = Self {
            server: tokio_postgres::Config::new(),
            writers: 8,
            readers: 4,
            prepared: Prepared::Session,
            statement_timeout: Duration::from_secs(60),
            lock_timeout: Duration::from_secs(10),
            patience: Duration::from_secs(30),
        };
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !options.take(name, value)? {
                rest.push(pair);
            }
        }
        let server = format!("{address}?{}", rest.join("&"));
        options.server = server.trim_end_matches('?').parse().map_err(|error| {
            let why = crate::error::with_sources(&error);
            StoreError::Incompatible(format!("the address of the database: {why}"))
        })?;
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

    /// What every connection is told when it is opened.
    fn set_up(&mut self) {
        self.server.application_name("tessera");
        if self.server.get_connect_timeout().is_none() {
            self.server.connect_timeout(Duration::from_secs(5));
        }
        self.server.keepalives_idle(Duration::from_secs(30));
        // A server that is gone without a word is noticed by the statements that wait for it.
        self.server.tcp_user_timeout(Duration::from_secs(20));
        if self.prepared == Prepared::Session {
            let given = self.server.get_options().unwrap_or_default().to_string();
            self.server.options(format!(
                "-c statement_timeout={} -c lock_timeout={} \
                 -c idle_in_transaction_session_timeout=60000 {given}",
                self.statement_timeout.as_millis(),
                self.lock_timeout.as_millis(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_server_and_pool() {
        let url = "postgres://ada:secret@db.example:5433/tessera?writers=3&sslmode=disable&prepared=never";
        let options: Options = url.parse().unwrap();
        assert_eq!((options.writers, options.prepared), (3, Prepared::Never));
        assert_eq!(options.server.get_dbname(), Some("tessera"));
        assert_eq!(options.server.get_ports(), [5433]);
    }

    #[test]
    fn wrong_parameters_are_refused_with_what_is_allowed() {
        for (query, allowed) in [
            ("writers=0", "1 to 500"),
            ("prepared=maybe", "session or never"),
            ("colour=red", "colour"),
        ] {
            let refused = format!("postgres://localhost/x?{query}").parse::<Options>().unwrap_err();
            assert!(refused.to_string().contains(allowed), "{refused}");
        }
    }
}
