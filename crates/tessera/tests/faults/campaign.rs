//! A campaign: users work, a fault strikes at a moment that the dice choose, the service comes back,
//! everything is looked at. And again.

use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::call::Answer;
use crate::checks::{There, answered_again, answered_alike, there_once, verified};
use crate::database::Database;
use crate::dice::{Dice, again, dice};
use crate::fault::Fault;
use crate::site::Site;
use crate::tally::Tally;
use crate::users::{Catalogue, Reaction, User};

/// Users of a site.
const USERS: usize = 6;
/// Faults that strike one site, after which a new one is opened: databases stay small, and so does
/// the time that looking at all of them takes.
const ROUNDS: usize = 12;
/// Sites at once.
const SITES: usize = 2;
/// How long the service may take to come back.
const BACK: Duration = Duration::from_secs(30);
/// Attempts at hitting anything in one round.
const ATTEMPTS: usize = 50;

/// How much of each plan runs, in percent: of each kind one to three faults, or all of it, or what is
/// asked for.
fn share() -> usize {
    match std::env::var("TESSERA_FAULTS").as_deref() {
        Err(_) => 2,
        Ok("all") => 100,
        Ok(text) => text.parse().expect("TESSERA_FAULTS is `all`, or a number of percent"),
    }
}

/// Whether faults of this kind are wanted: all, or those whose name has the text in it.
fn is_wanted(kind: &str) -> bool {
    std::env::var("TESSERA_FAULTS_ONLY").map_or(true, |text| kind.contains(&text))
}

/// Faults of one kind and how many of them a full campaign has.
pub(crate) type Kind<D> = (Box<dyn Fault<D>>, usize);

/// Faults that strike sites of one sort.
pub(crate) struct Plan<'p, D> {
    /// Name, from which its chances follow.
    pub(crate) name: &'static str,
    /// Makes the database of a site.
    pub(crate) database: &'p (dyn Fn() -> D + Sync),
    pub(crate) kinds: Vec<Kind<D>>,
}

impl<D: Database> Plan<'_, D> {
    /// Carries the plan out, as much of it as is asked for.
    ///
    /// # Panics
    ///
    /// At the first thing that is wrong, saying what, after which fault, and how it is repeated.
    pub(crate) fn run(&self, tally: &mut Tally) {
        let mut sequence: Vec<usize> = Vec::new();
        for (kind, (fault, count)) in self.kinds.iter().enumerate() {
            if is_wanted(fault.name()) {
                let count = (count * share()).div_ceil(100);
                sequence.extend(std::iter::repeat_n(kind, count));
            }
        }
        dice(self.name, 0).shuffle(&mut sequence);
        let chunks: Vec<&[usize]> = sequence.chunks(ROUNDS).collect();
        let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let counted = Mutex::new(std::mem::take(tally));
        let work = || {
            loop {
                let site = next.fetch_add(1, Ordering::SeqCst);
                let Some(kinds) = chunks.get(site) else { break };
                if let Err(what) = self.site(site + 1, kinds, &counted) {
                    failures.lock().unwrap().push(what);
                    // Nobody begins another one.
                    next.store(chunks.len(), Ordering::SeqCst);
                }
            }
        };
        std::thread::scope(|scope| (0..SITES).for_each(|_| drop(scope.spawn(work))));
        *tally = counted.into_inner().unwrap();
        let failures = failures.into_inner().unwrap();
        assert!(failures.is_empty(), "{}\nso far:\n{tally}", failures.join("\n\n"));
    }

    /// Opens a site and lets these faults strike it.
    fn site(&self, number: usize, kinds: &[usize], tally: &Mutex<Tally>) -> Result<(), String> {
        let mut dice = dice(self.name, number);
        let mut operation = Operation::start((self.database)(), &mut dice);
        let place = format!("{} site {number}; again by {}", self.name, again());
        for (round, kind) in kinds.iter().enumerate() {
            let fault = &*self.kinds[*kind].0;
            let outcome = operation.round(fault, &mut dice);
            let (acknowledged, back) = outcome.map_err(|what| {
                let log = operation.site.log();
                let lines: Vec<&str> = log.lines().collect();
                let last = lines[lines.len().saturating_sub(20)..].join("\n");
                format!("{what}\nafter {} in round {round} of {place}\n{last}", fault.name())
            })?;
            tally.lock().unwrap().survived(fault.name(), acknowledged, back);
        }
        operation.end().map_err(|what| format!("{what}\nat the end of {place}"))
    }
}

/// A site with its users.
pub(crate) struct Operation<D> {
    pub(crate) site: Site<D>,
    pub(crate) users: Vec<User>,
    before: There,
}

