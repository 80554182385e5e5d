//! Runs the workload with the defaults: `cargo run --release --example sd -- [seconds] [http]`.

use tessera_bench::{Options, Via, run};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(10);
    let via = if arguments.iter().any(|a| a == "http") { Via::Http } else { Via::Embedded };
    let options = Options { seconds, via, warm_up: 3, ..Options::default() };
    match run(&options, &|what| eprintln!("{what}")) {
        Ok(report) => println!("{}", report.to_json()),
        Err(error) => eprintln!("{error}"),
    }
}
