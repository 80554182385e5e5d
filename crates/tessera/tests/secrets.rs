//! Ten thousand guesses against a running server: hardly any is looked at, everybody else goes on,
//! and no secret stands in its log or, readable, in its database.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

const GUESSES: usize = 10_000;
const THREADS: usize = 8;
const PASSWORD: &str = "correct horse battery";

struct Server {
    process: Child,
    address: String,
    setup: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts a server that logs all it can to a file.
fn start(folder: &Path) -> Server {
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_tessera"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder)
        .env("TESSERA_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.next().unwrap().rsplit_once("http://").unwrap().1.to_string();
    let link = lines.find(|line| line.contains("#setup=")).unwrap();
    let setup = link.split_once("#setup=").unwrap().1.to_string();
    Server { process, address, setup }
}

/// An answer: status, `Set-Cookie`, body.
struct Answer(u16, String, Value);

/// Sends a request from a client at an address, as the proxy of the machine tells it.
fn call(server: &Server, head: &str, from: &str, cookie: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let text = format!(
        "{head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Forwarded-For: {from}\r\n\
         Cookie: {cookie}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    let cookie = cookie.unwrap_or_default().split(';').next().unwrap().to_string();
    Answer(head[9..12].parse().unwrap(), cookie, serde_json::from_str(body).unwrap_or_default())
}

fn sign_in(server: &Server, login: &str, password: &str, from: &str) -> Answer {
    let body = json!({ "login": login, "password": password });
    call(server, "POST /api/v1/session", from, "", &body)
}

/// Guesses from a hundred addresses, for somebody who is there and somebody who is not; answers how
/// many were looked at, and how many were not.
fn guess(server: &Server) -> (usize, usize) {
    let some = |thread: usize| {
        let (mut looked_at, mut refused) = (0, 0);
        for number in (thread..GUESSES).step_by(THREADS) {
            let from = format!("203.0.113.{}", number % 100);
            let login = if number % 2 == 0 { "ada" } else { "nobody" };
            let password = format!("a guess of mine, number {number}");
            match sign_in(server, login, &password, &from).0 {
                401 => looked_at += 1,
                429 => refused += 1,
                status => panic!("guess {number}: {status}"),
            }
        }
        (looked_at, refused)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || some(thread))).collect();
        let counts = threads.into_iter().map(|thread| thread.join().unwrap());
        counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    })
}

/// Makes every kind of secret; answers those that must be readable nowhere, and the seed of an app,
/// which stands in the database.
fn make_secrets(server: &Server) -> (Vec<String>, String) {
    let home = "192.0.2.1";
    let setup = json!({
        "secret": server.setup, "login": "ada", "name": "Ada", "password": PASSWORD,
    });
    let Answer(status, first, _) = call(server, "POST /api/v1/setup", home, "", &setup);
    assert_eq!(status, 201);
    let Answer(status, session, _) = sign_in(server, "ada", PASSWORD, home);
    assert_eq!(status, 201);
    let Answer(_, _, who) = call(server, "GET /api/v1/session", home, &session, &json!({}));
    let user = format!("/api/v1/user/{}", who["user"].as_str().unwrap());
    let post = |path: &str, body: &Value| {
        let head = format!("POST {user}/{path}");
        let Answer(status, _, value) = call(server, &head, home, &session, body);
        assert!((200..300).contains(&status), "{path}: {value}");
        value
    };
    let token = post("tokens", &json!({ "name": "shop" }))["secret"].as_str().unwrap().to_string();
    let link = post("reset-link", &json!({}))["path"].as_str().unwrap().to_string();
    let seed = post("totp", &json!({}))["seed"].as_str().unwrap().to_string();
    let link = link.split_once('=').unwrap().1.to_string();
    let value = |cookie: String| cookie.split_once('=').unwrap().1.to_string();
    let secrets =
        [PASSWORD.into(), server.setup.clone(), value(first), value(session), token, link];
    (secrets.to_vec(), seed)
}

#[test]
fn ten_thousand_guesses_find_nothing_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path());
    let (secrets, seed) = make_secrets(&server);
    assert!(secrets.iter().all(|secret| secret.len() > 20) && seed.len() == 32);
    let started = std::time::Instant::now();
    let (looked_at, refused) = guess(&server);
    // Fifty of each login, then one each second, and what was under way together.
    let most = 2 * (50 + usize::try_from(started.elapsed().as_secs()).unwrap() + 1 + THREADS);
    assert!(looked_at <= most, "{looked_at} were looked at, {most} may be");
    assert_eq!(looked_at + refused, GUESSES);
    // Whoever signed in from there before is not kept out.
    assert_eq!(sign_in(&server, "ada", PASSWORD, "192.0.2.1").0, 201);
    drop(server);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("session.use"), "the log tells of sign-ins");
    let mut stored = Vec::new();
    for file in ["tessera.db", "tessera.db-wal"] {
        stored.extend(std::fs::read(folder.path().join(file)).unwrap_or_default());
    }
    let stored = String::from_utf8_lossy(&stored);
    assert!(stored.contains("$argon2id$") && stored.contains(&seed), "the database was read");
    for secret in secrets.iter().map(String::as_str).chain(["a guess of mine"]) {
        assert!(!log.contains(secret), "{secret} stands in the log");
        assert!(!stored.contains(secret), "{secret} stands in the database");
    }
    assert!(!log.contains(&seed), "the seed stands in the log");
}
