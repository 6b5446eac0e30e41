//! `make bench`: what a request costs, each figure beside a limit measured in the same run.
//!
//! The server is the release binary in a process of its own, so that its CPU time (and that of
//! PostgreSQL) can be read from `/proc`. A rate counts only right answers: status, ids and counts
//! are checked. Nothing here fails a build; people read the table.
//!
//! Settings: `BENCH_USERS` (100,000), `BENCH_SECONDS` a scenario (5), `BENCH_POSTGRES` (URL of a
//! scratch database; without it the PostgreSQL half is left out and the table says so).

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on should stop, and it measures time itself"
)]

mod client;
mod limit;
mod measure;
mod report;
mod scenario;
mod server;

use report::Table;
use server::Engine;

/// What a run was asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Users pushed before anything is measured.
    pub users: usize,
    /// How long each scenario runs, in seconds.
    pub seconds: u64,
}

#[tokio::main]
async fn main() {
    // With `--limit PORT ...` this is one of the limits, in a process of its own.
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--limit") {
        return limit::serve(&arguments[at + 1..]).await;
    }
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
    };
    let plan =
        Plan { users: number("BENCH_USERS", 100_000), seconds: number("BENCH_SECONDS", 5) as u64 };
    let mut engines = vec![Engine::Sqlite];
    match std::env::var("BENCH_POSTGRES") {
        Ok(url) => engines.push(Engine::Postgres(url)),
        Err(_) => println!("BENCH_POSTGRES is not set: PostgreSQL is left out of this table."),
    }
    let mut table = Table::new(&plan);
    for engine in engines {
        scenario::run(&engine, &plan, &mut table).await;
    }
    table.print();
}
