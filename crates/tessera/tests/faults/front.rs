//! What users see of an installation: addresses, some of which answer.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::call::{Answer, Request, post};

/// Looks at the database whenever an answer was heard, before the next request.
pub(crate) type Witness = Box<dyn Fn() + Send + Sync>;

/// What users see of an installation.
pub(crate) struct Front {
    pub(crate) token: String,
    addresses: Mutex<Vec<Option<String>>>,
    witness: Option<Witness>,
    heard: AtomicUsize,
}

impl Front {
    pub(crate) fn new(token: String, servers: usize, witness: Option<Witness>) -> Self {
        Self {
            token,
            addresses: Mutex::new(vec![None; servers]),
            witness,
            heard: AtomicUsize::new(0),
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
        let answer = post(&address, &self.token, request)?;
        if answer.is_success() {
            self.witness.iter().for_each(|look| look());
            self.heard.fetch_add(1, Ordering::SeqCst);
        }
        Some(answer)
    }

    /// Successes that were heard so far.
    pub(crate) fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }
}
