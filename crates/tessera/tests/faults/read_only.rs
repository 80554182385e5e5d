//! The file system is read-only: the service refuses what it can't keep, and goes on when it can.

use std::time::Duration;

use crate::call::Answer;
use crate::dice::Dice;
use crate::disk::protect;
use crate::fault::Fault;
use crate::file_on_disk::FileOnDisk;
use crate::site::Site;

/// Lets nobody write.
pub(crate) struct ReadOnly;

impl Fault<FileOnDisk> for ReadOnly {
    fn name(&self) -> &'static str {
        "read-only file system"
    }

    fn strike(&self, site: &mut Site<FileOnDisk>, dice: &mut Dice) -> bool {
        match dice.u8(..3) {
            0 => damaged(site, dice),
            1 => protected(site, dice),
            _ => mounted(site),
        }
    }

    fn allows(&self, answer: &Answer) -> bool {
        answer.status == 503 && answer.body.contains("file")
    }
}

/// The file system finds a damage, and the machine is started anew and repairs it.
fn damaged(site: &mut Site<FileOnDisk>, dice: &mut Dice) -> bool {
    let refused = site.front.refused();
    // A sync that is under way when ext4 gives up may be answered as if it had been done (seen
    // without Tessera, with ten lines that write and sync): no program could do better.
    site.stop_all();
    let is_damaged = site.database.disk.fail();
    site.resume_all();
    if !is_damaged {
        return protected(site, dice);
    }
    // Where the server wrote to memory that the file system lends, it ended.
    let is_felt = |site: &Site<_>| site.front.refused() > refused || site.failed_starts() > 0;
    let is_hit = site.attend_until(is_felt);
    site.attend_for(Duration::from_millis(dice.u64(..200)));
    site.kill_all();
    site.database.disk.repair();
    is_hit
}

/// The files can't be written for a while; the server lives on.
fn protected(site: &mut Site<FileOnDisk>, dice: &mut Dice) -> bool {
    let (refused, starts) = (site.front.refused(), site.starts());
    protect(&site.database.files(), true);
    let is_hit = site.attend_until(|site| site.front.refused() > refused);
    site.attend_for(Duration::from_millis(dice.u64(..200)));
    site.front.expect_reads();
    protect(&site.database.files(), false);
    if starts != site.starts() {
        site.front.complain("the server ended when its files were protected".to_string());
    }
    is_hit
}

/// The machine comes up with the disk read-only, and the server does not start until it is not.
fn mounted(site: &mut Site<FileOnDisk>) -> bool {
    site.kill_all();
    site.database.disk.remount(true);
    let starts = site.starts();
    site.attend_for(Duration::from_millis(300));
    let is_hit = site.failed_starts() > 0;
    if starts != site.starts() {
        site.front.complain("a server serves on a read-only disk".to_string());
    }
    site.kill_all();
    site.database.disk.remount(false);
    is_hit
}
