//! Sends one provider's requests, judges the answers and counts them; shows how far it is.
//!
//! What is kept for each user and group is her id at the server and nothing else. A simulation
//! that meets too many wrong answers stops, as providers put a job into quarantine (E27).

use std::convert::Infallible;
use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::Value;

use super::check::Checked;
use super::report::{FirstCycle, Report, Wrong};
use crate::outbound::scim_client::{Answer, Ask, ScimClient};

/// Wrong answers after which it stops.
pub(super) const WRONG_MAX: u64 = 1_000;
/// Longest text of a stranger that is told, in characters.
const TOLD_CHARS_MAX: usize = 300;
/// How often a terminal sees how far it is.
const TERMINAL_MS: u64 = 200;
/// How often a log file sees it.
const LINES_S: u64 = 5;

/// Ids at the server, by our numbers.
#[derive(Debug)]
pub(super) struct Ids(Vec<OnceLock<Box<str>>>);

impl Ids {
    fn new(count: u32) -> Self {
        Self((0..count).map(|_| OnceLock::new()).collect())
    }

    /// Keeps an id; the first one stays.
    pub(super) fn set(&self, number: u32, id: Box<str>) {
        if let Some(place) = self.0.get(number as usize) {
            // A number is provisioned once, so there is no other to lose.
            let _ = place.set(id);
        }
    }

    /// The id of a number; `None` when its create went wrong.
    pub(super) fn get(&self, number: u32) -> Option<&str> {
        self.0.get(number as usize)?.get().map(AsRef::as_ref)
    }

    /// Those that are known.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|place| place.get().map(AsRef::as_ref))
    }
}

#[derive(Clone, Copy, Debug)]
struct Phase {
    name: &'static str,
    of: u32,
}

/// One simulation under way.
pub(super) struct Player {
    client: ScimClient,
    connections: usize,
    /// How many users there are to be.
    pub(super) users: u32,
    /// How many groups there are to be.
    pub(super) groups: u32,
    /// Users by their numbers.
    pub(super) people: Ids,
    /// Groups by their numbers.
    pub(super) teams: Ids,
    report: Mutex<Report>,
    phase: Mutex<Phase>,
    done: AtomicU32,
}

impl Player {
    pub(super) fn new(client: ScimClient, connections: usize, [users, groups]: [u32; 2]) -> Self {
        Self {
            client,
            connections,
            users,
            groups,
            people: Ids::new(users),
            teams: Ids::new(groups),
            report: Mutex::default(),
            phase: Mutex::new(Phase { name: "start", of: 0 }),
            done: AtomicU32::new(0),
        }
    }

    /// Sends a request and judges the answer; `None` when it was wrong, or when this has stopped.
    pub(super) async fn ask<T>(
        &self,
        operation: &'static str,
        ask: Ask,
        judge: impl FnOnce(&Answer) -> Checked<T>,
    ) -> Option<T> {
        if self.is_stopped() {
            return None;
        }
        let answer = match self.client.send(&ask).await {
            Ok(answer) => answer,
            Err(refused) => {
                let why = plain(&refused.to_string());
                let (status, scim_type, detail) = (None, None, None);
                self.wrong(Wrong { operation, status, scim_type, detail, why }, None);
                return None;
            }
        };
        match judge(&answer) {
            Ok(found) => {
                self.report().right(operation, answer.took);
                Some(found)
            }
            Err(why) => {
                let said = |name: &str| answer.body.get(name).and_then(Value::as_str).map(plain);
                let wrong = Wrong {
                    operation,
                    status: Some(answer.status),
                    scim_type: said("scimType"),
                    detail: said("detail"),
                    why: plain(&why),
                };
                self.wrong(wrong, Some(answer.took));
                None
            }
        }
    }

    /// Notes what is wrong about several right answers taken together.
    pub(super) fn disagree(&self, operation: &'static str, why: String) {
        let (status, scim_type, detail) = (Some(200), None, None);
        self.wrong(Wrong { operation, status, scim_type, detail, why }, None);
    }

    /// Plays something for each of these numbers, on all connections.
    pub(super) async fn each<F: Future<Output = ()>>(
        &self,
        name: &'static str,
        numbers: impl Iterator<Item = u32> + Clone,
        play: impl Fn(u32) -> F,
    ) {
        let of = u32::try_from(numbers.clone().count()).unwrap_or(u32::MAX);
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = Phase { name, of };
        self.done.store(0, Ordering::Relaxed);
        let all = stream::iter(numbers.map(play));
        let counted = |one: F| async {
            one.await;
            self.done.fetch_add(1, Ordering::Relaxed);
        };
        all.for_each_concurrent(self.connections, counted).await;
    }

