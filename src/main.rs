//! The `portico` program: hands the command line and the environment to [`portico::cli`].

use std::process::ExitCode;

/// Requests allocate much and for a short time, on several threads: a fifth of their cost with the
/// allocator of the system.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    portico::cli::main(std::env::args_os(), &portico::config::environment())
}
