//! One run: a story is played, and what must always hold is checked on the way.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::Value;
use tessera_events::Dispatcher;
use tessera_installation::idempotency::{self, Kept};
use tessera_installation::{Composition, Installation, compose, content_hash};
use tessera_kernel::{
    Actor, FixedClock, Instant, ObjectId, Problem, ProblemKind, RandomIds, Registry, Source,
};
use tessera_store_sqlite::{Options, SqliteStore};

use crate::call::{Call, Verb};
use crate::play::Play;
use crate::shop::Shop;
use crate::simulation::chaos::{Chaos, Trouble};
use crate::simulation::story::{GUEST, Move, Seen, Turn, USERS, is_steady};
use crate::simulation::{checks, listener};
use crate::world::{START, World, morning};

/// What must never happen, in a sentence.
pub(crate) type Outcome<T> = Result<T, String>;

/// The world in which every run begins, made once.
struct Beginning {
    play: Play,
    file: PathBuf,
}

static BEGINNING: LazyLock<Beginning> = LazyLock::new(|| {
    let (folder, clock) = (folder(), Arc::new(FixedClock::at(morning(START))));
    let (installation, store) = open(&folder.path().join("world.db"), clock.clone(), 0);
    let file = folder.path().join("beginning.db");
    let play = Play::in_shop(Shop::in_world(World::around(installation, clock, folder)));
    tessera_kernel::Store::backup(&*store, &file, &mut |_, _| {}).unwrap();
    Beginning { play, file }
});

/// A folder in memory, where there is one.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.unwrap()
}

/// Opens an installation with a listener on a store that can fail. Seeds of ids are never the same.
fn open(path: &Path, clock: Arc<FixedClock>, ids: u64) -> (Installation, Arc<Chaos>) {
    let options = Options {
        sync: false,
        readers: 1,
        cache_mib: 8,
        // A batch is what is queued when it begins, however long it takes.
        batch_time: Duration::from_secs(3_600),
        ..Options::creating()
    };
    let store = Arc::new(Chaos::over(SqliteStore::open(path, options).unwrap()));
    let shipped = compose(None).unwrap_or_else(|problems| panic!("{problems}"));
    let mut modules = shipped.registry.modules().to_vec();
    modules.push(listener::module());
    let composition = Composition { registry: Registry::new(modules), ..shipped };
    let ids = Arc::new(RandomIds::seeded(ids));
    (Installation::of(composition, store.clone(), clock, ids).unwrap(), store)
}

/// A call of a user with its key.
#[derive(Clone, Debug)]
struct Request {
    user: usize,
    key: String,
    call: Call,
}

fn actor(user: usize) -> Actor {
    Actor::user(USERS[user], Source::Token, user != GUEST)
}

/// A run.
pub(crate) struct Run {
    pub(crate) play: Play,
    store: Arc<Chaos>,
    seed: u64,
    lives: u64,
    requests: usize,
    answered: Vec<(Request, Value)>,
    /// Keys of requests that were kept, although their users were told of a failure.
    unheard: HashSet<String>,
    /// The version of an object that a user saw first.
    seen: HashMap<(usize, ObjectId), i64>,
    /// What happened, line by line.
    pub(crate) trace: Vec<String>,
}

impl Run {
    pub(crate) fn begin(seed: u64) -> Self {
        let beginning = &*BEGINNING;
        let (folder, clock) = (folder(), Arc::new(FixedClock::at(beginning.play.shop.now())));
        let file = folder.path().join("0.db");
        std::fs::copy(&beginning.file, &file).unwrap();
        let (installation, store) = open(&file, clock.clone(), ids_of(seed, 0));
        let world = World::around(installation, clock, folder);
        let shop = beginning.play.shop.copied_to(world);
        let play = Play { shop, made: beginning.play.made.clone() };
        Self {
            play,
            store,
            seed,
            lives: 0,
            requests: 0,
            answered: Vec::new(),
            unheard: HashSet::new(),
            seen: HashMap::new(),
            trace: Vec::new(),
        }
    }

    /// Plays a story to its end; answers the hash of what the database holds then.
    pub(crate) fn play(&mut self, story: &[Move]) -> Outcome<String> {
        for next in story {
            self.take(next)?;
            if is_steady(self.seed)
                && let Some(broken) = self.play.broken_rule()
            {
                return Err(broken);
            }
        }
        self.crash()?;
        self.listen(None)?;
        checks::at_the_end(&self.play, &BEGINNING.play.made)?;
        for (request, answer) in self.answered.clone() {
            self.repeat(&request, &answer)?;
        }
        Ok(self.hash())
    }

