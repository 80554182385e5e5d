//! Power loss of a machine with a disk: what the system had in its memory is gone, and the disk has
//! what it was asked to sync. Unlike [`crate::torn_log`], it believes nobody that something was synced.

use std::time::Duration;

use crate::dice::Dice;
use crate::fault::Fault;
use crate::file_on_disk::FileOnDisk;
use crate::site::Site;

/// Takes what is on the disk, and goes on with that.
pub(crate) struct PowerLoss;

impl Fault<FileOnDisk> for PowerLoss {
    fn name(&self) -> &'static str {
        "power loss with the memory of the system"
    }

    fn strike(&self, site: &mut Site<FileOnDisk>, dice: &mut Dice) -> bool {
        if dice.bool() {
            site.database.file.wait_for_commit();
            std::thread::sleep(Duration::from_micros(dice.u64(..500)));
        }
        site.stop_all();
        let image = site.database.disk.image_now();
        site.kill_all();
        site.database.disk.come_back(image);
        true
    }
}
