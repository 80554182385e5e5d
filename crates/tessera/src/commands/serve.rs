//! `tessera serve`

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tessera_http::{Api, Limits, Server};
use tessera_identity::Identity;
use tessera_installation::archive::ArchiveOptions;
use tessera_installation::{Location, Services};

use crate::database::DatabaseArguments;
use crate::error::CommandError;
use crate::nats::NatsArguments;
use crate::output::tell;

/// Serves API and page.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    database: DatabaseArguments,
    /// Address to listen to; without TLS, so put a proxy before it for other machines.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: String,
    /// The address that people use; with https, cookies are sent over HTTPS only.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Address of a proxy that is believed when it tells the client in X-Forwarded-For; those on
    /// this machine are believed anyway. May be given several times.
    #[arg(long = "proxy", value_name = "ADDRESS")]
    proxies: Vec<IpAddr>,
    /// Archives every commit of a database file in this folder before it is answered, so that
    /// `tessera restore FOLDER --at INSTANT` makes the database of any moment; best on another disk.
    #[arg(long, value_name = "FOLDER")]
    archive: Option<PathBuf>,
    /// For how many days any moment can be restored; without it nothing is removed from the archive.
    #[arg(long, value_name = "DAYS", requires = "archive")]
    archive_keep: Option<u32>,
    #[command(flatten)]
    nats: NatsArguments,
}

impl Serve {
    fn archive(&self) -> Result<Option<ArchiveOptions>, CommandError> {
        let Some(folder) = &self.archive else { return Ok(None) };
        if let Location::Postgres(server) = self.database.location()? {
            return Err(CommandError::Input(format!(
                "--archive is for a database file; {server} archives its own log: set \
                 archive_command there (docs/backup.md)"
            )));
        }
        let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        let keep = self.archive_keep.map(days);
        Ok(Some(ArchiveOptions { keep, ..ArchiveOptions::new(folder) }))
    }
}

pub(crate) fn run(command: &Serve) -> Result<ExitCode, CommandError> {
    let publication = command.nats.publication()?;
    let server = Server::listen(&command.listen)?;
    let installation = command.database.create_archived(command.archive()?)?;
    let services = Arc::new(Services::start(&installation, publication)?);
    let identity = Arc::new(Identity::new(installation.db().clone()));
    identity.check_providers()?;
    let address = match &command.public_url {
        Some(url) => url.trim_end_matches('/').to_string(),
        None => format!("http://{}", server.address()),
    };
    tell(format!("Tessera is at {address}"));
    if let Some(secret) = identity.offer_setup()? {
        tell(
            "It has no user yet. Make the first administrator (the link serves once, within a week):",
        );
        tell(format!("  {address}/#setup={secret}"));
    }
    let woken = services.clone();
    let api = Api::new(&installation, identity, Limits::default())
        .secure_cookies(address.starts_with("https://"))
        .public_url(&address)
        .behind(command.proxies.clone())
        .on_commit(move || woken.wake());
    tracing::info!(database = %command.database.location()?, address, "serving");
    server.serve_until_signal(Arc::new(api));
    drop(services);
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
