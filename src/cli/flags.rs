//! Settings as options: one flag for each row of the table, on every command.
//!
//! Values are taken as texts and checked with those of the other sources. Defaults and variables
//! are shown in help texts and not known to clap, because layers are laid in one place.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use crate::config::{CONFIG_VARIABLE, Flags, SETTINGS, Setting};

const HEADING: &str = "Settings";

/// Adds `--config` and an option for each setting.
#[must_use]
pub fn declare(command: Command) -> Command {
    let config = option("config", "config", "FILE")
        .help(format!("TOML file with settings [env: {CONFIG_VARIABLE}]"));
    SETTINGS.iter().fold(command.arg(config), |command, setting| command.arg(flag(setting)))
}

/// The settings that the command line gives.
#[must_use]
pub fn given(matches: &ArgMatches) -> Flags {
    std::iter::once("config")
        .chain(SETTINGS.iter().map(|setting| setting.name))
        .filter(|name| matches.value_source(name) == Some(ValueSource::CommandLine))
        .filter_map(|name| Some((name.to_owned(), matches.get_one::<String>(name)?.clone())))
        .collect()
}

fn option(id: &'static str, long: &'static str, form: &'static str) -> Arg {
    Arg::new(id)
        .long(long)
        .value_name(form)
        .global(true)
        .help_heading(HEADING)
        // `-h` is for the command itself; `--help` lists all settings.
        .hide_short_help(true)
}

fn flag(setting: &'static Setting) -> Arg {
    let mut help = format!("{} [env: {}", setting.doc, setting.variable());
    if let Some(variable) = setting.file_variable() {
        help.push_str(&format!(" or {variable}"));
    }
    help.push(']');
    if let Some(default) = setting.default {
        help.push_str(&format!(" [default: {default}]"));
    }
    let option = option(setting.name, setting.flag, setting.form).help(help);
    match setting.default {
        // A switch may stand alone.
        Some("false") => option.num_args(0..=1).default_missing_value("true"),
        _ => option,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(line: &[&str]) -> Result<Vec<(String, String)>, clap::Error> {
        let command = declare(Command::new("portico").subcommand(Command::new("doctor")));
        Ok(given(&command.try_get_matches_from(line)?).into_iter().collect())
    }

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn the_table_makes_a_command_line_without_clashes() {
        declare(Command::new("portico")).debug_assert();
    }

    #[test]
    fn a_setting_may_stand_before_and_after_the_command() {
        let line =
            ["portico", "--log", "warn", "doctor", "--public-url=https://x", "--config", "f"];
        let expected = [pair("config", "f"), pair("log", "warn"), pair("public_url", "https://x")];
        assert_eq!(flags(&line).unwrap(), expected);
        assert_eq!(flags(&["portico", "doctor"]).unwrap(), []);
    }

    #[test]
    fn a_switch_may_stand_alone_or_have_a_value() {
        for (given, expected) in [
            (&["--allow-private-networks"][..], "true"),
            (&["--allow-private-networks", "false"], "false"),
            (&["--allow-private-networks=true"], "true"),
        ] {
            let line = [&["portico", "doctor"], given].concat();
            assert_eq!(flags(&line).unwrap(), [pair("allow_private_networks", expected)]);
        }
    }

    #[test]
    fn an_unknown_option_is_a_usage_error() {
        assert_eq!(flags(&["portico", "doctor", "--lisen", "x"]).unwrap_err().exit_code(), 2);
    }
}
