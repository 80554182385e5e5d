//! The program on a PostgreSQL server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use tessera_testing_postgres::{TestDatabase, database, database_like_a_cluster};

const PASSWORD: &str = "correct horse battery\n";

/// Runs the program on a database, which it is told by its environment; answers exit status and
/// output.
fn run(database: &str, arguments: &[&str], input: &str) -> (i32, String) {
    let mut child = program(database, arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    (status.code().unwrap(), text)
}

fn program(database: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    command.args(arguments).env("TESSERA_DB", database);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The address of a database with a password in it, which nothing may tell.
fn with_password(database: &TestDatabase) -> String {
    database.url("?writers=4").replacen('@', ":hush@", 1)
}

#[test]
fn a_cluster_is_told_what_becomes_of_each_table_and_has_nothing_to_do_the_second_time() {
    let Some(database) = database_like_a_cluster() else { return };
    let url = with_password(&database);
    for (arguments, says) in [
        (&["user", "add", "ada", "--administrator"][..], "ada was added"),
        (&["cluster", "plan"], "sales_document: ordinary, will be by bucket"),
        (&["cluster", "apply", "--shards", "8"], "product: ordinary, becomes on every node"),
        (&["cluster", "plan"], "sales_document: by bucket\n"),
        (&["cluster", "apply"], "nothing to do"),
        (&["verify"], "0 differences"),
        (&["doctor"], "whole"),
    ] {
        let (status, told) = run(&url, arguments, PASSWORD);
        assert!(status == 0 && told.contains(says), "{arguments:?}: {told}");
        assert!(!told.contains("hush"), "{arguments:?}: {told}");
    }
    let (status, told) = run(&url, &["cluster", "apply", "--shards", "2000"], "");
    assert!(status != 0 && told.contains("1..=1024"), "{told}");
}

#[test]
fn every_command_works_on_a_server_and_none_tells_the_password() {
    let Some(database) = database() else { return };
    let (url, folder) = (with_password(&database), tempfile::tempdir().unwrap());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let records = r#"{"number": "C-1", "general": {"name": "Ada AG", "category": "organisation",
        "country": "DE", "language": "en", "tax_classification": "full"}}"#;
    std::fs::write(file("partners.json"), records.replace('\n', " ")).unwrap();
    let import = file("partners.json");
    let import = ["import", "json", &import, "--object", "business_partner"];
    for (arguments, status, says) in [
        (&["verify"][..], 1, "tessera serve"),
        (&["user", "add", "ada", "--administrator"], 0, "ada was added"),
        (&["user", "list"], 0, "administrator"),
        (&import, 0, "1 created"),
        (&["export", "ledger", "--format", "hledger"], 0, "Tessera"),
        (&["config", "check"], 0, "the shipped files"),
        (&["doctor"], 0, "whole"),
        (&["verify"], 0, "0 differences"),
        (&["cluster", "plan"], 1, "CREATE EXTENSION citus"),
        (&["backup", "copy.db"], 1, "pg_dump"),
        (&["restore", "copy.db"], 1, "pg_restore"),
        (&["bench", "sd", "--db", &url], 1, "give it an empty one"),
        (&["demo", "--db", &url], 1, "--config"),
        (&["demo", "--db", &url, "--config", &file("demo"), "--force"], 1, "createdb"),
        (&["demo", "--db", &url, "--config", &file("demo")], 1, "no demo company"),
        (&["verify", "--help"], 0, "TESSERA_DB"),
        (&["verify", "--db", "postgres://ada:hu/hush@db/crm"], 1, "%2F"),
        (&["verify", "--config", &file("nowhere")], 1, "no folder"),
    ] {
        let (code, text) = run(&url, arguments, PASSWORD);
        assert!(code == status && text.contains(says), "{arguments:?} {says}: {code} {text}");
        assert!(!text.contains("hush"), "{arguments:?}: {text}");
    }
}

#[test]
fn rows_with_one_number_are_booked_in_the_order_of_the_file_on_a_server_too() {
    let Some(database) = database() else { return };
    let (url, folder) = (database.url(""), tempfile::tempdir().unwrap());
    let partner = |row: usize| {
        let number = row % 3;
        format!(
            r#"{{"number": "C-{number}", "general": {{"name": "Name {row}", "country": "DE",
                "category": "organisation", "language": "en", "tax_classification": "full"}}}}"#
        )
    };
    let rows: Vec<String> = (0..60).map(|row| partner(row).replace('\n', " ")).collect();
    let file = folder.path().join("partners.json");
    std::fs::write(&file, rows.join("\n")).unwrap();
    let file = file.display().to_string();
    let import = ["import", "json", &file, "--object", "business_partner"];
    let (code, text) = run(&url, &import, "");
    assert!(code == 0 && text.contains("3 created + 57 updated"), "{code} {text}");
    std::fs::write(&file, rows[57..].join("\n")).unwrap();
    let (code, text) = run(&url, &import, "");
    assert!(code == 0 && text.contains("3 skipped"), "the last rows count: {code} {text}");
}

/// A server of the installation.
struct Server {
    child: Child,
    address: String,
    log: std::process::ChildStderr,
    _stdout: BufReader<std::process::ChildStdout>,
}

