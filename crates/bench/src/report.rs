//! The figures of a run.

use serde_json::{Value, json};

use crate::STEPS;

/// Latencies of one step, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct StepFigures {
    /// Half of the steps were at most so long.
    pub p50: f64,
    /// 95 of 100.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
}

impl StepFigures {
    /// Percentiles by nearest rank.
    pub(crate) fn of(mut nanoseconds: Vec<u64>) -> Self {
        nanoseconds.sort_unstable();
        let at = |percent: usize| -> f64 {
            if nanoseconds.is_empty() {
                return 0.0;
            }
            let rank = (nanoseconds.len() * percent).div_ceil(100).max(1) - 1;
            nanoseconds[rank] as f64 / 1e6
        };
        Self { p50: at(50), p95: at(95), p99: at(99) }
    }
}

/// The figures of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// How the steps were called.
    pub via: &'static str,
    /// Clients at once.
    pub clients: usize,
    /// Orders in the database when the measured part began.
    pub orders_before: u64,
    /// Measured time in seconds.
    pub seconds: f64,
    /// Cycles in it.
    pub cycles: u64,
    /// Floor, in cycles per second.
    pub floor_cycles_per_s: f64,
    /// Statements that write, per cycle.
    pub writes_per_cycle: f64,
    /// Commands per durable commit.
    pub commands_per_commit: f64,
    /// By step.
    pub steps: [StepFigures; 6],
    /// Resident memory at the end.
    pub rss_mb: f64,
    /// Growth of the database per cycle.
    pub bytes_per_cycle: f64,
}

impl Report {
    /// Cycles per second.
    pub fn cycles_per_s(&self) -> f64 {
        self.cycles as f64 / self.seconds
    }

    /// Order items per hour.
    pub fn line_items_per_hour(&self) -> f64 {
        self.cycles_per_s() * 5.0 * 3_600.0
    }

    /// 100 SAPS are 2,000 fully processed order line items per hour.
    pub fn saps_equivalent(&self) -> f64 {
        self.line_items_per_hour() / 20.0
    }

    /// Rate over the floor's.
    pub fn ratio_to_floor(&self) -> f64 {
        if self.floor_cycles_per_s > 0.0 {
            self.cycles_per_s() / self.floor_cycles_per_s
        } else {
            0.0
        }
    }

    /// The figures as one JSON object.
    pub fn to_json(&self) -> Value {
        let round = |value: f64| (value * 1_000.0).round() / 1_000.0;
        let mut steps = serde_json::Map::new();
        for (name, figures) in STEPS.iter().zip(&self.steps) {
            let (p50, p95, p99) = (round(figures.p50), round(figures.p95), round(figures.p99));
            steps.insert((*name).into(), json!({ "p50": p50, "p95": p95, "p99": p99 }));
        }
        json!({
            "workload": "sd",
            "note": "the workload's shape, not a certified result",
            "via": self.via,
            "clients": self.clients,
            "orders_before": self.orders_before,
            "seconds": round(self.seconds),
            "cycles": self.cycles,
            "cycles_per_s": round(self.cycles_per_s()),
            "line_items_per_hour": self.line_items_per_hour().round(),
            "saps_equivalent": self.saps_equivalent().round(),
            "floor_cycles_per_s": round(self.floor_cycles_per_s),
            "ratio_to_floor": round(self.ratio_to_floor()),
            "writes_per_cycle": round(self.writes_per_cycle),
            "commands_per_commit": round(self.commands_per_commit),
            "steps": steps,
            "rss_mb": round(self.rss_mb),
            "bytes_per_cycle": self.bytes_per_cycle.round(),
        })
    }
}
