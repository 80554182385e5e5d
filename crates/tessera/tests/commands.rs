//! The program from outside.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// Runs a command with a line on standard input; answers exit status and output.
    fn run(&self, arguments: &[&str], input: &str) -> (i32, String) {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text =
            format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        (status.code().unwrap(), text)
    }

    /// Runs a command that must succeed; answers its output.
    fn done(&self, arguments: &[&str]) -> String {
        let (status, text) = self.run(arguments, "");
        assert_eq!(status, 0, "{arguments:?}: {text}");
        text
    }

    /// Runs a command that must fail; answers its output.
    fn refused(&self, arguments: &[&str]) -> String {
        let (status, text) = self.run(arguments, "");
        assert_eq!(status, 1, "{arguments:?}: {text}");
        text
    }
}

#[test]
fn users_are_added_listed_and_locked_out() {
    let place = Place::new();
    let password = "correct horse battery\n";
    let (status, text) = place.run(&["user", "add", "ada", "--administrator"], password);
    assert_eq!(status, 0, "{text}");
    place.run(&["user", "add", "bob", "--name", "Bob"], password);
    let (status, text) = place.run(&["user", "password", "bob"], "short\n");
    assert_eq!((status, text.contains("10 characters")), (1, true), "{text}");
    assert!(place.done(&["user", "token", "bob"]).starts_with("tsr_"));
    let scoped = ["user", "token", "bob", "--scope", "product:read"];
    assert!(place.done(&scoped).starts_with("tsr_"));
    assert!(place.refused(&["user", "token", "bob", "--scope", "x:read"]).contains("`x`"));
    let link = place.done(&["user", "reset", "bob", "--public-url", "https://t.example/"]);
    assert!(link.starts_with("https://t.example/#reset=reset_"), "{link}");
    assert!(place.done(&["user", "sign-out", "bob"]).contains("0 sessions"));
    place.done(&["user", "lock", "bob"]);
    let list = place.done(&["user", "list"]);
    assert!(list.contains("ada") && list.contains("locked"), "{list}");
    place.done(&["user", "unlock", "bob"]);
    assert!(!place.done(&["user", "list"]).contains("locked"));
    place.done(&["user", "add", "shop", "--service"]);
    assert!(place.done(&["user", "list"]).contains("service"));
    assert!(place.refused(&["user", "reset", "shop"]).contains("service account"));
    assert!(place.refused(&["user", "lock", "ada"]).contains("last administrator"));
    assert!(place.refused(&["user", "lock", "eve"]).contains("tessera user list"));
    // Whoever mistypes the database gets no new one.
    let (status, text) =
        place.run(&["user", "password", "ada", "--db", "sqlite:typo.db"], password);
    assert_eq!((status, text.contains("no database")), (1, true), "{text}");
    assert!(!place.path("typo.db").exists() && !place.path("typo.db.lock").exists());
}

#[test]
fn a_database_is_verified_backed_up_and_restored_where_there_is_none() {
    let place = Place::new();
    assert!(place.refused(&["verify"]).contains("tessera serve"));
    place.run(&["user", "add", "ada", "--administrator"], "correct horse battery\n");
    let answer: Value = serde_json::from_str(&place.done(&["verify", "--json"])).unwrap();
    assert_eq!((&answer["ok"], &answer["seal"]), (&Value::Bool(true), &Value::Null));
    let kept = format!("1:{}", "0".repeat(40));
    let refused = place.refused(&["verify", "--seal", &kept]);
    assert!(refused.contains("seal 1 is not the one that was kept"), "{refused}");
    let (status, text) = place.run(&["verify", "--seal", "first"], "");
    assert!(status == 2 && text.contains("must be a seal as `verify` prints it"), "{text}");
    place.done(&["backup", "copy.db"]);
    assert!(place.refused(&["backup", "copy.db"]).contains("never replaces"));
    assert!(place.refused(&["restore", "copy.db"]).contains("never replaces"));
    place.done(&["restore", "copy.db", "--db", "sqlite:other.db"]);
    assert!(place.done(&["user", "list", "--db", "sqlite:other.db"]).contains("ada"));
    // The log of a process that died holds the last commits: a copy of the file would lose them.
    std::fs::copy(place.path("copy.db"), place.path("live.db")).unwrap();
    place.write("live.db-wal", "commits");
    let live = place.refused(&["restore", "live.db", "--db", "sqlite:third.db"]);
    assert!(live.contains("tessera backup") && live.contains("live.db-wal"), "{live}");
    let garbage = place.write("garbage.db", "no database");
    place.refused(&["restore", &garbage, "--db", "sqlite:third.db"]);
    assert!(!place.path("third.db").exists());
    let text = place.done(&["export", "ledger", "--format", "hledger"]);
    assert!(text.contains("Tessera"), "{text}");
}

