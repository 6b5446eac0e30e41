//! A program that dies while it tells: in the end every event came, none too soon, all in order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portico::domain::secret::hex;
use portico::domain::time::Rng;
use reqwest::Method;
use serde_json::{Value, json};

use super::receiver::Receiver;
use crate::support::{Caller, Reply, TestServer};

/// Who write at once.
const WRITERS: usize = 4;
/// Messages that have come when the program dies.
const CAME: usize = 40;
/// Looks at the feed until nothing more comes, and milliseconds between them.
const LOOKS: u64 = 2_000;
const LOOK_MS: u64 = 50;
const HERE: &str = "/api/v1/organizations/acme";

/// An organization with a webhook that hears of users.
async fn hook(server: &TestServer, receiver: &mut Receiver) {
    let operator = server.operator();
    let body = json!({"name": "Acme", "slug": "acme"});
    operator.post("/api/v1/organizations", body).await.expect(201);
    let types = json!(["user.created", "user.suspended", "user.resumed"]);
    let body = json!({"url": receiver.url(), "types": types});
    let made = operator.post(&format!("{HERE}/webhooks"), body).await.expect(201);
    receiver.command(&format!("secret {}", made.text_at("/secret")));
}

/// Makes users, suspends and resumes them until told to stop or nobody answers; what was answered:
/// the type and the user of each.
async fn write_on(who: Caller, writer: usize, stop: Arc<AtomicBool>) -> Vec<(String, String)> {
    let mut answered = Vec::new();
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let name = format!("u{writer}-{n}-{}", hex(&Rng.bytes::<8>()));
        let made = ask(&who, &format!("{HERE}/users"), json!({"user_name": name})).await;
        let Some(made) = made.filter(|reply| reply.status == 201) else { break };
        let id = made.text_at("/id");
        answered.push(("user.created".to_owned(), id.clone()));
        for verb in ["suspend", "resume", "suspend"] {
            let done = ask(&who, &format!("/api/v1/users/{id}/{verb}"), json!({})).await;
            if done.is_none_or(|reply| reply.status != 200) {
                return answered;
            }
            let name = if verb == "suspend" { "user.suspended" } else { "user.resumed" };
            answered.push((name.to_owned(), id.clone()));
        }
    }
    answered
}

/// The answer, unless the program dies meanwhile.
async fn ask(who: &Caller, path: &str, body: Value) -> Option<Reply> {
    let body = body.to_string().into_bytes();
    who.attempt(Method::POST, path, Some(("application/json", body))).await.ok()
}

/// What the feed tells of users, in order: id, type and subject of each.
async fn feed(operator: &Caller) -> Vec<Vec<String>> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let types = "user.created,user.suspended,user.resumed";
        let path = format!("{HERE}/events?types={types}&limit=100{after}");
        let page = operator.get(&path).await.expect(200).json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        for event in page["data"].as_array().unwrap() {
            let subject = format!("user:{}", text(&event["subject"]["id"]));
            found.push(vec![text(&event["id"]), text(&event["type"]), subject]);
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

/// Whether what was answered, type and user of each, is told.
fn holds(told: &[Vec<String>], answered: &[(String, String)]) -> bool {
    let told: HashSet<(&str, &str)> =
        told.iter().map(|one| (one[1].as_str(), one[2].trim_start_matches("user:"))).collect();
    answered.iter().all(|(name, user)| told.contains(&(name.as_str(), user.as_str())))
}

/// The same, once it holds what was answered and two looks that are far enough apart see the same:
/// whoever gives places on PostgreSQL has a lease that outlives it.
async fn settled(operator: &Caller, answered: &[(String, String)]) -> Vec<Vec<String>> {
    let mut last: Vec<Vec<String>> = Vec::new();
    for _ in 0..LOOKS {
        let now = feed(operator).await;
        if holds(&now, answered) && now.len() == last.len() {
            return now;
        }
        last = now;
        tokio::time::sleep(Duration::from_millis(LOOK_MS * 20)).await;
    }
    panic!("what was answered is not told, or the feed grows and grows");
}

/// The first coming of each message.
fn once(log: &[Vec<String>]) -> Vec<Vec<String>> {
    let mut seen = HashSet::new();
    log.iter().filter(|one| seen.insert(one[0].clone())).cloned().collect()
}

/// Messages of each subject, in order.
fn by_subject(all: &[Vec<String>]) -> HashMap<&str, Vec<(&str, &str)>> {
    let mut found: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
    for one in all {
        found.entry(&one[2]).or_default().push((&one[0], &one[1]));
    }
    found
}

/// Fails unless exactly what the feed tells has come, in its order for each subject.
async fn all_came(receiver: &Receiver, told: &[Vec<String>]) {
    receiver.until(|log| once(log).len() >= told.len()).await;
    let log = receiver.log();
    assert!(log.iter().all(|one| one[0] != "bad"), "every message verifies");
    let came = once(&log);
    let known: HashSet<&str> = told.iter().map(|one| one[0].as_str()).collect();
    assert!(came.iter().all(|one| known.contains(one[0].as_str())), "told before it was so");
    assert_eq!(came.len(), told.len(), "lost");
    assert_eq!(by_subject(&came), by_subject(told));
}

fn start_writers(
    callers: &[Caller],
    stop: &Arc<AtomicBool>,
) -> Vec<tokio::task::JoinHandle<Vec<(String, String)>>> {
    let writer = |at: usize| {
        let caller = callers[at % callers.len()].clone();
        tokio::spawn(write_on(caller, at, Arc::clone(stop)))
    };
    (0..WRITERS).map(writer).collect()
}

async fn nothing_is_lost_by_a_kill(mut server: TestServer, name: &str) {
    let mut receiver = Receiver::start(name);
    hook(&server, &mut receiver).await;
    receiver.command("delay 20");
    let (mut answered, mut came) = (Vec::new(), 0);
    for round in 1..=2 {
        let stop = Arc::new(AtomicBool::new(false));
        let writers = start_writers(&[server.operator()], &stop);
        receiver.until(|log| once(log).len() >= CAME * round).await;
        server.kill();
        stop.store(true, Ordering::SeqCst);
        for writer in writers {
            answered.extend(writer.await.unwrap());
        }
        came = once(&receiver.log()).len();
        assert!(came >= CAME * round, "too slow: {came} came");
        server.start().await;
    }
    let told = settled(&server.operator(), &answered).await;
    assert!(told.len() > came, "killed in the midst of telling");
    receiver.command("delay 0");
    all_came(&receiver, &told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_comes_in_order_though_the_program_is_killed_on_sqlite() {
    nothing_is_lost_by_a_kill(TestServer::sqlite().await, "kill-sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_comes_in_order_though_the_program_is_killed_on_postgres() {
    nothing_is_lost_by_a_kill(TestServer::postgres().await, "kill-postgres").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_database_send_nothing_twice() {
    let server = TestServer::postgres().await;
    let beside = server.beside().await;
    let mut receiver = Receiver::start("beside");
    hook(&server, &mut receiver).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers = start_writers(&[server.operator(), beside.operator()], &stop);
    receiver.until(|log| log.len() >= 4 * CAME).await;
    stop.store(true, Ordering::SeqCst);
    let mut answered = Vec::new();
    for writer in writers {
        answered.extend(writer.await.unwrap());
    }
    let told = settled(&server.operator(), &answered).await;
    all_came(&receiver, &told).await;
    tokio::time::sleep(Duration::from_millis(LOOK_MS * 20)).await;
    assert_eq!(receiver.log().len(), told.len(), "nothing came twice");
}
