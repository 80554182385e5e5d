//! That the checks see what they are there for: each is shown what it must not accept.

use crate::campaign::{Operation, say};
use crate::checks::{answered_again, verified};
use crate::database::Database;
use crate::database_file::{DatabaseFile, Template};
use crate::dice::dice;
use crate::fault::Fault as _;
use crate::file_on_disk::FileOnDisk;
use crate::power_loss::PowerLoss;
use crate::users::{Heard, Reaction};

/// An installation whose users have done some work, with the content of its database before.
fn at_work() -> (Operation<DatabaseFile>, [Vec<u8>; 2]) {
    let mut operation =
        Operation::start(DatabaseFile::copy_of(&Template::make()), &mut dice("proof", 0));
    work(&mut operation);
    operation.site.kill_all();
    let content = operation.site.database.content();
    operation.site.attend();
    work(&mut operation);
    (operation, content)
}

/// Every user gets some steps done.
fn work<D: Database>(operation: &mut Operation<D>) {
    let front = operation.site.front.clone();
    for user in &mut operation.users {
        for _ in 0..3 {
            user.step(&front, &|_| Reaction::Complain).unwrap();
        }
    }
}

#[test]
fn a_check_complains_of_what_was_lost_done_twice_answered_otherwise_and_of_a_broken_database() {
    let (mut operation, content) = at_work();
    operation.checked().unwrap();
    let heard = |operation: &Operation<DatabaseFile>| -> Vec<Heard> {
        operation.users.iter().flat_map(|user| user.heard.clone()).collect()
    };
    let all = heard(&operation);
    answered_again(&operation.site.front, all.iter()).unwrap();

    // The users know less than was done.
    let told = operation.users[0].heard.pop().unwrap();
    let found = operation.checked().unwrap_err();
    assert!(found.contains("duplicated") || found.contains("movements"), "{found}");
    // They were told the same twice.
    operation.users[0].heard.push(told.clone());
    operation.users[0].heard.push(told.clone());
    let found = operation.checked().unwrap_err();
    assert!(found.contains("told twice"), "{found}");
    operation.users[0].heard.pop();
    // They were told something else.
    let mut other = told.clone();
    other.answer.body = other.answer.body.replace("ada", "bob");
    let found = answered_again(&operation.site.front, [&other].into_iter()).unwrap_err();
    assert!(found.contains("is now"), "{found}");

    // The database is that of a while ago.
    operation.site.kill_all();
    operation.site.database.replace(&content);
    operation.site.attend();
    let found = operation.checked().unwrap_err();
    assert!(found.starts_with("lost"), "{found}");
    // A request of which the key was lost is done again, and is not taken for an answer.
    let found = answered_again(&operation.site.front, [&told].into_iter()).unwrap_err();
    assert!(found.contains("is now"), "{found}");

    // Half of the file is missing.
    operation.site.kill_all();
    let half = content[0][..content[0].len() / 2].to_vec();
    operation.site.database.replace(&[half, Vec::new()]);
    verified(&operation.site.database.url()).unwrap_err();
}

#[test]
fn a_check_complains_of_a_commit_that_was_answered_and_that_the_disk_did_not_have() {
    let database = match FileOnDisk::unsynced(&Template::make()) {
        Ok(database) => database,
        Err(why) => return say(format!("skipped, not passed: {why}\n")),
    };
    let mut dice = dice("unsynced", 0);
    let mut operation = Operation::start(database, &mut dice);
    operation.site.database.disk.sync();
    work(&mut operation);
    operation.checked().unwrap();
    PowerLoss.strike(&mut operation.site, &mut dice);
    operation.site.attend();
    let found = operation.checked().unwrap_err();
    assert!(found.starts_with("lost"), "{found}");
}
