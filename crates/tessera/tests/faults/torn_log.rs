//! Power loss in the middle of a commit: the part of the log that was written and not acknowledged
//! reaches the disk in part only.

use std::ops::Range;
use std::time::Duration;

use crate::database_file::DatabaseFile;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::log_file::unacknowledged;
use crate::site::Site;

/// What a disk makes of bytes that it was given and not asked to sync.
const SECTOR: usize = 512;

/// Kills the server and tears the end of the log.
pub(crate) struct TornLog;

impl Fault<DatabaseFile> for TornLog {
    fn name(&self) -> &'static str {
        "torn log at power loss"
    }

    fn strike(&self, site: &mut Site<DatabaseFile>, dice: &mut Dice) -> bool {
        site.database.wait_for_commit();
        std::thread::sleep(Duration::from_micros(dice.u64(..500)));
        site.kill_all();
        // What was answered before the end is heard, and where the log stood then is noted.
        let front = site.front.clone();
        let _silence = front.silence();
        let Some(acknowledged) = site.database.acknowledged() else { return false };
        let [file, mut log] = site.database.content();
        let Some(tail) = unacknowledged(&log, acknowledged) else { return false };
        tear(&mut log, tail, dice);
        site.database.replace(&[file, log]);
        true
    }
}

/// Tears a part of the log that goes to the end of what was written.
fn tear(log: &mut Vec<u8>, tail: Range<usize>, dice: &mut Dice) {
    let cut = dice.usize(tail.clone());
    match dice.u8(..4) {
        // Its length was not kept.
        0 => log.truncate(cut),
        // Its length was kept and the rest of the bytes was not.
        1 => log[cut..tail.end].fill(0),
        // Some sectors were written, in no order.
        2 => {
            let lost = dice.usize(tail.clone()) / SECTOR;
            for sector in tail.start.div_ceil(SECTOR)..tail.end.div_ceil(SECTOR) {
                if sector == lost || dice.bool() {
                    let end = ((sector + 1) * SECTOR).min(tail.end);
                    log[(sector * SECTOR).max(tail.start)..end].fill(0);
                }
            }
        }
        // A sector has anything in it.
        _ => {
            let end = (cut + SECTOR).min(tail.end);
            log[cut..end].iter_mut().for_each(|byte| *byte = dice.u8(..));
        }
    }
}