#[test]
fn customizing_is_checked_with_file_and_line() {
    let place = Place::new();
    assert!(place.done(&["config", "check"]).contains("is right"));
    std::fs::create_dir(place.path("own")).unwrap();
    place.write("own/a.toml", "[number_range.product]\nprefix = 1\n");
    let text = place.refused(&["config", "check", "--config", "own"]);
    assert!(text.contains("a.toml:2"), "{text}");
    assert!(place.refused(&["config", "check", "--config", "nowhere"]).contains("no folder"));
    assert!(place.refused(&["user", "list", "--config", "own"]).contains("a.toml:2"));
}

#[test]
fn the_doctor_looks_at_everything_and_says_what_to_do() {
    let place = Place::new();
    assert!(place.refused(&["doctor"]).contains("tessera serve"));
    place.run(&["user", "add", "ada", "--administrator"], "correct horse battery\n");
    let answer: Value = serde_json::from_str(&place.done(&["doctor", "--json"])).unwrap();
    let subjects: Vec<&str> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["subject"].as_str().unwrap())
        .collect();
    for subject in ["disk", "lock", "customizing", "database", "clock", "events", "dead letters"] {
        assert!(subjects.contains(&subject), "{subject} is not in {subjects:?}");
    }
}

const PARTNER: &str = r#""category": "organisation", "country": "DE", "language": "en", "tax_classification": "full""#;

fn partner(number: &str, name: &str) -> String {
    format!(r#"{{"number": "{number}", "general": {{"name": "{name}", {PARTNER}}}}}"#)
}

#[test]
fn records_are_imported_and_every_row_is_accounted_for() {
    let place = Place::new();
    let lines = [
        partner("C-1", "Ada AG"),
        "{broken".to_string(),
        String::new(),
        partner("C-2", "Bob AG"),
        partner("C-3", "x").replace("DE", "XX"),
    ];
    let file = place.write("partners.ndjson", lines.join("\n"));
    let import = |format: &'static str, file: &str| {
        place.run(&["import", format, file, "--object", "business_partner"], "")
    };
    let (status, text) = import("json", &file);
    let expected = "4 rows read = 2 created + 0 updated + 0 skipped + 2 failed";
    assert!(status == 1 && text.contains(expected), "{text}");
    let errors = std::fs::read_to_string(place.path("partners.ndjson.errors.csv")).unwrap();
    let lines: Vec<&str> = errors.lines().collect();
    assert!(lines[1].starts_with("2,") && lines[2].starts_with("5,"), "{errors}");
    assert!(errors.contains("general.country"), "{errors}");
    let array = format!("[{},\n {}]", partner("C-1", "Ada AG"), partner("C-2", "Bob SE"));
    let (status, text) = import("json", &place.write("partners.json", array));
    let expected = "2 rows read = 0 created + 1 updated + 1 skipped + 0 failed";
    assert!(status == 0 && text.contains(expected), "{text}");
}

#[test]
fn csv_columns_are_paths_of_fields() {
    let place = Place::new();
    let header = "number,general.category,general.name,general.language,general.country,\
                  general.tax_classification,general.blocked,contact_points[0].kind,\
                  contact_points[0].number,contact_points[0].value";
    let rows = [
        header,
        "C-1,organisation,\"Ada, Söhne AG\",en,DE,full,false,email,1,ada@example.com",
        "C-2,person,Bob,en,DE,full,,,,",
        "C-3,person,Eve,en,DE,full,perhaps,,,",
        "C-4,person",
    ];
    let file = place.write("partners.csv", rows.join("\n"));
    let (status, text) = place.run(&["import", "csv", &file, "--object", "business_partner"], "");
    let expected = "4 rows read = 2 created + 0 updated + 0 skipped + 2 failed";
    assert!(status == 1 && text.contains(expected), "{text}");
    let errors = std::fs::read_to_string(place.path("partners.csv.errors.csv")).unwrap();
    assert!(errors.contains("4,blocked: must be true or false"), "{errors}");
    assert!(errors.contains("5,\"has 2 values, the header 10\""), "{errors}");
    let wrong = place.write("wrong.csv", "number,general.nmae\n");
    let (_, text) = place.run(&["import", "csv", &wrong, "--object", "business_partner"], "");
    assert!(text.contains("`general.nmae` is no column; there are: number, general."), "{text}");
    let (_, text) = place.run(&["import", "csv", &wrong, "--object", "unicorn"], "");
    assert!(text.contains("there are: "), "{text}");
}