    fn take(&mut self, next: &Move) -> Outcome<()> {
        match next {
            Move::Commands { turns, troubles, crashes } => {
                self.commands(turns, troubles, *crashes)?;
            }
            Move::Repeat { which } => {
                let at = self.answered.len().checked_sub(1 + which % self.answered.len().max(1));
                let Some((request, answer)) = at.map(|at| self.answered[at].clone()) else {
                    return Ok(());
                };
                self.repeat(&request, &answer)?;
            }
            Move::Crash => self.crash()?,
            Move::Listen { trouble } => self.listen(*trouble)?,
            Move::Days(days) => self.pass_days(*days)?,
            Move::Seconds(seconds) => self.shift(i64::from(*seconds)),
            Move::Leap(days) => self.shift(i64::from(*days) * 86_400),
            Move::Back(hours) => self.shift(-i64::from(*hours) * 3_600),
        }
        Ok(())
    }

    fn note(&mut self, line: String) {
        self.trace.push(line);
    }

    fn now(&self) -> Instant {
        self.play.shop.now()
    }

    fn shift(&mut self, seconds: i64) {
        let now = self.now().plus_seconds(seconds);
        self.play.shop.set_clock(now);
        self.note(format!("the clock shows {now}"));
    }

    /// What was announced arrives before its day is over.
    fn pass_days(&mut self, days: u8) -> Outcome<()> {
        for call in self.play.arrivals(usize::from(days)) {
            let request = self.request(0, call);
            self.send(vec![request], &[], false)?;
        }
        self.shift(i64::from(days) * 86_400);
        Ok(())
    }

    fn request(&mut self, user: usize, call: Call) -> Request {
        self.requests += 1;
        Request { user, key: format!("key {}", self.requests), call }
    }

    fn commands(&mut self, turns: &[Turn], troubles: &[Trouble], crashes: bool) -> Outcome<()> {
        let mut requests = Vec::new();
        for turn in turns {
            for mut call in self.play.plan(turn.step) {
                if let Verb::Change(id, version) = &mut call.verb {
                    *version = self.version_seen(turn, call.object, *id);
                }
                requests.push(self.request(turn.user, call));
            }
        }
        self.send(requests, troubles, crashes)
    }

    fn version_seen(&mut self, turn: &Turn, object: &str, id: ObjectId) -> Option<i64> {
        let now = checks::version(&self.play.shop, object, id);
        let first = *self.seen.entry((turn.user, id)).or_insert(now);
        match turn.seen {
            Seen::Any => None,
            Seen::Now => Some(now),
            Seen::Earlier => Some(first),
        }
    }

    /// Sends requests together, and again what was not heard of, as long as there is trouble left.
    fn send(
        &mut self,
        mut requests: Vec<Request>,
        troubles: &[Trouble],
        crashes: bool,
    ) -> Outcome<()> {
        let mut troubles = troubles.iter().copied();
        while !requests.is_empty() {
            let trouble = troubles.next();
            let before = self.hash();
            let versions: Vec<Option<i64>> = requests
                .iter()
                .map(|request| match request.call.verb {
                    Verb::Change(id, _) => {
                        Some(checks::version(&self.play.shop, request.call.object, id))
                    }
                    _ => None,
                })
                .collect();
            let outcomes = self.batch(&requests, trouble);
            let kept = self.store.kept();
            let mut unheard = Vec::new();
            for (at, (request, outcome)) in requests.into_iter().zip(outcomes).enumerate() {
                self.note(shown(&request, trouble, &outcome));
                // Also where a call before kept it and its user heard nothing of that.
                let was_kept = kept.get(at).copied().unwrap_or_default()
                    || self.unheard.contains(&request.key);
                checks::recalled(&self.play.shop, &actor(request.user), &request.key, was_kept)?;
                match outcome {
                    Ok(answer) => self.acknowledge(request, answer, was_kept, versions[at])?,
                    Err(problem) if trouble.is_some() && is_fault(&problem) => {
                        if was_kept {
                            self.unheard.insert(request.key.clone());
                        }
                        unheard.push(request);
                    }
                    Err(problem) => refused(&request, &problem, was_kept)?,
                }
            }
            if !kept.contains(&true) && self.hash() != before {
                return Err("what was not kept left a trace".to_string());
            }
            if trouble.is_some() {
                checks::cache(&self.play)?;
            }
            if crashes && trouble.is_some() {
                self.crash()?;
            }
            requests = unheard;
        }
        Ok(())
    }

