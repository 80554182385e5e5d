//! `cargo xtask test`: everything on a fresh machine.

use std::path::Path;

use crate::command::{is_installed, root, run as execute, run_with};
use crate::{postgres, simulate};

/// Outside checkers of the ledger, clocks that can be set, disks that nobody waits for, and what an OpenID
/// provider runs on, by program and Debian package.
const PROGRAMS: [(&str, &str); 6] = [
    ("hledger", "hledger"),
    ("bean-check", "beancount"),
    ("faketime", "faketime"),
    ("eatmydata", "eatmydata"),
    ("node", "nodejs"),
    ("npm", "npm"),
];
/// Debian's packages with the servers that the tests start.
const SERVER: &str = "postgresql-15";
const NATS_SERVER: &str = "nats-server";
/// Where Debian keeps it; users need not have it in their path.
const NATS_SERVER_PROGRAM: &str = "/usr/sbin/nats-server";
/// The OpenID provider that the tests sign in at, of npm, and where it is installed.
const PROVIDER: &str = "oidc-provider@8.8.1";
const PROVIDER_FOLDER: &str = "target/oidc-provider";

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    if !arguments.iter().any(|argument| argument == "--fast") {
        install()?;
    }
    crate::tidy::run()?;
    execute("cargo", &["test", "--workspace", "--doc", "--quiet"])?;
    if let Ok(url) = std::env::var(postgres::VARIABLE) {
        run_on(&url)?;
    } else if let Some(programs) = postgres::programs() {
        let server = postgres::Server::start(programs)?;
        run_on(&server.url)?;
    } else {
        // The tests that want a server say aloud that they are skipped.
        run_tests(&["--workspace"], &[])?;
    }
    simulate::run(&[])
}

/// Every test, then the business scenarios once more on PostgreSQL, and those that show what a cluster does.
fn run_on(url: &str) -> Result<(), String> {
    let server = (postgres::VARIABLE, url);
    let engine = |name| [server, ("TESSERA_TEST_ENGINE", name)];
    let scenarios = ["--package", "tessera-scenarios"];
    run_tests(&["--workspace"], &[server])?;
    run_tests(&scenarios, &engine("postgres"))?;
    for subject in ["order_to_cash", "homes", "concurrency", "processes"] {
        run_tests(&[&scenarios[..], &[subject]].concat(), &engine("cluster"))?;
    }
    Ok(())
}

fn run_tests(which: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
    let arguments = if is_installed("cargo-nextest") {
        [&["nextest", "run"], which, &["--no-fail-fast"]].concat()
    } else {
        [&["test"], which, &["--lib", "--bins", "--tests"]].concat()
    };
    run_with("cargo", &arguments, variables)
}

/// Installs what the tests use where it lacks and Debian's package manager is at hand; elsewhere
/// the tests that want it say aloud that they are skipped.
fn install() -> Result<(), String> {
    let lacking = PROGRAMS.iter().filter(|(program, _)| !is_installed(program));
    let mut lacking: Vec<&str> = lacking.map(|(_, package)| *package).collect();
    if postgres::programs().is_none() {
        lacking.push(SERVER);
    }
    if !is_installed(NATS_SERVER) && !is_installed(NATS_SERVER_PROGRAM) {
        lacking.push(NATS_SERVER);
    }
    if !lacking.is_empty() && Path::new("/usr/bin/apt-get").exists() {
        execute("apt-get", &["update", "-qq"])?;
        let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
        arguments.extend(lacking);
        execute("apt-get", &arguments)?;
    }
    install_provider()
}

/// Installs the OpenID provider where npm is at hand.
fn install_provider() -> Result<(), String> {
    let folder = root().join(PROVIDER_FOLDER);
    if folder.join("node_modules/oidc-provider").exists() || !is_installed("npm") {
        return Ok(());
    }
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    execute("npm", &["install", "--no-audit", "--no-fund", "--prefix", PROVIDER_FOLDER, PROVIDER])
}
