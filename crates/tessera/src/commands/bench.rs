//! `tessera bench sd`

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use tessera_bench::{Options, Report, STEPS, Via, run as measure};

use crate::error::CommandError;

/// Benchmarks.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    workload: Workload,
}

#[derive(Debug, Subcommand)]
enum Workload {
    /// Sales and distribution: order, delivery, display, goods issue, list, invoice.
    Sd(Sd),
}

/// How the steps are called.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    Embedded,
    Http,
}

#[derive(Debug, Args)]
struct Sd {
    /// Measured time, after the warm-up.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Warm-up time.
    #[arg(long, default_value_t = 5)]
    warm_up: u64,
    /// Clients at once.
    #[arg(long, default_value_t = 32)]
    clients: usize,
    /// Through the modules in this process, or through the HTTP API over loopback.
    #[arg(long, value_enum, default_value = "embedded")]
    via: Way,
    /// Cycles per second in all, to see latencies at that load; else as fast as it goes.
    #[arg(long)]
    rate: Option<u64>,
    /// Products that are ordered, of 1,000: with 1, all orders are for one stock row.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    products: u16,
    /// Full cycles to run first, so that the database is that large.
    #[arg(long, default_value_t = 0)]
    prefill: u64,
    /// Database, sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE, empty or of an earlier
    /// run; else a new file that is removed afterwards.
    #[arg(long)]
    db: Option<String>,
    /// Notes every write that was answered in this file, a line each, right after the answer:
    /// for tests that kill the program.
    #[arg(long)]
    acknowledged: Option<std::path::PathBuf>,
    /// Archives every commit of the database file in this folder, as a server may.
    #[arg(long, value_name = "FOLDER")]
    archive: Option<std::path::PathBuf>,
    /// Leaves the floor out.
    #[arg(long)]
    no_floor: bool,
    /// Prints one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: &Bench) -> Result<ExitCode, CommandError> {
    let Workload::Sd(sd) = &command.workload;
    if sd.clients == 0 || sd.seconds == 0 {
        return Err(CommandError::Input("--clients and --seconds must be more than 0".into()));
    }
    let options = Options {
        seconds: sd.seconds,
        warm_up: sd.warm_up,
        clients: sd.clients,
        via: match sd.via {
            Way::Embedded => Via::Embedded,
            Way::Http => Via::Http,
        },
        rate: sd.rate,
        prefill: sd.prefill,
        db: sd.db.clone(),
        acknowledged: sd.acknowledged.clone(),
        archive: sd.archive.clone(),
        products: usize::from(sd.products),
        floor: !sd.no_floor,
    };
    let report = measure(&options, &|what| eprintln!("{what}"))?;
    if sd.json {
        println!("{}", report.to_json());
    } else {
        print(&report);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(report: &Report) {
    println!("{} cycles in {:.1} s, {} clients", report.cycles, report.seconds, report.clients);
    println!("{:>12.1} cycles/s", report.cycles_per_s());
    println!("{:>12.0} order items/h", report.line_items_per_hour());
    println!(
        "{:>12.0} SAPS-equivalent (the workload's shape, not a certified result)",
        report.saps_equivalent()
    );
    println!(
        "{:>12.3} of the floor ({:.1} cycles/s of {:.1} bare statements)",
        report.ratio_to_floor(),
        report.floor_cycles_per_s,
        report.writes_per_cycle
    );
    println!("{:>12.0} MB resident", report.rss_mb);
    println!("{:>12.0} bytes per cycle", report.bytes_per_cycle);
    println!("{:18} {:>8} {:>8} {:>8}", "ms", "p50", "p95", "p99");
    for (step, figures) in STEPS.iter().zip(&report.steps) {
        println!("{step:18} {:>8.2} {:>8.2} {:>8.2}", figures.p50, figures.p95, figures.p99);
    }
}
