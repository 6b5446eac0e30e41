//! Commands: compose the parts, parse the command line, choose exit codes.
//!
//! Exit codes: 0 done; 1 refused or failed, with a line on stderr for each reason; 2 usage. A
//! command is a variant of [`Command`] with its arguments and body in a file of its own; settings
//! are options of all of them and come from the table in [`crate::config`].

pub mod backup;
pub mod compose;
pub mod demo;
pub mod doctor;
pub mod flags;
pub mod migrate;
pub mod platform;
pub mod rekey;
pub mod serve;
pub mod simulate;
pub mod token;

use std::ffi::OsString;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Environment, Raw, Settings};

/// The command line, without the settings.
#[derive(Debug, Parser)]
#[command(
    name = "portico",
    version,
    about = "A SCIM 2.0 and SSO identity provisioning gateway",
    after_help = "Settings come from a TOML file (--config), then from PORTICO_* variables, \
                  then from the options that --help lists."
)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// What Portico is asked to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the gateway until SIGTERM
    Serve(serve::Args),
    /// Runs a gateway to look at, with filled data and a provider to sign in with
    Demo(demo::Args),
    /// Brings the database to the schema of this program
    Migrate(migrate::Args),
    /// Shows every setting, where it came from and what is wrong with it
    Doctor,
    /// Makes operator tokens
    Token(token::Args),
    /// Looks at platform definitions
    Platform(platform::Args),
    /// Plays a provider's traffic against any SCIM server
    Simulate(simulate::Args),
    /// Copies the SQLite database, also while a gateway runs on it
    Backup(backup::Args),
    /// Seals all secrets with the first key
    Rekey(rekey::Args),
}

/// The whole command line with its settings, as help texts and the reference show it.
#[must_use]
pub fn command() -> clap::Command {
    flags::declare(Line::command())
}

/// Runs the command that `arguments` (the program's name first) ask for.
pub fn main(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    environment: &Environment,
) -> ExitCode {
    let matches = match command().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return usage(&error),
    };
    let command = match Line::from_arg_matches(&matches) {
        Ok(line) => line.command,
        Err(error) => return usage(&error),
    };
    let raw = Raw::gather(&flags::given(&matches), environment);
    match run(command, &raw) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // When stderr is closed there is nobody left to tell.
            let _ = writeln!(stderr().lock(), "portico: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Carries out one command; answers whether all is well (`false`: it has said itself what is
/// not). Those that use settings go on only with what [`crate::config::Settings::check`] passes;
/// `doctor` shows what it does not.
///
/// # Errors
/// Why the command was refused or failed, a line for each reason.
pub fn run(command: Command, raw: &Raw) -> anyhow::Result<bool> {
    let settings = || Settings::check(raw);
    match command {
        Command::Serve(args) => serve::run(&args, &settings()?).map(|()| true),
        Command::Demo(_) => demo::run(settings()?).map(|()| true),
        Command::Migrate(_) => say(&migrate::run(&settings()?)?),
        Command::Doctor => Ok(doctor::report(raw, &mut stdout().lock())?),
        Command::Token(args) => say(&token::run(&args, &settings()?)?),
        Command::Platform(args) => platform::run(&args, &mut stdout().lock()),
        Command::Simulate(args) => simulate::run(&args, &mut stdout().lock()),
        Command::Backup(args) => say(&backup::run(&args, &settings()?)?),
        Command::Rekey(_) => say(&rekey::run(&settings()?)?),
    }
}

/// Prints what a command answers.
fn say(line: &str) -> anyhow::Result<bool> {
    writeln!(stdout().lock(), "{line}")?;
    Ok(true)
}

/// Prints what clap has to say: help and version with exit code 0, usage errors with 2.
fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
