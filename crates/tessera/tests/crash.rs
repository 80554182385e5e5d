//! The program is killed in the middle of the workload, again and again: what was answered is
//! there, every aggregate agrees, and the server is back within two seconds.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tessera_billing::BillingItem;
use tessera_delivery::{Delivery, DeliveryStatus, GoodsIssueStatus};
use tessera_document::DocumentFlow;
use tessera_installation::{Installation, Options};
use tessera_kernel::{Actor, Cell, Object, ObjectId, Problem, Source, Tx};
use tessera_sales::SalesDocument;

/// Kills; the figure of the bar.
const KILLS: u32 = 50;

fn tessera() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs the workload until it is killed.
fn workload(url: &str, acknowledged: &Path) -> Child {
    tessera()
        .args(["bench", "sd", "--db", url, "--seconds", "3600", "--warm-up", "0", "--no-floor"])
        .args(["--clients", "16", "--acknowledged"])
        .arg(acknowledged)
        .spawn()
        .unwrap()
}

/// Waits until something more was answered, then a random while, then kills.
fn kill_somewhere(mut child: Child, acknowledged: &Path, round: u32) {
    let size = || std::fs::metadata(acknowledged).map_or(0, |file| file.len());
    let before = size();
    let start = Instant::now();
    while size() == before {
        assert!(start.elapsed() < Duration::from_secs(60), "the workload answers nothing");
        assert!(child.try_wait().unwrap().is_none(), "the workload ended by itself");
        std::thread::sleep(Duration::from_millis(2));
    }
    // A spread that no rhythm of the program can fall in step with.
    let pause = u64::from(round.wrapping_mul(2_654_435_761) >> 16) % 250;
    std::thread::sleep(Duration::from_millis(pause));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Starts the server on the killed database; answers how long it took to be ready.
fn restart(url: &str) -> Duration {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tessera"))
        .args(["serve", "--db", url, "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The pipe stays open for what the server prints later.
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line.trim().split_once("http://").expect("the address").1.to_string();
    while !is_ready(&address) {
        assert!(start.elapsed() < Duration::from_secs(10), "the server does not get ready");
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = start.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    took
}

fn is_ready(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// What the workload was told, by step.
struct Answered {
    step: String,
    id: ObjectId,
}

fn answered(path: &Path) -> Vec<Answered> {
    let text = std::fs::read_to_string(path).unwrap();
    // The last line may be torn by the kill; its step was answered, but nobody could know.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| {
            let (step, id) = line.split_once(' ').unwrap();
            Answered { step: step.to_string(), id: id.parse().unwrap() }
        })
        .collect()
}

fn check(tx: &mut Tx<'_>, answered: &[Answered]) -> Result<(), Problem> {
    let mut billed: HashSet<ObjectId> = HashSet::new();
    for Answered { step, id } in answered {
        match step.as_str() {
            "create_order" => drop(tx.head(SalesDocument::def(), *id)?),
            "create_delivery" => drop(tx.head(Delivery::def(), *id)?),
            "post_goods_issue" => {
                let status: DeliveryStatus = tx.segment_one(*id)?;
                assert_eq!(status.goods_issue_status, GoodsIssueStatus::Posted, "{id}");
            }
            "create_invoice" => {
                billed.insert(*id);
            }
            _ => {}
        }
    }
    for delivery in billed {
        let invoices = invoices_of(tx, delivery)?;
        assert!(invoices > 0, "the invoice of {delivery} was answered and is gone");
    }
    Ok(())
}

/// Billing documents that came from a document.
fn invoices_of(tx: &mut Tx<'_>, id: ObjectId) -> Result<usize, Problem> {
    let flows = tx.records_by::<DocumentFlow>("predecessor", Cell::Uuid(id.0))?;
    let mut found = 0;
    for (document, _) in flows {
        let items = tx.segment::<BillingItem>(document)?;
        found += usize::from(!items.is_empty());
    }
    Ok(found)
}

#[test]
fn what_was_answered_survives_fifty_kills_and_every_aggregate_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("crash.db").display());
    let acknowledged = folder.path().join("acknowledged");
    std::fs::write(&acknowledged, "").unwrap();
    let mut slowest = Duration::ZERO;
    for round in 1..=KILLS {
        kill_somewhere(workload(&url, &acknowledged), &acknowledged, round);
        slowest = slowest.max(restart(&url));
    }
    let installation = Installation::open(Options::reading(&url)).unwrap();
    let answered = answered(&acknowledged);
    assert!(answered.len() > 100, "only {} steps were answered", answered.len());
    let actor = Actor::system(Source::System);
    installation.db().read(&actor, |tx| check(tx, &answered)).unwrap();
    let findings = installation.verify().unwrap();
    assert_eq!(findings.differences, Vec::<String>::new());
    println!("{KILLS} kills, {} answers, slowest restart {slowest:?}", answered.len());
    assert!(slowest < Duration::from_secs(2), "a restart took {slowest:?}");
}
