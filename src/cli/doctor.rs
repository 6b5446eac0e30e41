//! `portico doctor`: every setting, its source and what is wrong with it.
//!
//! It shows what it can read even when settings are refused, and prints no secret. What is only
//! strange (a variable that looks like ours) is named and does not fail it.

use std::io::{self, Write};

use crate::config::{Raw, Refusal, Settings, Shown};

/// Width of the column of names, wide enough for the longest.
const NAME_WIDTH: usize = 24;

/// Reports on gathered settings; answers whether nothing is wrong.
///
/// # Errors
/// When `out` cannot be written.
pub fn report(raw: &Raw, out: &mut impl Write) -> io::Result<bool> {
    let refusals = Settings::check(raw).map_or_else(|refused| refused.0, |_| Vec::new());
    for shown in raw.shown() {
        line(out, &shown)?;
        for refusal in refusals.iter().filter(|refusal| refusal.setting == Some(shown.name)) {
            wrong(out, refusal)?;
        }
    }
    for refusal in refusals.iter().filter(|refusal| refusal.setting.is_none()) {
        wrong(out, refusal)?;
    }
    for variable in raw.unknown_variables() {
        writeln!(out, "unknown: {variable} is set, and no setting of ours reads it")?;
    }
    match refusals.len() {
        0 => writeln!(out, "All settings can be used.")?,
        1 => writeln!(out, "1 thing is wrong.")?,
        count => writeln!(out, "{count} things are wrong.")?,
    }
    Ok(refusals.is_empty())
}

fn line(out: &mut impl Write, shown: &Shown) -> io::Result<()> {
    writeln!(out, "{:NAME_WIDTH$}{}  [{}]", shown.name, shown.value, shown.source)
}

fn wrong(out: &mut impl Write, refusal: &Refusal) -> io::Result<()> {
    writeln!(out, "  wrong: {refusal}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Flags};

    fn report_on(flags: &[(&str, &str)], variables: &[(&str, &str)]) -> (bool, String) {
        let flags: Flags =
            flags.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let environment: Environment =
            variables.iter().map(|(name, text)| ((*name).to_owned(), text.into())).collect();
        let mut out = Vec::new();
        let well = report(&Raw::gather(&flags, &environment), &mut out).unwrap();
        (well, String::from_utf8(out).unwrap())
    }

    #[test]
    fn good_settings_are_shown_with_their_sources() {
        let (well, text) = report_on(&[("log", "warn")], &[("PORTICO_LISTEN", "127.0.0.1:9")]);
        assert!(well);
        for line in [
            "listen                  127.0.0.1:9  [PORTICO_LISTEN]",
            "log                     warn  [--log]",
            "platform                field-vision  [default]",
            "All settings can be used.",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
        }
    }

    #[test]
    fn wrong_settings_fail_it_and_secrets_are_not_shown() {
        let variables = [("PORTICO_OPERATOR_TOKEN", "too-short"), ("PORTICO_LISTEN", "x")];
        let (well, text) = report_on(&[], &variables);
        assert!(!well);
        assert!(text.contains("operator_token          (set)  [PORTICO_OPERATOR_TOKEN]"));
        assert!(text.contains("  wrong: operator_token (PORTICO_OPERATOR_TOKEN): it has 9"));
        assert!(text.ends_with("2 things are wrong.\n"));
        assert!(!text.contains("too-short"));
    }

    #[test]
    fn an_unknown_variable_is_named_and_does_not_fail_it() {
        let (well, text) = report_on(&[], &[("PORTICO_LISTN", "x")]);
        assert!(well);
        assert!(text.contains("unknown: PORTICO_LISTN is set, and no setting of ours reads it"));
    }

    #[test]
    fn a_source_that_cannot_be_read_fails_it() {
        let (well, text) = report_on(&[("config", "/nowhere/at/all")], &[]);
        assert!(!well);
        assert!(text.contains("  wrong: /nowhere/at/all: it cannot be read"));
    }
}
