//! What a campaign wants of a kind of fault.

use crate::call::Answer;
use crate::database::Database;
use crate::dice::Dice;
use crate::site::Site;

/// A kind of fault.
pub(crate) trait Fault<D: Database>: Sync {
    /// How reports name it.
    fn name(&self) -> &'static str;

    /// Lets it happen while users are at work, last, and end as far as the world ends it by itself:
    /// power comes back, somebody makes room. The service has to find back on its own; servers that
    /// ended are started again by [`Site::attend`], here and afterwards. False where chance had it
    /// that nothing was hit, which counts for nothing.
    fn strike(&self, site: &mut Site<D>, dice: &mut Dice) -> bool;

    /// Whether a user may be given this answer while it lasts: that the service can't just now, and
    /// nothing else.
    fn allows(&self, answer: &Answer) -> bool {
        answer.status == 503
    }

    /// Whether this answer is one that a rule of the business gives, and rightly, because of the
    /// fault: the user gives that request up.
    fn is_rightly_refused(&self, _answer: &Answer) -> bool {
        false
    }
}
