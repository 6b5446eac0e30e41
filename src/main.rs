//! The `portico` program: hands the command line and the environment to [`portico::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    portico::cli::main(std::env::args_os(), &portico::config::environment())
}