impl Server {
    fn start(url: &str) -> Self {
        let mut child = program(url, &["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let log = child.stderr.take().unwrap();
        let address = line.trim().split_once("http://").expect(&line).1.to_string();
        Self { child, address, log, _stdout: stdout }
    }

    /// Calls it; answers status and body.
    fn call(&self, request: &str, token: &str, body: &str) -> (u16, String) {
        call(&self.address, request, token, "If-Match: \"1\"", body).expect("an answer")
    }

    /// Ends it; answers its log.
    fn stop(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        log
    }
}

/// Calls a server; answers status and body, or nothing where it does not answer in full.
fn call(
    address: &str,
    request: &str,
    token: &str,
    header: &str,
    body: &str,
) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let text = format!(
        "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         {header}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.get(9..12)?.parse().ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    (length == Some(body.len())).then(|| (status, body.to_string()))
}

#[test]
fn a_call_that_comes_in_at_two_servers_at_once_has_one_effect_and_one_answer() {
    const ROUNDS: usize = 15;
    const COPIES: usize = 6;
    let Some(database) = database() else { return };
    let url = with_password(&database);
    let servers = [Server::start(&url), Server::start(&url)];
    run(&url, &["user", "add", "ada", "--administrator"], PASSWORD);
    let token = run(&url, &["user", "token", "ada"], "").1.trim().to_string();
    let path = "/api/v1/business_partner";
    for (path, records) in [(path.to_string(), 1), (format!("{path}/bulk"), 2)] {
        for round in 0..ROUNDS {
            // A number that is given is taken for the second one, whichever that is.
            let partner = |record: usize| {
                format!(
                    r#"{{"number": "C-{records}-{round}-{record}", "general": {{"name": "Ada AG",
                    "category": "organisation", "country": "DE", "language": "en",
                    "tax_classification": "full"}}}}"#
                )
            };
            let body = match records {
                1 => partner(0),
                _ => format!("[{}, {}]", partner(0), partner(1)),
            };
            let key = format!("Idempotency-Key: {records}-{round}");
            let start = std::sync::Barrier::new(COPIES);
            let answers: Vec<_> = std::thread::scope(|scope| {
                let copy = |copy: usize| {
                    let (start, address) = (&start, &servers[copy % 2].address);
                    let (request, token, key) = (format!("POST {path}"), &token, &key);
                    let body = &body;
                    scope.spawn(move || {
                        start.wait();
                        call(address, &request, token, key, body).expect("an answer")
                    })
                };
                let copies: Vec<_> = (0..COPIES).map(copy).collect();
                copies.into_iter().map(|copy| copy.join().unwrap()).collect()
            });
            let (status, _) = answers[0];
            assert!(status < 300 && !answers[0].1.contains("problem"), "{:?}", answers[0]);
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        }
    }
    for server in servers {
        server.stop();
    }
    let (status, text) = run(&url, &["verify"], "");
    assert_eq!(status, 0, "{text}");
}

#[test]
fn two_servers_serve_one_installation() {
    const CLIENTS: usize = 4;
    const CALLS: usize = 10;
    let Some(database) = database() else { return };
    let url = with_password(&database);
    // Both find an empty database.
    let (one, two) = std::thread::scope(|scope| {
        let two = scope.spawn(|| Server::start(&url));
        (Server::start(&url), two.join().unwrap())
    });
    // What the command line adds while they run, both know.
    run(&url, &["user", "add", "ada", "--administrator"], PASSWORD);
    let token = run(&url, &["user", "token", "ada"], "").1.trim().to_string();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (one, two, token) = (&one, &two, &token);
            scope.spawn(move || {
                for call in 0..CALLS {
                    let name = format!("Partner {client}-{call}");
                    let body = format!(
                        r#"{{"general": {{"name": "{name}", "category": "organisation",
                        "country": "DE", "language": "en", "tax_classification": "full"}}}}"#
                    );
                    let (here, there) = if call % 2 == 0 { (one, two) } else { (two, one) };
                    let (status, made) = here.call("POST /api/v1/business_partner", token, &body);
                    assert_eq!(status, 201, "{made}");
                    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
                    let path = format!("/api/v1/business_partner/{}", made["id"].as_str().unwrap());
                    // The other one sees it at once, and what it writes is seen here.
                    let body = format!(r#"{{"general": {{"name": "{name}, changed"}}}}"#);
                    let (status, text) = there.call(&format!("PATCH {path}"), token, &body);
                    assert_eq!(status, 200, "{text}");
                    let (status, text) = here.call(&format!("GET {path}"), token, "");
                    assert!(status == 200 && text.contains(&format!("{name}, changed")), "{text}");
                }
            });
        }
    });
    for server in [one, two] {
        let log = server.stop();
        let wrong = log.contains("\"ERROR\"") || log.contains("\"WARN\"") || log.contains("hush");
        assert!(!wrong, "{log}");
    }
    let (status, text) = run(&url, &["verify"], "");
    assert_eq!(status, 0, "{text}");
}

#[test]
fn the_benchmark_runs_on_a_server_beside_its_floor_and_leaves_a_clean_database() {
    let Some(database) = database() else { return };
    let url = database.url("?writers=2");
    let bench = ["bench", "sd", "--seconds", "1", "--warm-up", "0", "--clients", "2", "--json"];
    let (status, text) = run(&url, &[&bench[..], &["--db", &url]].concat(), "");
    assert_eq!(status, 0, "{text}");
    let report = text.lines().find(|line| line.starts_with('{')).unwrap();
    let report: serde_json::Value = serde_json::from_str(report).unwrap();
    for figure in ["cycles", "floor_cycles_per_s", "ratio_to_floor", "writes_per_cycle"] {
        assert!(report[figure].as_f64().is_some_and(|value| value > 0.0), "{figure}: {text}");
    }
    // The copies of the tables are gone, and what was recorded agrees like everything else.
    database.execute("DO $$ BEGIN ASSERT to_regnamespace('tessera_floor') IS NULL; END $$");
    let (status, text) = run(&url, &["verify"], "");
    assert_eq!(status, 0, "{text}");
}
