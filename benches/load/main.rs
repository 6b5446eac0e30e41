//! `make bench`: what a request costs, each figure beside a limit measured in the same run.
//!
//! The server is the release binary in a process of its own, so that its CPU time (and that of
//! PostgreSQL) can be read from `/proc`. A rate counts only right answers: status, ids and counts
//! are checked. Nothing here fails a build; people read the table.
//!
//! Settings: `BENCH_USERS` (100,000), `BENCH_SECONDS` a scenario (5), `BENCH_FULL=1` (1,000,000
//! users and groups of 100,000 besides, without the rows of rules), `BENCH_POSTGRES` (URL of a
//! scratch database; without it the PostgreSQL half is left out and the table says so),
//! `BENCH_SQLITE=0` (leaves the other half out).

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on should stop, and it measures time itself"
)]

mod access;
mod client;
mod groups;
mod limit;
mod measure;
mod pages;
mod people;
mod report;
mod rules;
mod scenario;
mod server;
mod sign_in;
mod users;

use report::Table;
use server::Engine;

/// What a run was asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Users pushed before anything is measured.
    pub users: usize,
    /// How long each scenario runs, in seconds.
    pub seconds: u64,
    /// Whether the large populations and groups are measured too.
    pub full: bool,
}

impl Plan {
    /// Populations, one after another in the same database.
    pub fn populations(&self) -> Vec<usize> {
        let large = if self.full { 1_000_000 } else { self.users };
        let mut sizes = vec![1_000.min(self.users), self.users, large];
        sizes.dedup();
        sizes
    }

    /// Sizes of groups to which one member is added.
    pub fn groups(&self) -> Vec<usize> {
        let large = if self.full { 100_000 } else { 10_000 };
        let mut sizes: Vec<usize> =
            [100, 10_000, large].into_iter().map(|size| size.min(self.users - 8)).collect();
        sizes.dedup();
        sizes
    }
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
    let plan = Plan {
        users: number("BENCH_USERS", 100_000),
        seconds: number("BENCH_SECONDS", 5) as u64,
        full: number("BENCH_FULL", 0) == 1,
    };
    let mut engines = vec![Engine::Sqlite];
    if std::env::var("BENCH_SQLITE").is_ok_and(|text| text == "0") {
        println!("BENCH_SQLITE is 0: SQLite is left out of this table.");
        engines.clear();
    }
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
