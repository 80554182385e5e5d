//! Figures for Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hashbrown::HashMap;

/// Upper bounds of the buckets, in microseconds.
const BOUNDS: [u64; 12] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// Durations by bucket.
#[derive(Default)]
struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

impl Histogram {
    fn note(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = BOUNDS.iter().position(|bound| micros <= *bound) {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn write(&self, out: &mut String, name: &str, labels: &str) {
        let separator = if labels.is_empty() { "" } else { "," };
        let mut sum = 0;
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
            sum += bucket.load(Ordering::Relaxed);
            let bound = seconds(bound);
            line(out, &format!("{name}_bucket{{{labels}{separator}le=\"{bound}\"}}"), sum);
        }
        let count = self.count.load(Ordering::Relaxed);
        line(out, &format!("{name}_bucket{{{labels}{separator}le=\"+Inf\"}}"), count);
        line(out, &format!("{name}_count{{{labels}}}"), count);
        let total = seconds(self.micros.load(Ordering::Relaxed));
        line(out, &format!("{name}_sum{{{labels}}}"), total);
    }
}

/// Microseconds as seconds, without a float.
fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn line(out: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a text can't fail.
    let _ = writeln!(out, "{name} {value}");
}

fn head(out: &mut String, name: &str, ty: &str, help: &str) {
    // Writing to a text can't fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {ty}");
}

#[derive(Default)]
struct Operation {
    took: Histogram,
    /// Answers by hundred of their status: 1xx to 5xx.
    statuses: [AtomicU64; 5],
}

/// Figures of a running server.
#[derive(Default)]
pub(crate) struct Metrics {
    operations: RwLock<HashMap<String, Arc<Operation>>>,
    commands: Histogram,
    refused: AtomicU64,
    waiting: AtomicU64,
}

/// A command that waits for its commit; counted until dropped.
pub(crate) struct Waiting<'m>(&'m Metrics);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Notes an answered request.
    pub(crate) fn answered(&self, operation: &str, status: u16, took: Duration) {
        let operation = self.operation(operation);
        operation.took.note(took);
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        operation.statuses[class].fetch_add(1, Ordering::Relaxed);
    }

    fn operation(&self, name: &str) -> Arc<Operation> {
        let known = self.operations.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(name) {
            return found.clone();
        }
        drop(known);
        let mut operations = self.operations.write().unwrap_or_else(PoisonError::into_inner);
        operations.entry(name.to_string()).or_default().clone()
    }

    /// A command was queued.
    pub(crate) fn command_started(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    /// A command was answered.
    pub(crate) fn command_done(&self, took: Duration, kept: bool) {
        self.commands.note(took);
        if !kept {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Everything in Prometheus' text format.
    pub(crate) fn text(&self, gauges: &[(String, &'static str, u64)]) -> String {
        let mut out = String::new();
        let operations = self.operations.read().unwrap_or_else(PoisonError::into_inner);
        let operations: BTreeMap<&String, &Arc<Operation>> = operations.iter().collect();
        let name = "tessera_http_requests_total";
        head(&mut out, name, "counter", "Requests by operation and class of status.");
        for (operation, figures) in &operations {
            for (class, count) in figures.statuses.iter().enumerate() {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let labels = format!("operation=\"{operation}\",status=\"{}xx\"", class + 1);
                    line(&mut out, &format!("{name}{{{labels}}}"), count);
                }
            }
        }
        let name = "tessera_http_request_duration_seconds";
        head(&mut out, name, "histogram", "Time from the head of a request to its answer.");
        for (operation, figures) in &operations {
            figures.took.write(&mut out, name, &format!("operation=\"{operation}\""));
        }
        let name = "tessera_command_duration_seconds";
        head(&mut out, name, "histogram", "Time from queueing a command to its durable commit.");
        self.commands.write(&mut out, name, "");
        let name = "tessera_commands_refused_total";
        head(&mut out, name, "counter", "Commands that left no trace.");
        line(&mut out, name, self.refused.load(Ordering::Relaxed));
        let name = "tessera_commands_waiting";
        head(&mut out, name, "gauge", "Commands queued and not yet answered.");
        line(&mut out, name, self.waiting.load(Ordering::Relaxed));
        let mut last = "";
        for (series, help, value) in gauges {
            let name = series.split('{').next().unwrap_or(series);
            if name != last {
                head(&mut out, name, "gauge", help);
                last = name;
            }
            line(&mut out, series, value);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_times_exact() {
        let metrics = Metrics::default();
        metrics.answered("product.list", 200, Duration::from_micros(700));
        metrics.answered("product.list", 404, Duration::from_micros(30_000));
        let text = metrics.text(&[("tessera_x{a=\"1\"}".into(), "X.", 3)]);
        for expected in [
            "tessera_http_requests_total{operation=\"product.list\",status=\"2xx\"} 1",
            "tessera_http_requests_total{operation=\"product.list\",status=\"4xx\"} 1",
            "_bucket{operation=\"product.list\",le=\"0.000500\"} 0",
            "_bucket{operation=\"product.list\",le=\"0.001000\"} 1",
            "_bucket{operation=\"product.list\",le=\"0.050000\"} 2",
            "_bucket{operation=\"product.list\",le=\"+Inf\"} 2",
            "_sum{operation=\"product.list\"} 0.030700",
            "# TYPE tessera_x gauge\ntessera_x{a=\"1\"} 3",
        ] {
            assert!(text.contains(expected), "{expected} is not in\n{text}");
        }
    }
}
