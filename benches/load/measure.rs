//! CPU time of processes, from `/proc`.

use std::fs;

/// Clock ticks in a second: 100 on every Linux that Debian ships.
const TICKS: f64 = 100.0;

/// CPU milliseconds (user and system) that a set of processes has used.
pub fn cpu_ms(pids: &[u32]) -> f64 {
    pids.iter().map(|pid| of_process(*pid).unwrap_or(0.0)).sum()
}

fn of_process(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces: fields are counted from behind it.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)? + ticks(13)? + ticks(14)?) * 1000.0 / TICKS)
}

/// The resident memory of a process, in MiB.
pub fn memory_mib(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// Every PostgreSQL process of this machine that lives: one that has ended and was not buried yet
/// would take its time with it in the middle of a measurement.
pub fn postgres_pids() -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| stat.contains("(postgres) ") && !stat.contains("(postgres) Z"))
        })
        .collect()
}
