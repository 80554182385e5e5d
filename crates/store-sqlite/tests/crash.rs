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
use tessera_store_sqlite::archive::{ArchiveOptions, restore};
use tessera_store_sqlite::{Options, SqliteStore};

const DATABASE: &str = "TESSERA_TEST_DATABASE";
/// Where the victim archives, if it does.
const ARCHIVE: &str = "TESSERA_TEST_ARCHIVE";

/// Adds notes from several threads and says which ones are durable, until it is stopped.
#[test]
fn victim() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let archive = std::env::var_os(ARCHIVE)
        .map(|folder| ArchiveOptions { reserve: 0, ..ArchiveOptions::new(folder) });
    // The write-ahead log is moved and begun anew all the time.
    let checkpoint_mib = if archive.is_some() { 0 } else { Options::default().checkpoint_mib };
    let options = Options { archive, checkpoint_mib, ..Options::creating() };
    let store = SqliteStore::open(Path::new(&path), options).expect("the database opens");
    let store = Arc::new(store);
    let note = notes();
    store.migrate(&[note]).expect("the table is made");
    // An earlier victim may have been here.
    let first = keys(&*store, note).last().map_or(0, |last| last / 8 + 1);
    let threads: Vec<_> = (0..8_i64)
        .map(|thread| {
            let store = store.clone();
            std::thread::spawn(move || {
                for turn in first..100_000 {
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

fn start(database: &Path, archive: Option<&Path>, before: &str) -> Child {
    let program = std::env::current_exe().expect("this program");
    let script = format!("{before} exec \"$0\" --exact victim --nocapture");
    Command::new("sh")
        .args(["-c", &script])
        .arg(program)
        .env(DATABASE, database)
        .envs(archive.map(|folder| (ARCHIVE, folder)))
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
    let mut victim = start(&path, None, "");
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
    let mut victim = start(&path, None, "trap '' XFSZ; ulimit -f 400;");
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

/// Restores the newest that the archive has; answers the ids in it.
fn restored(archive: &Path, copy: &Path) -> BTreeSet<i64> {
    let mut target = std::fs::File::create_new(copy).expect("a new file");
    restore(archive, None, &mut target, &mut |_| {}).expect("it is restored");
    let store = open(copy);
    assert_eq!(store.check(), Ok(Vec::new()));
    keys(&store, notes()).into_iter().collect()
}

#[test]
fn what_was_answered_is_in_the_archive_after_kills_and_it_goes_on_without_a_new_copy() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, archive) = (folder.path().join("killed.db"), folder.path().join("archive"));
    let mut all = BTreeSet::new();
    for round in 0..5 {
        let mut victim = start(&path, Some(&archive), "");
        let (kept, refused) = listen(&mut victim, "kept ", 200 + round * 37);
        assert!(refused.is_empty(), "{refused:?}");
        all.extend(kept);
        let found = restored(&archive, &folder.path().join(format!("copy{round}.db")));
        let lost: Vec<_> = all.difference(&found).collect();
        assert!(lost.is_empty(), "answered, but not in the archive: {lost:?}");
    }
    let options = Options { archive: Some(ArchiveOptions::new(&archive)), ..Options::default() };
    let store = SqliteStore::open(&path, options).expect("the database opens");
    let found = restored(&archive, &folder.path().join("last.db"));
    assert_eq!(found, keys(&store, notes()).into_iter().collect());
    // One copy and one log, beside the lock.
    assert_eq!(std::fs::read_dir(&archive).expect("the archive").count(), 3);
}

#[test]
fn an_archive_whose_disk_gives_out_has_everything_that_was_answered() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (path, archive) = (folder.path().join("full.db"), folder.path().join("archive"));
    // The log of the archive is the first that grows so large.
    let mut victim = start(&path, Some(&archive), "trap '' XFSZ; ulimit -f 2000;");
    let (kept, refused) = listen(&mut victim, "refused ", 40);
    assert!(refused.len() >= 40 && !kept.is_empty(), "{} kept", kept.len());
    let found = restored(&archive, &folder.path().join("copy.db"));
    let lost: Vec<_> = kept.difference(&found).collect();
    assert!(lost.is_empty(), "answered, but not in the archive: {lost:?}");
    // What the last commit had was told to be uncertain; nothing was done after it.
    let there: BTreeSet<i64> = keys(&open(&path), notes()).into_iter().collect();
    let uncertain = there.difference(&kept).count();
    assert!(uncertain <= 8, "{uncertain} were refused, but are there");
}
