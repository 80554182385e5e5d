//! What users see of an installation: addresses, some of which answer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock, RwLockWriteGuard};

use tessera_kernel::Instant;

use crate::call::{Answer, Request, get, post};

/// Looks at the database whenever an answer was heard, before the next request.
pub(crate) type Witness = Box<dyn Fn() + Send + Sync>;

/// What users see of an installation.
pub(crate) struct Front {
    pub(crate) token: String,
    addresses: Mutex<Vec<Option<String>>>,
    witness: Option<Witness>,
    /// Held for reading through a call and what the witness notes of its answer.
    calls: RwLock<()>,
    heard: AtomicUsize,
    /// The success that was heard last.
    last: Mutex<Option<Answer>>,
    refused: AtomicUsize,
    latest: Mutex<VecDeque<Request>>,
    repeated: Mutex<Vec<(Request, Answer)>>,
    complaints: Mutex<Vec<String>>,
}

/// Requests that are remembered.
const LATEST: usize = 24;

impl Front {
    pub(crate) fn new(token: String, servers: usize, witness: Option<Witness>) -> Self {
        Self {
            token,
            addresses: Mutex::new(vec![None; servers]),
            witness,
            calls: RwLock::default(),
            heard: AtomicUsize::new(0),
            last: Mutex::default(),
            refused: AtomicUsize::new(0),
            latest: Mutex::default(),
            repeated: Mutex::default(),
            complaints: Mutex::default(),
        }
    }

    /// Tells where a server is, or that it is gone.
    pub(crate) fn publish(&self, server: usize, address: Option<&str>) {
        self.addresses.lock().unwrap()[server] = address.map(str::to_string);
    }

    /// The server that a user asks at the n-th attempt; none where it is down.
    pub(crate) fn address(&self, attempt: usize) -> Option<String> {
        let addresses = self.addresses.lock().unwrap();
        addresses[attempt % addresses.len()].clone()
    }

    /// Calls a server; none where no answer is heard.
    pub(crate) fn call(&self, attempt: usize, request: &Request) -> Option<Answer> {
        let address = self.address(attempt)?;
        let _call = self.calls.read().unwrap();
        self.remember(request);
        let answer = post(&address, &self.token, request)?;
        if answer.is_success() {
            self.witness.iter().for_each(|look| look());
            *self.last.lock().unwrap() = Some(answer.clone());
            self.heard.fetch_add(1, Ordering::SeqCst);
        } else {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
        Some(answer)
    }

    /// Successes that were heard so far.
    pub(crate) fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }

    /// When the object that was written last was, as the server's clock has it.
    pub(crate) fn latest_change(&self) -> Option<Instant> {
        let body = self.last.lock().unwrap().as_ref()?.json();
        let object = body.get("documents").map_or(&body, |documents| &documents[0]);
        Instant::parse(object["changed_at"].as_str()?).ok()
    }

    /// Refusals that were heard so far.
    pub(crate) fn refused(&self) -> usize {
        self.refused.load(Ordering::SeqCst)
    }

    /// Waits for the end of all calls and lets none begin: what was heard is then known, and what
    /// the witness noted is complete.
    pub(crate) fn silence(&self) -> RwLockWriteGuard<'_, ()> {
        self.calls.write().unwrap()
    }

    fn remember(&self, request: &Request) {
        let mut latest = self.latest.lock().unwrap();
        if latest.back().is_none_or(|last| last.key != request.key) {
            latest.push_back(request.clone());
        }
        if latest.len() > LATEST {
            latest.pop_front();
        }
    }

    /// The latest requests of all users, some under way.
    pub(crate) fn latest(&self) -> Vec<Request> {
        self.latest.lock().unwrap().iter().cloned().collect()
    }

    /// Notes what a copy of a request was answered, to be compared with what the user was.
    pub(crate) fn compare_later(&self, request: Request, answer: Answer) {
        self.repeated.lock().unwrap().push((request, answer));
    }

    /// Copies of requests with their answers, since this was asked last.
    pub(crate) fn repeated(&self) -> Vec<(Request, Answer)> {
        std::mem::take(&mut self.repeated.lock().unwrap())
    }

    /// Complains where a server that is there can't be read from.
    pub(crate) fn expect_reads(&self) {
        let Some(address) = self.address(0) else { return };
        let answer = get(&address, &self.token, "/api/v1/sales_document?limit=1");
        if !answer.as_ref().is_some_and(Answer::is_success) {
            self.complain(format!("a list of orders is answered {answer:?}"));
        }
    }

    /// Notes what must not be; the campaign ends by it.
    pub(crate) fn complain(&self, what: String) {
        self.complaints.lock().unwrap().push(what);
    }

    /// The first thing that was noted.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.complaints.lock().unwrap().first().cloned()
    }
}
