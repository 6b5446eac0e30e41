//! Logs and metrics: one line per request, no personal values.
//!
//! Routes are logged and counted by their pattern (`/api/v1/users/{id}`), never by their path, so
//! that no id or link lands in either. Logs go to stderr, because stdout is what commands answer.
//! Every name of a metric is a constant here. Reads of the machine's monotonic clock are here too.

use std::io::{IsTerminal, stderr};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, Settings};

/// Counts answered requests, by `method`, `route` and `status`.
pub const HTTP_REQUESTS: &str = "portico_http_requests_total";

/// How long requests took, in seconds, by `method` and `route`.
pub const HTTP_REQUEST_SECONDS: &str = "portico_http_request_duration_seconds";

/// Counts requests of SCIM clients, by `method`, `resource` and class of `status`.
pub const SCIM_REQUESTS: &str = "portico_scim_requests_total";

/// Counts entries that the journals of directories lost: the queue was full, or nobody took them.
pub const JOURNAL_LOST: &str = "portico_journal_lost_total";

/// Counts SAML messages whose verification took too long or failed by itself.
pub const SAML_GIVEN_UP: &str = "portico_saml_given_up_total";

/// Counts entries that were written into the journals of directories.
pub const JOURNAL_ENTRIES: &str = "portico_journal_entries_total";

/// Counts the transactions that wrote them.
pub const JOURNAL_BATCHES: &str = "portico_journal_batches_total";

/// Upper bounds of the buckets in which durations are counted, in seconds.
const SECONDS_BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The route of a request that no route matched.
pub const ROUTE_NONE: &str = "none";

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is none; settings that were checked have one.
    #[error("the log filter cannot be read")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody else logs in this process already.
    #[error("the log of this process is already set")]
    LogTaken(#[from] tracing_subscriber::util::TryInitError),
    /// Somebody else counts in this process already.
    #[error("the metrics of this process are already set")]
    MetricsTaken,
    /// The buckets are none.
    #[error("the buckets of the metrics cannot be used")]
    Buckets(#[from] BuildError),
}

/// Starts the log of this process, to stderr.
///
/// # Errors
/// [`TelemetryError::LogTaken`] at a second call.
pub fn start_log(settings: &Settings) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&settings.log)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    match settings.log_format {
        LogFormat::Pretty => lines.with_ansi(stderr().is_terminal()).finish().try_init()?,
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}

/// What this process counts, and how it is shown.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// The metrics of this process; they start at the first call, and every later one gives the
    /// same.
    ///
    /// # Errors
    /// [`TelemetryError::MetricsTaken`] when another recorder was installed first.
    pub fn start() -> Result<Self, TelemetryError> {
        static STARTED: OnceLock<PrometheusHandle> = OnceLock::new();
        static STARTING: std::sync::Mutex<()> = std::sync::Mutex::new(());
        // Nothing is guarded but the order, so a poisoned lock is as good as another.
        let _turn = STARTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(handle) = STARTED.get() {
            return Ok(Self(handle.clone()));
        }
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)?
            .build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|_| TelemetryError::MetricsTaken)?;
        describe_counter!(HTTP_REQUESTS, "Answered requests");
        describe_histogram!(HTTP_REQUEST_SECONDS, Unit::Seconds, "Time to answer a request");
        describe_counter!(SCIM_REQUESTS, "Answered requests of SCIM clients");
        describe_counter!(JOURNAL_LOST, "Entries that journals of directories lost");
        describe_counter!(SAML_GIVEN_UP, "SAML messages whose verification was given up");
        describe_counter!(JOURNAL_ENTRIES, "Entries written into journals of directories");
        describe_counter!(JOURNAL_BATCHES, "Transactions that wrote them");
        Ok(Self(STARTED.get_or_init(|| handle).clone()))
    }

    /// All metrics in Prometheus' text form.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds samples together, so that memory stays bounded when nobody asks for the metrics; to
    /// be called every few seconds.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that measures time")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// A request that was answered, as far as it may be logged.
