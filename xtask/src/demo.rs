//! `cargo xtask demo`: the demo company, served.

use crate::command::run as execute;

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let listen = arguments
        .iter()
        .position(|argument| argument == "--listen")
        .and_then(|position| arguments.get(position + 1))
        .map_or("127.0.0.1:8080", String::as_str);
    execute("cargo", &["build", "--release", "--package", "tessera"])?;
    let program = crate::command::root().join("target/release/tessera");
    let program = program.display().to_string();
    let folder = crate::command::root().join("demo");
    std::fs::create_dir_all(&folder).map_err(|error| format!("demo: {error}"))?;
    let database = format!("sqlite:{}", folder.join("demo.db").display());
    execute(&program, &["demo", "--db", &database])?;
    if arguments.iter().any(|argument| argument == "--no-serve") {
        return Ok(());
    }
    execute(&program, &["serve", "--db", &database, "--listen", listen])
}
