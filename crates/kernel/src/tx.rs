//! One command, or one consistent read.

mod assign;
mod check;
mod custom;
mod history;
mod load;
mod permit;
mod query;
mod referrers;
mod save;
mod walk;
mod written;

use std::any::Any;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

pub use assign::{Assign, Responsible, TeamKind, UserKind};
pub use history::Changes;
pub(crate) use history::Line;
pub(crate) use load::{CellGather, read_head};
pub use query::{Page, Query};
use written::Written;

use crate::balance::FreshBalances;
use crate::cache::{self, Hearing};
use crate::history::OpenSet;
use crate::number::Reserved;
use crate::{
    Actor, Connection, Date, Environment, Extensions, Fault, Home, Instant, ObjectDef, ObjectId,
    Zone,
};

/// What a verb works on: the objects of the database as the command sees them, with the clock,
/// the ids, the number ranges and the customizing of the installation.
pub struct Tx<'c> {
    pub(crate) connection: &'c mut dyn Connection,
    pub(crate) environment: &'c Environment,
    pub(crate) actor: &'c Actor,
    now: Instant,
    /// Number blocks that the command reserved; none in a read.
    pub(crate) reserved: Option<&'c Reserved>,
    touched: HashSet<ObjectId>,
    touched_kinds: Vec<&'static str>,
    written: Written,
    /// Balance rows of what the command made.
    pub(crate) fresh: FreshBalances,
    hearing: Option<Hearing>,
    /// What the command of a user made, to be looked at under their rights.
    made: Vec<(&'static ObjectDef, ObjectId)>,
    /// Shared objects that only this command keeps in memory.
    own: HashMap<ObjectId, Arc<dyn Any + Send + Sync>>,
    /// What the command did to which objects.
    pub(crate) set: OpenSet,
    /// What was added to object types, the same throughout.
    extensions: Arc<Extensions>,
    /// Whether the command changes that.
    pub(crate) extends: bool,
    given: Option<custom::Given>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(
        connection: &'c mut dyn Connection,
        environment: &'c Environment,
        actor: &'c Actor,
        reserved: Option<&'c Reserved>,
    ) -> Self {
        Self {
            connection,
            environment,
            actor,
            now: environment.clock.now(),
            reserved,
            touched: HashSet::new(),
            touched_kinds: Vec::new(),
            written: Written::default(),
            fresh: FreshBalances::default(),
            hearing: None,
            made: Vec::new(),
            own: HashMap::new(),
            set: OpenSet::default(),
            extensions: environment.extensions.get(),
            extends: false,
            given: None,
        }
    }

    /// The moment of the command; the same throughout.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The day of the command in a zone.
    pub fn today(&self, zone: &Zone) -> Date {
        self.now.date_in(zone)
    }

    /// Who acts.
    pub fn actor(&self) -> &'c Actor {
        self.actor
    }

    /// A new object id, of an object that lives anywhere.
    pub fn new_id(&self) -> ObjectId {
        self.environment.ids.next(self.now, None)
    }

    /// A new object id, of an object that lives there.
    pub fn new_id_at(&self, home: Home<'_>) -> ObjectId {
        let bucket = self.environment.homes.bucket(home);
        self.environment.ids.next(self.now, Some(bucket))
    }

    /// Customizing of type `T`, as put into the [`crate::Settings`] when the program started.
    pub fn settings<T: Send + Sync + 'static>(&self) -> Result<&'c T, Fault> {
        let environment: &'c Environment = self.environment;
        environment.settings.get::<T>().ok_or_else(|| {
            Fault::corrupt(format!("the settings {} were not set", std::any::type_name::<T>()))
        })
    }

    /// The environment of the installation.
    pub fn environment(&self) -> &'c Environment {
        self.environment
    }

    /// The engine's open transaction, for the services of the platform that own tables of their
    /// own. Business modules have no need of it.
    pub fn connection(&mut self) -> &mut dyn Connection {
        self.connection
    }

    pub(crate) fn writable(&self) -> Result<(), Fault> {
        if self.reserved.is_none() { Err(Fault::ReadOnly) } else { Ok(()) }
    }

    /// Writes what was kept in memory until the end of a command that is to be kept.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.fresh.write(self.connection)?;
        self.close_set()
    }

    /// What the command changes it reads from the database from now on.
    fn touch(&mut self, kind: &'static str, id: ObjectId) {
        self.touched.insert(id);
        if !self.touched_kinds.contains(&kind) {
            self.touched_kinds.push(kind);
        }
    }

    /// The same for an object that was there before: nobody keeps what it was.
    pub(crate) fn supersede(&mut self, def: &ObjectDef, id: ObjectId) -> Result<(), Fault> {
        self.touch(def.name, id);
        self.written.forget(id);
        if def.cached {
            self.environment.cache.drop_object(id);
            self.connection.announce(&cache::changed(id))?;
        }
        Ok(())
    }

    /// What the cache may be asked under: a command has heard what changed before it began. Nothing
    /// in a read, which does not use the cache.
    fn hearing(&mut self) -> Result<Option<Hearing>, Fault> {
        if self.writable().is_err() {
            return Ok(None);
        }
        if self.hearing.is_none() {
            let Environment { cache, extensions, .. } = self.environment;
            self.connection.announced(&mut |message| {
                cache.hear(message);
                extensions.hear(message);
            })?;
            self.hearing = Some(cache.hearing());
        }
        Ok(self.hearing)
    }
}
