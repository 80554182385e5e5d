//! Connections for reads.

use std::sync::Arc;

use tessera_kernel::{Connection, Fault, ReadMode, StoreError};
use tessera_store_sql::Pool;

use crate::error::Failure;
use crate::link::Link;
use crate::options::Options;
use crate::placed::SharedHomes;
use crate::session::Session;
use crate::statement::Texts;

struct Reader {
    /// Opened when it is used for the first time, and again after it broke.
    link: Option<Link>,
    texts: Texts,
}

/// The connection, opened where there is none or the one that was there is gone; whether it is new.
pub(crate) fn live<'l>(
    slot: &'l mut Option<Link>,
    options: &Options,
) -> Result<(&'l mut Link, bool), Failure> {
    let mut kept = slot.take();
    let alive = kept.as_mut().is_some_and(Link::is_alive);
    Ok(match kept {
        Some(link) if alive => (slot.insert(link), false),
        _ => (slot.insert(Link::open_patiently(options)?), true),
    })
}

/// The pool.
pub(crate) struct Readers {
    options: Arc<Options>,
    pool: Pool<Reader>,
}

impl Readers {
    /// Opens none yet.
    pub(crate) fn new(options: Arc<Options>, homes: &SharedHomes) -> Self {
        let sharded = options.sharded;
        let reader = || Reader { link: None, texts: Texts::new(homes.clone(), sharded) };
        let ordinary = (0..options.readers.max(1)).map(|_| reader()).collect();
        Self { options, pool: Pool::new(ordinary, reader()) }
    }

    /// Runs `read` in a snapshot; waits while every connection is in use.
    pub(crate) fn read(
        &self,
        mode: ReadMode,
        read: &mut dyn FnMut(&mut dyn Connection) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.with(mode, |reader, options| {
            let Reader { link, texts } = reader;
            let (link, _) = live(link, options).map_err(Failure::told)?;
            let mut session = Session::reading(link, texts, mode.deadline);
            let outcome = read(&mut session);
            // A snapshot that can't be ended is on a connection that is found dead the next time.
            let ended = session.roll_back();
            if ended.is_err() {
                reader.link = None;
            }
            outcome
        })?
    }

    /// Lends a connection to `work`.
    pub(crate) fn bare<R>(
        &self,
        work: impl FnOnce(&mut Link) -> Result<R, Failure>,
    ) -> Result<R, StoreError> {
        let quick = ReadMode { urgent: true, ..ReadMode::default() };
        self.with(quick, |reader, options| {
            let (link, _) = live(&mut reader.link, options).map_err(Failure::told)?;
            let outcome = work(link);
            if let Err(Failure::Lost(_)) = &outcome {
                reader.link = None;
            }
            outcome.map_err(Failure::told)
        })?
    }

    /// Lends a reader to `work`; after a panic it comes back without its transaction.
    fn with<R>(
        &self,
        mode: ReadMode,
        work: impl FnOnce(&mut Reader, &Options) -> R,
    ) -> Result<R, StoreError> {
        self.pool.lend(mode, |reader| work(reader, &self.options), |reader| reader.link = None)
    }
}
