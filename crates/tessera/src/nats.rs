//! Whether and where events are published to NATS.

use std::path::PathBuf;

use clap::Args;
use tessera_installation::Publication;
use tessera_nats::{Nats, NatsError, Options};

/// Whether and where events are published to NATS.
#[derive(Debug, Args)]
pub(crate) struct NatsArguments {
    /// Publishes events to a server of NATS with JetStream: nats://HOST:PORT or tls://HOST:PORT,
    /// those of a cluster with commas between them.
    #[arg(long, value_name = "URL", env = "TESSERA_NATS", hide_env_values = true)]
    nats: Option<String>,
    /// How subjects begin; the stream is named after it, TESSERA. Each installation needs its own.
    #[arg(
        long,
        value_name = "SUBJECT",
        env = "TESSERA_NATS_SUBJECT",
        default_value = "tessera",
        requires = "nats"
    )]
    nats_subject: String,
    /// File with the login, USER:PASSWORD or a token, in one line; read for every connection.
    #[arg(long, value_name = "FILE", env = "TESSERA_NATS_LOGIN", requires = "nats")]
    nats_login: Option<PathBuf>,
    /// File with the certificates (PEM) of the authority that vouches for the server, instead of
    /// those that the system trusts.
    #[arg(long, value_name = "FILE", env = "TESSERA_NATS_AUTHORITY", requires = "nats")]
    nats_authority: Option<PathBuf>,
    /// Publishes what this user may read, as a webhook of theirs hears it; else every event with every field.
    #[arg(long, value_name = "LOGIN", env = "TESSERA_NATS_AS", requires = "nats")]
    nats_as: Option<String>,
}

impl NatsArguments {
    /// The stream, not connected yet, and who hears; none where no server is given.
    pub(crate) fn publication(&self) -> Result<Option<Publication>, NatsError> {
        let Some(servers) = &self.nats else { return Ok(None) };
        let mut options = Options::new(servers, &self.nats_subject)?;
        if let Some(file) = &self.nats_login {
            options = options.login(file.clone())?;
        }
        if let Some(file) = &self.nats_authority {
            options = options.authority(file.clone())?;
        }
        let broker = Box::new(Nats::new(options)?);
        Ok(Some(Publication { broker, listener: self.nats_as.clone() }))
    }
}
