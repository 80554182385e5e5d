//! An open database: runs commands and reads of modules on a storage engine.

use std::any::{Any, TypeId};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use hashbrown::HashMap;

use crate::extension::Look;
use crate::number::{Block, Reserved};
use crate::{
    Actor, Authority, Cache, Catalogues, Clock, Connection, CurrentExtensions, CustomSegment,
    Fault, Homes, Job, Numbering, ReadMode, Registry, Source, Store, StoreError, TableDef, Tx,
    Verdict, clock::IdSource,
};

/// Customizing by type: what a module asks for with [`Tx::settings`].
#[derive(Default)]
pub struct Settings(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Settings {
    /// Puts the settings of one module in.
    pub fn insert<T: Send + Sync + 'static>(&mut self, settings: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(settings));
    }

    /// Settings by type.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>()).and_then(|any| any.downcast_ref())
    }
}

/// What every command of an installation shares.
pub struct Environment {
    /// The modules.
    pub registry: Registry,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn IdSource>,
    /// Customizing.
    pub settings: Settings,
    /// Which places of the organisation live together.
    pub homes: Homes,
    /// The codes that customizing defines, by catalogue.
    pub catalogues: Catalogues,
    /// Number ranges.
    pub numbering: Numbering,
    /// Master data in the writer's memory.
    pub cache: Cache,
    /// What was added to object types at run time.
    pub extensions: CurrentExtensions,
}

impl Environment {
    /// Every table of the program.
    pub fn tables(&self) -> Vec<&'static TableDef> {
        let platform: [&'static TableDef; 7] = [
            &crate::number::NUMBER_RANGE,
            &crate::OUTBOX,
            &crate::CHANGE_DOCUMENT,
            &crate::history::CHANGE_SET,
            &crate::history::CHANGE_SEAL,
            &crate::EXTENSION,
            &crate::EXTENSION_GENERATION,
        ];
        let mut tables: Vec<&'static TableDef> = platform.to_vec();
        for table in self.registry.tables() {
            if !tables.iter().any(|known| std::ptr::eq(*known, table)) {
                tables.push(table);
            }
        }
        tables
    }

    /// Every table of the installation: also what was added at run time.
    pub fn all_tables(&self) -> Vec<&'static TableDef> {
        let added = self.extensions.get().tables();
        let mut tables = self.tables();
        for table in added {
            match tables.iter_mut().find(|known| known.name == table.name) {
                Some(known) => *known = table,
                None => tables.push(table),
            }
        }
        tables
    }
}

/// An open database. Cloning it is cheap.
#[derive(Clone)]
pub struct Database {
    store: Arc<dyn Store>,
    environment: Arc<Environment>,
}

impl Database {
    /// Opens an installation on an engine: creates what its tables lack.
    pub fn open(store: Arc<dyn Store>, environment: Environment) -> Result<Self, StoreError> {
        store.settle(&environment.homes);
        store.migrate(&environment.tables())?;
        let database = Self { store, environment: Arc::new(environment) };
        database.adopt_extensions()?;
        Ok(database)
    }

    /// Reads what was added to object types, and makes what its tables lack.
    ///
    /// # Errors
    ///
    /// Where the database can't be read, or not be brought up to date.
    pub fn adopt_extensions(&self) -> Result<(), StoreError> {
        self.environment.extensions.outdate();
        self.refresh_extensions().map_err(|fault| match fault {
            Fault::Store(error) => error,
            other => StoreError::Incompatible(other.to_string()),
        })?;
        let tables = self.environment.extensions.get().tables();
        if tables.is_empty() { Ok(()) } else { self.store.extend(&tables) }
    }

    /// Whether the extensions of this process may be older than they should.
    pub fn is_extension_due(&self) -> bool {
        self.environment.extensions.is_due(self.store.is_shared())
    }