    /// Runs requests in one batch.
    fn batch(
        &mut self,
        requests: &[Request],
        trouble: Option<Trouble>,
    ) -> Vec<Result<Value, Problem>> {
        self.store.arm(trouble);
        self.store.gather();
        let (sender, receiver) = mpsc::channel();
        for (at, request) in requests.iter().cloned().enumerate() {
            let sender = sender.clone();
            let done = move |outcome| sender.send((at, outcome)).unwrap();
            let actor = actor(request.user);
            let run = move |tx: &mut tessera_kernel::Tx<'_>| {
                let (key, text) = (&request.key, request.call.to_string());
                let kept = Kept { status: 200, secret: None };
                idempotency::once(tx, key, &text, kept, |tx| request.call.perform(tx))
                    .map(|(answer, _)| answer)
            };
            self.play.shop.installation.db().submit(actor, run, done);
        }
        drop(sender);
        self.store.release();
        let mut outcomes: Vec<_> = receiver.iter().collect();
        outcomes.sort_by_key(|(at, _)| *at);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    fn acknowledge(
        &mut self,
        request: Request,
        answer: Value,
        was_kept: bool,
        version: Option<i64>,
    ) -> Outcome<()> {
        if !was_kept {
            return Err(format!("{} was acknowledged and not kept", request.call));
        }
        if request.user == GUEST {
            return Err(format!("a guest did {}", request.call));
        }
        if let (Verb::Change(_, Some(seen)), Some(version)) = (request.call.verb, version)
            && seen < version
            && !self.unheard.contains(&request.key)
        {
            return Err(format!("a stale write was kept: {}", request.call));
        }
        self.play.made.learn(&request.call, &answer);
        self.answered.push((request, answer));
        Ok(())
    }

    /// What was answered is answered the same, and has no effect a second time.
    fn repeat(&mut self, request: &Request, answer: &Value) -> Outcome<()> {
        let before = self.hash();
        let outcome = self.batch(std::slice::from_ref(request), None).remove(0);
        if outcome.as_ref() != Ok(answer) {
            return Err(format!(
                "{} was answered {answer}, and the second time {outcome:?}",
                request.call
            ));
        }
        if self.hash() != before {
            return Err(format!("{} had its effect twice", request.call));
        }
        Ok(())
    }

    /// The process dies: what is in its memory is lost, and so is what it had not written. It starts
    /// on what its files hold at that moment.
    fn crash(&mut self) -> Outcome<()> {
        let before = self.hash();
        let shop = &mut self.play.shop;
        let file = |life: u64, suffix: &str| shop.folder().join(format!("{life}.db{suffix}"));
        let next = self.lives + 1;
        for suffix in ["", "-wal"] {
            std::fs::copy(file(self.lives, suffix), file(next, suffix)).unwrap();
        }
        let (installation, store) = open(&file(next, ""), shop.clock(), ids_of(self.seed, next));
        (shop.installation, self.store, self.lives) = (installation, store, next);
        self.note("the process dies and starts anew".to_string());
        if self.hash() != before {
            return Err("a crash lost or changed what was kept".to_string());
        }
        checks::verified(&self.play.shop)
    }

    fn listen(&mut self, trouble: Option<Trouble>) -> Outcome<()> {
        self.store.arm(trouble);
        let outcome = Dispatcher::drain(self.play.shop.installation.db());
        self.store.arm(None);
        let failed = if outcome.is_err() { "fails" } else { "works" };
        self.note(format!("listening {failed} ({trouble:?})"));
        match (outcome, trouble) {
            (Err(fault), None) => Err(format!("listening failed: {fault}")),
            _ => Ok(()),
        }
    }

    fn hash(&self) -> String {
        content_hash(self.play.shop.installation.db(), &mut |_, _| {}).unwrap().to_string()
    }
}

/// Whether the problem is the program's, and not an answer.
fn is_fault(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::Unavailable | ProblemKind::Internal)
}

fn refused(request: &Request, problem: &Problem, was_kept: bool) -> Outcome<()> {
    if was_kept {
        return Err(format!("{} was refused and kept", request.call));
    }
    if is_fault(problem) {
        return Err(format!("{} failed: {problem}", request.call));
    }
    if request.user == GUEST && problem.kind != ProblemKind::Forbidden {
        return Err(format!("a guest was told more than that it is forbidden: {problem}"));
    }
    Ok(())
}

fn shown(request: &Request, trouble: Option<Trouble>, outcome: &Result<Value, Problem>) -> String {
    let Request { user, key, call } = request;
    let trouble = trouble.map_or(String::new(), |trouble| format!(" [{trouble:?}]"));
    let outcome = match outcome {
        Ok(answer) => format!("done {:.120}", answer.to_string()),
        Err(problem) => format!("{:?}: {problem}", problem.kind),
    };
    format!("{} ({key}): {call}{trouble} -> {outcome}", USERS[*user])
}

/// Ids of different lives and runs differ.
fn ids_of(seed: u64, life: u64) -> u64 {
    (seed + 1).wrapping_mul(0x1_0000).wrapping_add(life)
}
