//! Opening installations.

use tessera_installation::{Installation, InstallationError, Options};
use tessera_kernel::{Actor, Fault, Source};

fn url(folder: &tempfile::TempDir) -> String {
    format!("sqlite:{}", folder.path().join("t.db").display())
}

#[test]
fn a_new_installation_verifies_and_opens_again() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let installation = Installation::open(Options::creating(&url(&folder))).unwrap();
        let findings = installation.verify().unwrap();
        assert_eq!(findings.differences, Vec::<String>::new());
    }
}

#[test]
fn a_database_that_is_not_there_is_only_made_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    for options in [Options::writing(&url(&folder)), Options::reading(&url(&folder))] {
        let error = Installation::open(options).unwrap_err();
        assert!(matches!(error, InstallationError::NoDatabase(_)), "{error}");
    }
}

#[test]
fn customizing_beside_the_database_is_read_and_its_errors_name_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("t.config");
    std::fs::create_dir(&config).unwrap();
    let text = "[event_delivery.webhook]\nattempts = 1\nfirst_delay_ms = 1\nlongest = 1\n";
    std::fs::write(config.join("own.toml"), text).unwrap();
    let error = Installation::open(Options::creating(&url(&folder))).unwrap_err().to_string();
    assert!(error.contains("own.toml:4") && error.contains("longest_delay_ms"), "{error}");
    assert!(!folder.path().join("t.db").exists());
}

#[test]
fn one_reads_while_another_writes_but_only_one_writes() {
    let folder = tempfile::tempdir().unwrap();
    let _writer = Installation::open(Options::creating(&url(&folder))).unwrap();
    Installation::open(Options::reading(&url(&folder))).unwrap().verify().unwrap();
    let error = Installation::open(Options::writing(&url(&folder))).unwrap_err().to_string();
    assert!(error.contains("in use"), "{error}");
}

#[test]
fn ids_go_on_after_the_newest_event_although_the_clock_went_back() {
    let folder = tempfile::tempdir().unwrap();
    let system = Actor::system(Source::System);
    let emit = |options: Options| {
        let installation = Installation::open(options).unwrap();
        installation
            .db()
            .command(&system, |tx| {
                let id = tx.new_id();
                tx.emit("user.created", id, &serde_json::json!({}))?;
                Ok::<_, Fault>(tx.new_id())
            })
            .unwrap()
    };
    let first = emit(Options::creating(&url(&folder)));
    let past = tessera_kernel::Instant::from_micros(1_000_000_000_000_000);
    let clock = std::sync::Arc::new(tessera_kernel::FixedClock::at(past));
    let second = emit(Options { clock, ..Options::creating(&url(&folder)) });
    assert!(second.to_string()[..13] >= first.to_string()[..13], "{second} after {first}");
}