    /// Reads what was added to object types, where that changed.
    ///
    /// # Errors
    ///
    /// Where the database can't be read.
    pub fn refresh_extensions(&self) -> Result<(), Fault> {
        let environment = &*self.environment;
        let urgent = ReadMode { urgent: true, ..ReadMode::default() };
        let look = environment.extensions.look();
        self.store.read_in(urgent, &mut |connection| refresh(connection, environment, look))
    }

    /// Makes the tables of a segment that is to be activated, beside the running work. Nobody sees them before
    /// [`Tx::activate_segment`].
    ///
    /// # Errors
    ///
    /// Where the database refuses them.
    pub fn prepare_extension(&self, segment: &CustomSegment) -> Result<(), StoreError> {
        let current = self.environment.extensions.get();
        self.store.extend(&current.with(&self.environment.registry, segment).tables())?;
        self.environment.extensions.note_prepared(segment);
        Ok(())
    }

    /// The environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The engine.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Runs a command and waits until it is durable. An error, or a panic, leaves no trace.
    pub fn command<R, E>(
        &self,
        actor: &Actor,
        run: impl FnMut(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let (sender, receiver) = sync_channel(1);
        self.submit(actor.clone(), run, move |outcome| {
            // The receiver waits below and can't be gone.
            let _ = sender.send(outcome);
        });
        receiver.recv().unwrap_or_else(|_| {
            Err(Fault::Store(StoreError::Unavailable("the writer has stopped".into())).into())
        })
    }

    /// Queues a command; `done` hears the outcome after the durable commit, on the writer's
    /// thread, and must not block.
    pub fn submit<R, E>(
        &self,
        actor: Actor,
        run: impl FnMut(&mut Tx<'_>) -> Result<R, E> + Send + 'static,
        done: impl FnOnce(Result<R, E>) + Send + 'static,
    ) where
        R: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let environment = self.environment.clone();
        self.store.submit(Box::new(Command {
            environment,
            actor,
            run,
            done,
            started: false,
            outcome: None,
            blocks: Vec::new(),
            published: Vec::new(),
            extends: false,
        }));
    }

    /// Reads on a consistent snapshot, on the calling thread.
    pub fn read<R, E: From<Fault>>(
        &self,
        actor: &Actor,
        run: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.read_in(ReadMode::default(), actor, run)
    }

    /// The same in another mode.
    pub fn read_in<R, E: From<Fault>>(
        &self,
        mode: ReadMode,
        actor: &Actor,
        run: impl FnOnce(&mut Tx<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let (mut run, mut answer) = (Some(run), None);
        self.store.read_in(mode, &mut |connection| {
            if let Some(run) = run.take() {
                let current = current(connection, &self.environment, actor, true)?;
                let actor = current.as_ref().unwrap_or(actor);
                let mut tx = Tx::new(connection, &self.environment, actor, None);
                answer = Some(run(&mut tx));
            }
            Ok(())
        })?;
        answer.unwrap_or_else(|| Err(Fault::corrupt("the engine did not run the read").into()))
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Database")
    }
}

/// The actor with the rights that their roles give them now, where these changed since they signed in:
/// a call never goes by what was true before it began. `kept`: what is seen stays.
fn current(
    connection: &mut dyn Connection,
    environment: &Environment,
    actor: &Actor,
    kept: bool,
) -> Result<Option<Actor>, Fault> {
    let (Some(access), Some(authority)) =
        (actor.access(), environment.settings.get::<Arc<dyn Authority>>())
    else {
        return Ok(None);
    };
    let system = Actor::system(Source::System);
    let mut tx = Tx::new(connection, environment, &system, None);
    Ok(match authority.current(&mut tx, access, kept)? {
        Some(found) if Arc::ptr_eq(&found, access) => None,
        found => Some(actor.renewed(found)),
    })
}

/// Reads the extensions as a connection sees them, where they changed.
fn refresh(
    connection: &mut dyn Connection,
    environment: &Environment,
    look: Look,
) -> Result<(), Fault> {
    let system = Actor::system(Source::System);
    let mut tx = Tx::new(connection, environment, &system, None);
    environment.extensions.refresh(&mut tx, look)
}

/// What a command knows of extensions: not less than was heard. One that is run again may have counted on what is
/// no longer so.
fn begin(
    connection: &mut dyn Connection,
    environment: &Environment,
    again: bool,
) -> Result<(), Fault> {
    let look = environment.extensions.look();
    if again {
        connection.announced(&mut |message| {
            environment.cache.hear(message);
            environment.extensions.hear(message);
        })?;
    }
    if environment.extensions.is_stale() {
        refresh(connection, environment, look)?;
    }
    Ok(())
}

struct Command<F, D, R, E> {
    environment: Arc<Environment>,
    actor: Actor,
    run: F,
    done: D,
    started: bool,
    outcome: Option<Result<R, E>>,
    /// Number blocks that are published when it is sure that they stay.
    blocks: Vec<(String, Block)>,
    /// Ends of those that others already draw from.
    published: Vec<(String, i64)>,
    /// Whether it changes extensions.
    extends: bool,
}

impl<F, D, R, E> Job for Command<F, D, R, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<R, E> + Send,
    D: FnOnce(Result<R, E>) + Send,
    R: Send,
    E: From<Fault> + Send,
{
    fn run(&mut self, connection: &mut dyn Connection) -> Verdict {
        let alone = connection.is_isolated();
        let again = std::mem::replace(&mut self.started, true);
        if again && alone {
            // What the cache and the blocks know may rest on the first run, which was not kept.
            self.environment.cache.clear();
            self.environment.extensions.outdate();
            self.environment.numbering.withdraw(&std::mem::take(&mut self.published));
        }
        self.outcome = None;
        self.blocks.clear();
        let begun = begin(connection, &self.environment, again)
            .and_then(|()| current(connection, &self.environment, &self.actor, false));
        let current = match begun {
            Ok(current) => current,
            Err(fault) => {
                self.outcome = Some(Err(fault.into()));
                return Verdict::Undo;
            }
        };
        let actor = current.as_ref().unwrap_or(&self.actor);
        let reserved = Reserved::default();
        let mut tx = Tx::new(connection, &self.environment, actor, Some(&reserved));
        let outcome =
            (self.run)(&mut tx).and_then(|answer| tx.end().map(|()| answer).map_err(E::from));
        let kept = outcome.is_ok();
        self.extends = kept && tx.extends;
        if kept && alone {
            // Whoever comes next sees what this command did, and is undone with it.
            let blocks = reserved.into_blocks();
            self.published = blocks.iter().map(|(key, block)| (key.clone(), block.last)).collect();
            self.environment.numbering.publish(blocks);
        } else if kept {
            self.blocks = reserved.into_blocks();
        }
        self.outcome = Some(outcome);
        if kept { Verdict::Keep } else { Verdict::Undo }
    }

    fn finished(self: Box<Self>, outcome: Result<(), StoreError>) {
        let answer = match (outcome, self.outcome) {
            (Ok(()), Some(answer)) => {
                if self.extends {
                    self.environment.extensions.outdate();
                }
                self.environment.numbering.publish(self.blocks);
                answer
            }
            (Ok(()), None) => Err(Fault::Panicked("it did not end".into()).into()),
            (Err(error), earlier) => {
                // What the cache and the blocks know may rest on changes that were not kept.
                self.environment.cache.clear();
                self.environment.extensions.outdate();
                self.environment.numbering.forget_all();
                match (earlier, error) {
                    // It began and did not end.
                    (None, StoreError::Engine(message)) if self.started => {
                        Err(Fault::Panicked(message).into())
                    }
                    // Also where it was refused: perhaps for what another one did that was not
                    // kept either.
                    (_, error) => Err(Fault::Store(error).into()),
                }
            }
        };
        (self.done)(answer);
    }
}