impl<D: Database> Operation<D> {
    pub(crate) fn start(database: D, dice: &mut Dice) -> Self {
        let site = Site::open(database);
        let catalogue = Catalogue::of(&site.front);
        let user = |number| User::new(format!("user-{number}"), dice.fork(), catalogue.clone());
        let users = (0..USERS).map(user).collect();
        let before = There::of(&site.database.url());
        Self { site, users, before }
    }

    /// Lets users work and a fault strike until it hits something, and looks at everything. Answers
    /// how many requests were acknowledged, and how long the service took to be back.
    fn round(
        &mut self,
        fault: &dyn Fault<D>,
        dice: &mut Dice,
    ) -> Result<(usize, Duration), String> {
        let known: Vec<usize> = self.users.iter().map(|user| user.heard.len()).collect();
        for _ in 0..ATTEMPTS {
            let (hit, back) = self.strike(fault, dice)?;
            self.check(&known)?;
            if hit {
                let heard: usize = self.users.iter().map(|user| user.heard.len()).sum();
                return Ok((heard - known.iter().sum::<usize>(), back));
            }
        }
        Err(format!("it hit nothing in {ATTEMPTS} attempts"))
    }

    /// Users work while a fault strikes, and until they are answered again.
    fn strike(
        &mut self,
        fault: &dyn Fault<D>,
        dice: &mut Dice,
    ) -> Result<(bool, Duration), String> {
        let (stop, site) = (AtomicBool::new(false), &mut self.site);
        let front = site.front.clone();
        let react = |answer: &Answer| match answer {
            answer if fault.allows(answer) => Reaction::AskAgain,
            answer if fault.is_rightly_refused(answer) => Reaction::GiveUp,
            _ => Reaction::Complain,
        };
        std::thread::scope(|scope| {
            // Also where a strike panics: who waits for users who work on waits for ever.
            let _stop = StopAtEnd(&stop);
            let work: Vec<_> = self
                .users
                .iter_mut()
                .map(|user| scope.spawn(|| user.work(&front, &react, &stop)))
                .collect();
            let wanted = front.heard() + dice.usize(1..=3 * USERS);
            let mut outcome = answered(site, wanted);
            let mut hit = false;
            if outcome.is_ok() {
                std::thread::sleep(Duration::from_micros(dice.u64(..20_000)));
                hit = fault.strike(site, dice);
                outcome = answered(site, front.heard() + 1);
            }
            stop.store(true, Ordering::SeqCst);
            while !work.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                site.attend_for(Duration::from_millis(5));
            }
            for user in work {
                user.join().expect("a user who does not panic")?;
            }
            outcome.map(|back| (hit, back))
        })
    }

    /// Looks at everything; answers that were given before this round are looked at in the end.
    fn check(&self, known: &[usize]) -> Result<(), String> {
        self.checked()?;
        let front = &self.site.front;
        if let Some(complaint) = front.complaint() {
            return Err(complaint);
        }
        answered_alike(front.repeated(), self.users.iter().flat_map(|user| &user.heard))?;
        let new = self.users.iter().zip(known).flat_map(|(user, known)| &user.heard[*known..]);
        answered_again(front, new)
    }

    /// Compares what is there with what was acknowledged.
    pub(crate) fn checked(&self) -> Result<(), String> {
        let url = self.site.database.url();
        let heard = self.users.iter().flat_map(|user| &user.heard);
        there_once(&self.before, &There::of(&url), heard)?;
        verified(&url)
    }

    /// Looks once more, at all answers that were ever given and at the log.
    fn end(&self) -> Result<(), String> {
        answered_again(&self.site.front, self.users.iter().flat_map(|user| &user.heard))?;
        self.checked()?;
        let log = self.site.log();
        match log.lines().find(|line| line.contains("panicked")) {
            Some(line) => Err(format!("a server panicked: {line}")),
            None => Ok(()),
        }
    }
}

/// Ends the work of users when it goes.
struct StopAtEnd<'s>(&'s AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Waits until so many successes were heard, and starts servers again that ended; answers how long
/// it took.
fn answered<D: Database>(site: &mut Site<D>, wanted: usize) -> Result<Duration, String> {
    let start = Instant::now();
    while site.front.heard() < wanted {
        if start.elapsed() > BACK {
            return Err(format!("the service is not back after {BACK:?}"));
        }
        site.attend();
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(start.elapsed())
}

/// Says something aloud: what macros print is shown of failed tests only.
pub(crate) fn say(text: impl std::fmt::Display) {
    // Whoever closed the stream does not want to hear.
    let _ = write!(std::io::stderr(), "{text}");
}
