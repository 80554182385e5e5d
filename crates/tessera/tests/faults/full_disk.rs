//! The disk is full: the service refuses what it can't keep, still reads, and goes on as soon as
//! somebody made room.

use std::time::Duration;

use crate::call::Answer;
use crate::dice::Dice;
use crate::fault::Fault;
use crate::file_on_disk::FileOnDisk;
use crate::site::Site;

/// Leaves no room on the disk.
pub(crate) struct FullDisk;

impl Fault<FileOnDisk> for FullDisk {
    fn name(&self) -> &'static str {
        "disk full"
    }

    fn strike(&self, site: &mut Site<FileOnDisk>, dice: &mut Dice) -> bool {
        let (refused, starts) = (site.front.refused(), site.starts());
        site.database.disk.fill();
        let is_hit = site.attend_until(|site| site.front.refused() > refused);
        site.attend_for(Duration::from_millis(dice.u64(..200)));
        site.front.expect_reads();
        if starts != site.starts() {
            site.front.complain("the server ended when the disk was full".to_string());
        }
        if dice.u8(..4) == 0 {
            // Somebody tries whether starting it anew helps.
            site.kill_all();
            site.attend_for(Duration::from_millis(300));
        }
        site.database.disk.make_room();
        is_hit
    }

    fn allows(&self, answer: &Answer) -> bool {
        answer.status == 503 && answer.body.contains("the disk is full")
    }
}
