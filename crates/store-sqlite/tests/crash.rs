//! What is left when the process is killed or the disk gives out. The victim is this test program
//! itself, started again for the one test `victim`.
#![cfg(unix)]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use common::{Note, add, keys, notes, open};
use tessera_kernel::{Store as _, StoreError};

const DATABASE: &str = "TESSERA_TEST_DATABASE";

/// Adds notes from several threads and says which ones are durable, until it is stopped.
#[test]
fn victim() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let store = Arc::new(open(Path::new(&path)));
    let note = notes();
    store.migrate(&[note]).expect("the table is made");
    let threads: Vec<_> = (0..8_i64)
        .map(|thread| {
            let store = store.clone();
            std::thread::spawn(move || {
                for turn in 0..100_000 {
                    let id = turn * 8 + thread;
                    let outcome = add(&*store, note, Note(id, "durable ".repeat(50)));
                    let line = match outcome {
                        Ok(()) => format!("kept {id}\n"),
                        Err(StoreError::Unavailable(why)) => format!("refused {id}: {why}\n"),
                        Err(other) => panic!("{other:?}"),
                    };
                    // Whoever reads may be gone already.
                    let _ = std::io::stdout().write_all(line.as_bytes());
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no thread panics");
    }
}

fn start(database: &Path, before: &str) -> Child {
    let program = std::env::current_exe().expect("this program");
    let script = format!("{before} exec \"$0\" --exact victim --nocapture");
    Command::new("sh")
        .args(["-c", &script])
        .arg(program)
        .env(DATABASE, database)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the victim starts")
}

/// Ids after a word in the victim's output, until `enough` of them and the end of the victim.
fn listen(victim: &mut Child, word: &str, enough: usize) -> (BTreeSet<i64>, BTreeSet<i64>) {
    let output = victim.stdout.take().expect("its output");
    let (mut kept, mut refused, mut counted) = (BTreeSet::new(), BTreeSet::new(), 0);
    for line in BufReader::new(output).lines() {
        let line = line.expect("a line");
        let id = |word: &str| {
            let (_, rest) = line.split_once(word)?;
            rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse::<i64>().ok()
        };
        kept.extend(id("kept "));
        refused.extend(id("refused "));
        counted += usize::from(line.contains(word));
        if counted == enough {
            victim.kill().expect("the victim is killed");
        }
    }
    victim.wait().expect("the victim ends");
    (kept, refused)
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("killed.db");
    let mut all = BTreeSet::new();
    let mut victim = start(&path, "");
    let (kept, refused) = listen(&mut victim, "kept ", 700);
    assert!(kept.len() >= 700 && refused.is_empty(), "{} kept, {refused:?}", kept.len());
    all.extend(kept);
    let store = open(&path);
    let found: BTreeSet<i64> = keys(&store, notes()).into_iter().collect();
    let lost: Vec<_> = all.difference(&found).collect();
    assert!(lost.is_empty(), "answered, but not there: {lost:?}");
    // At most one batch was committed and not yet answered: one job of each thread.
    assert!(found.len() <= all.len() + 8, "{} of {} found", all.len(), found.len());
    assert_eq!(store.check(), Ok(Vec::new()));
    assert_eq!(add(&store, notes(), Note(-1, "afterwards".into())), Ok(()));
}

#[test]
fn a_disk_that_gives_out_refuses_and_keeps_the_rest() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("full.db");
    // No file may grow beyond 400 blocks of 512 bytes; the signal for it is ignored.
    let mut victim = start(&path, "trap '' XFSZ; ulimit -f 400;");
    let (kept, refused) = listen(&mut victim, "refused ", 40);
    assert!(refused.len() >= 40, "{} kept, {} refused", kept.len(), refused.len());
    let store = open(&path);
    let found: BTreeSet<i64> = keys(&store, notes()).into_iter().collect();
    let lost: Vec<_> = kept.difference(&found).collect();
    assert!(lost.is_empty(), "answered, but not there: {lost:?}");
    let wrong: Vec<_> = refused.intersection(&found).collect();
    assert!(wrong.is_empty(), "refused, but there: {wrong:?}");
    assert_eq!(store.check(), Ok(Vec::new()));
    assert_eq!(add(&store, notes(), Note(-1, "afterwards".into())), Ok(()));
}
