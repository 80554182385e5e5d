//! A connection beside those of the commands: for what is kept at once, whatever becomes of the command that
//! asked for it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Failure;
use crate::link::{Answer, Link, Step};
use crate::options::Options;
use crate::pool::live;

/// The connection, which is opened when it is used for the first time.
pub(crate) struct Aside {
    options: Arc<Options>,
    link: Mutex<Option<Link>>,
}

impl Aside {
    /// Opens none yet.
    pub(crate) fn new(options: Arc<Options>) -> Self {
        Self { options, link: Mutex::new(None) }
    }

    /// Runs a statement as a transaction. Where the connection breaks it is run again, perhaps for the second
    /// time.
    pub(crate) fn run(&self, step: Step) -> Result<Answer, Failure> {
        let mut slot = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let steps = [step];
        let mut run = || {
            let answers = live(&mut slot, &self.options)?.0.run(&steps);
            if let Err(Failure::Lost(_)) = answers {
                *slot = None;
            }
            answers
        };
        let answers = match run() {
            Err(Failure::Lost(_) | Failure::Again(_)) => run(),
            outcome => outcome,
        };
        Ok(answers?.pop().unwrap_or_default())
    }
}
