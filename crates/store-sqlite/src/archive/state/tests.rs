//! Archives that can't be written.

use super::super::{attach, complete, ready, restore, with};
use super::*;
use crate::checkpoint::Checkpoints;

/// Writes with another handle from now on; answers the one before.
fn swap(handle: File) -> File {
    let (mut handle, mut before) = (Some(handle), None);
    let swapped = with(|archive| {
        before = handle.take().map(|handle| std::mem::replace(&mut archive.log.file, handle));
        Ok(())
    });
    swapped.expect("an archive");
    before.expect("a handle")
}

fn restored_rows(folder: &Path) -> i64 {
    let made = tempfile::NamedTempFile::new().expect("a file");
    let mut target = made.reopen().expect("it opens");
    restore(folder, None, &mut target, &mut |_| {}).expect("it is restored");
    let copy = Connection::open(made.path()).expect("it opens");
    copy.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).expect("it is counted")
}

#[test]
fn what_could_not_be_archived_is_told_and_added_before_anything_else_is_done() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (path, folder) = (scratch.path().join("live.db"), scratch.path().join("archive"));
    let archive = ArchiveOptions::new(&folder);
    let options = Options { archive: Some(archive.clone()), ..Options::creating() };
    file::establish(&path, &options).expect("it is made");
    let writer = file::writing(&path, &options).expect("it opens");
    attach(Some(Archive::open(&path, &writer, &options, &archive).expect("an archive")));
    Checkpoints::watch(&writer);
    writer.execute_batch("CREATE TABLE t (x INTEGER)").expect("a commit");
    // A handle that can't write stands for a disk that gives out.
    let unwritable = || File::open(folder::log_path(&folder, 1)).expect("it opens");
    let good = swap(unwritable());
    writer.execute_batch("INSERT INTO t VALUES (1)").expect_err("a commit without archive");
    let told = complete().expect_err("it is told").to_string();
    assert!(told.contains("it was kept") && told.contains("look whether"), "{told}");
    ready().expect_err("nothing more is taken");
    assert_eq!(restored_rows(&folder), 0);
    swap(good);
    assert_eq!((ready(), complete(), restored_rows(&folder)), (Ok(()), Ok(()), 1));
    // Who goes on nevertheless may have begun the write-ahead log anew: that can't be made up for.
    let good = swap(unwritable());
    for _ in 0..2 {
        writer.execute_batch("INSERT INTO t VALUES (2)").expect_err("no archive");
    }
    swap(good);
    let told = ready().expect_err("a commit may be missing").to_string();
    assert!(told.contains("start the server again"), "{told}");
    attach(None);
}