    /// Ends the simulation.
    pub(super) fn stop(&self, why: &'static str) {
        self.report().stopped.get_or_insert(why);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.report().stopped.is_some()
    }

    /// Notes how long the users' first cycle took.
    pub(super) fn first_cycle(&self, took: Duration) {
        let users = self.people.iter().count() as u64;
        self.report().first_cycle = Some(FirstCycle { users, took });
    }

    /// What was found.
    pub(super) fn into_report(self) -> Report {
        let mut report = self.report.into_inner().unwrap_or_else(PoisonError::into_inner);
        report.waits = self.client.waits();
        report
    }

    /// Shows on stderr how far it is, for as long as it is polled: a line that changes where
    /// somebody watches, else one every few seconds.
    pub(super) async fn show(&self) -> Infallible {
        let terminal = stderr().is_terminal();
        let every = if terminal {
            Duration::from_millis(TERMINAL_MS)
        } else {
            Duration::from_secs(LINES_S)
        };
        loop {
            tokio::time::sleep(every).await;
            let line = self.line();
            // When stderr is closed there is nobody to show it to.
            let _ = match terminal {
                true => write!(stderr().lock(), "\r\x1b[K{line}"),
                false => writeln!(stderr().lock(), "{line}"),
            };
        }
    }

    /// Clears the line that changes.
    pub(super) fn hide() {
        if stderr().is_terminal() {
            let _ = write!(stderr().lock(), "\r\x1b[K");
        }
    }

    fn line(&self) -> String {
        let Phase { name, of } = *self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self.done.load(Ordering::Relaxed);
        let (answers, wrong) = self.report().counts();
        format!("{name}: {done} of {of}; {answers} answers, {wrong} wrong")
    }

    fn wrong(&self, wrong: Wrong, took: Option<Duration>) {
        let mut report = self.report();
        report.wrong(wrong, took);
        if report.counts().1 >= WRONG_MAX {
            report.stopped.get_or_insert("1,000 answers were wrong");
        }
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stranger's text as a terminal may see it: short, and without control characters.
fn plain(text: &str) -> String {
    let shown = |char: char| if char.is_control() { '\u{fffd}' } else { char };
    text.chars().take(TOLD_CHARS_MAX).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::scim_client::Manners;

    fn player() -> Player {
        let manners = Manners { user_agent: None, content_type: "application/scim+json" };
        let base = "http://127.0.0.1:1/".parse().unwrap();
        Player::new(ScimClient::new(base, "t", manners).unwrap(), 2, [3, 1])
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_a_wrong_answer() {
        let player = player();
        let ask = Ask::new(http::Method::GET, ["Users"]);
        assert_eq!(player.ask("E6 read user", ask, |_| Ok(())).await, None);
        assert_eq!(player.line(), "start: 0 of 0; 0 answers, 1 wrong");
        assert!(player.into_report().to_string().contains("E6 read user: no answer ("));
    }

    #[tokio::test]
    async fn each_number_is_played_once() {
        let player = player();
        let played = Mutex::new(Vec::new());
        let play = |n| {
            let played = &played;
            async move { played.lock().unwrap().push(n) }
        };
        player.each("users", (0..5).filter(|n| n % 2 == 0), play).await;
        let mut played = played.into_inner().unwrap();
        played.sort_unstable();
        assert_eq!(played, [0, 2, 4]);
        assert_eq!(player.line(), "users: 3 of 3; 0 answers, 0 wrong");
    }

    #[tokio::test]
    async fn it_stops_at_the_limit_of_wrong_answers_and_not_before() {
        let player = player();
        for _ in 1..WRONG_MAX {
            player.disagree("K10 import users", "twice".to_owned());
        }
        assert!(!player.is_stopped());
        player.disagree("K10 import users", "twice".to_owned());
        assert!(player.is_stopped());
        let ask = Ask::new(http::Method::GET, ["Users"]);
        assert_eq!(player.ask("E6 read user", ask, |_| Ok(())).await, None);
        assert_eq!(player.into_report().counts(), (0, WRONG_MAX));
    }

    #[test]
    fn a_strangers_text_is_shown_short_and_plain() {
        assert_eq!(plain("a\x1b[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(plain(&"ü".repeat(TOLD_CHARS_MAX + 1)).chars().count(), TOLD_CHARS_MAX);
    }
}