#[derive(Clone, Copy, Debug)]
pub struct Finished<'a> {
    /// The method; anything but the nine of RFC 9110 and RFC 5789 is counted as `OTHER`.
    pub method: &'a str,
    /// The pattern of the route, [`ROUTE_NONE`] where none matched; never the path.
    pub route: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
    /// Ours, as the answer carries it.
    pub request_id: &'a str,
}

/// Logs and counts one request.
pub fn request_finished(request: &Finished<'_>) {
    let Finished { route, status, took, request_id, .. } = *request;
    let method = known_method(request.method);
    let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
    tracing::info!(method, route, status, duration_ms, request_id, "request finished");
    let (route, status) = (route.to_owned(), status.to_string());
    counter!(HTTP_REQUESTS, "method" => method, "route" => route.clone(), "status" => status)
        .increment(1);
    histogram!(HTTP_REQUEST_SECONDS, "method" => method, "route" => route)
        .record(took.as_secs_f64());
}

/// Counts a request of a SCIM client: what kind of resource it was about, and how it ended.
pub fn scim_finished(method: &'static str, resource: &'static str, status: u16) {
    let class = match status {
        ..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    };
    counter!(SCIM_REQUESTS, "method" => method, "resource" => resource, "status" => class)
        .increment(1);
}

/// Counts a SAML message whose verification was given up.
pub fn saml_given_up() {
    counter!(SAML_GIVEN_UP).increment(1);
}

/// Counts entries that journals lost.
pub fn journal_lost(entries: usize) {
    counter!(JOURNAL_LOST).increment(entries as u64);
}

/// Counts entries that were written into journals, and their transactions.
pub fn journal_written(entries: usize, batches: usize) {
    counter!(JOURNAL_ENTRIES).increment(entries as u64);
    counter!(JOURNAL_BATCHES).increment(batches as u64);
}

/// A method that strangers made up must not become a label of its own.
#[must_use]
pub fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 9] =
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("OTHER")
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    const REQUEST: Finished<'static> = Finished {
        method: "GET",
        route: "/api/v1/users/{id}",
        status: 200,
        took: Duration::from_micros(1_500),
        request_id: "r-1",
    };

    #[test]
    fn a_finished_request_is_one_line() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || request_finished(&REQUEST));
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "request finished");
        assert_eq!(line["method"], "GET");
        assert_eq!(line["route"], "/api/v1/users/{id}");
        assert_eq!(line["status"], 200);
        assert_eq!(line["duration_ms"], 1.5);
        assert_eq!(line["request_id"], "r-1");
    }

    #[test]
    fn metrics_start_once_and_count_requests_by_route() {
        let metrics = Metrics::start().unwrap();
        let again = Metrics::start().unwrap();
        request_finished(&REQUEST);
        request_finished(&Finished { method: "BREW", route: ROUTE_NONE, ..REQUEST });
        scim_finished("POST", "Users", 409);
        journal_lost(2);
        journal_written(3, 1);
        metrics.upkeep();
        let text = again.render();
        for line in [
            "requests_total{method=\"GET\",route=\"/api/v1/users/{id}\",status=\"200\"}",
            "portico_http_requests_total{method=\"OTHER\",route=\"none\",status=\"200\"}",
            "portico_http_request_duration_seconds_bucket{method=\"GET\"",
            "requests_total{method=\"POST\",resource=\"Users\",status=\"4xx\"}",
            "portico_journal_lost_total",
            "portico_journal_entries_total",
            "portico_journal_batches_total",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }

    #[test]
    fn a_log_that_is_set_twice_is_an_error_and_no_panic() {
        let settings = Settings::load(&<_>::default(), &<_>::default()).unwrap();
        let first = start_log(&settings);
        let second = start_log(&settings);
        assert!(first.is_ok() || matches!(first, Err(TelemetryError::LogTaken(_))));
        assert!(matches!(second, Err(TelemetryError::LogTaken(_))));
    }
}