#[test]
fn the_sales_of_a_web_shop_are_imported_and_agree_with_the_books() {
    let place = Place::new();
    let rows = [
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
        "536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
        "C536366,85123A,WHITE HEART,-1,2010-12-01 08:28:00,2.55,17850.0,United Kingdom",
    ];
    let file = place.write("shop.csv", rows.join("\n"));
    let text = place.done(&["import", "online-retail", &file]);
    assert!(text.contains("2 rows read = 2 booked + 0 reported"), "{text}");
    assert!(text.contains("12.75") && !text.contains("DIFFERENT"), "{text}");
    place.done(&["verify"]);
    let (status, text) = place.run(&["import", "online-retail", &file], "");
    assert!(status == 1 && text.contains("imported"), "{text}");
    let broken = place.write("broken.csv", format!("{}\n1,9,X,x,2010-12-01,1,,EIRE", rows[0]));
    let (status, text) = place.run(&["import", "online-retail", &broken], "");
    assert!(status == 1 && text.contains("1 rows read = 0 booked + 1 reported"), "{text}");
    let errors = std::fs::read_to_string(place.path("broken.csv.errors.csv")).unwrap();
    assert!(errors.contains("2,Quantity `x`"), "{errors}");
    let (_, text) = place.run(&["import", "csv", &file], "");
    assert!(text.contains("--object"), "{text}");
}

#[test]
fn a_gzipped_file_is_unpacked() {
    let place = Place::new();
    let file = std::fs::File::create(place.path("partners.json.gz")).unwrap();
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packed.write_all(partner("C-1", "Ada AG").as_bytes()).unwrap();
    packed.finish().unwrap();
    let text = place.done(&["import", "json", "partners.json.gz", "--object", "business_partner"]);
    assert!(text.contains("1 created"), "{text}");
}

#[test]
fn a_file_that_ends_early_is_told_with_what_was_booked_before() {
    let place = Place::new();
    let header = "number,general.name,general.category,general.country,general.language,\
                  general.tax_classification\n";
    let mut rows = String::from(header);
    for n in 1..=500 {
        rows.push_str(&format!("C-{n},Partner {n},organisation,DE,en,full\n"));
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    packed.write_all(rows.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let file = place.write("partners.csv.gz", &packed[..packed.len() / 2]);
    let import = ["import", "csv", &file, "--object", "business_partner"];
    let text = place.refused(&import);
    let created = text.split(" created").next().unwrap().rsplit(' ').next().unwrap();
    let created: u64 = created.parse().unwrap();
    assert!((100..500).contains(&created) && text.contains("1 failed"), "{text}");
    let errors = std::fs::read_to_string(place.path("partners.csv.gz.errors.csv")).unwrap();
    let last = errors.lines().last().unwrap();
    assert!(last.starts_with(&format!("{},", created + 2)), "{errors}");
    assert!(last.contains("could be read"), "{errors}");
}

#[test]
fn the_server_tells_its_address_and_setup_link_and_ends_on_sigterm() {
    let place = Place::new();
    let mut server = place
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let address = first.strip_prefix("Tessera is at http://").unwrap().to_string();
    assert!(lines.nth(1).unwrap().contains("/#setup=setup_"));
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(place.refused(&["user", "token", "ada"]).contains("in use by process"));
    place.done(&["verify"]);
    let ended = Command::new("kill").arg(server.id().to_string()).status().unwrap();
    assert!(ended.success());
    assert!(server.wait().unwrap().success());
    assert!(Path::new(&place.path("tessera.db")).exists());
}

#[test]
fn the_server_does_not_start_where_users_would_be_made_with_a_role_that_is_none() {
    let place = Place::new();
    std::fs::create_dir(place.path("own")).unwrap();
    let provider = "[identity_provider.CORP]\nname = \"C\"\nissuer = \"https://id.example.com\"\n\
                    client_id = \"t\"\ncreate_users = true\ndefault_role = \"sales_clerk\"\n";
    place.write("own/a.toml", provider);
    let mut server = place
        .command(&["serve", "--listen", "127.0.0.1:0", "--config", "own"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(server.stdout.take().unwrap()).lines().next();
    if let Some(line) = told {
        server.kill().unwrap();
        panic!("it started: {line:?}");
    }
    let output = server.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("no role `sales_clerk`"), "{text}");
    place.done(&["role", "import", "--shipped", "--config", "own"]);
}
