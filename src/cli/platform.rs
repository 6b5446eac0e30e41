//! `portico platform check`: says what is wrong with a platform definition, running nothing.
//!
//! It needs no database and no settings. Mistakes go to stdout, one a line, with file, line and
//! column first, as editors read them.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::domain::platform::Definition;

/// Bytes of a definition.
pub const DEFINITION_BYTES_MAX: u64 = 4 << 20;

/// Looks at platform definitions.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do with one.
    #[command(subcommand)]
    pub action: Action,
}

/// What is done with a platform definition.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Says what is wrong with a definition
    Check {
        /// The definition
        file: PathBuf,
    },
}

/// Carries it out; answers whether the definition can be used.
///
/// # Errors
/// When the file cannot be read or `out` cannot be written.
pub fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<bool> {
    let Action::Check { file } = &args.action;
    let text = read(file).with_context(|| format!("{} cannot be checked", file.display()))?;
    Ok(check(&text, &file.display().to_string(), out)?)
}

fn check(text: &str, origin: &str, out: &mut impl Write) -> io::Result<bool> {
    match Definition::parse(text, origin) {
        Ok(definition) => {
            let (roles, permissions) = (definition.roles().len(), definition.permissions().len());
            writeln!(out, "{origin}: good, with {roles} roles and {permissions} permissions")?;
            Ok(true)
        }
        Err(mistakes) => {
            for mistake in mistakes {
                writeln!(out, "{mistake}")?;
            }
            Ok(false)
        }
    }
}

pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(DEFINITION_BYTES_MAX + 1).read_to_string(&mut text)?;
    let large = u64::try_from(text.len()).is_ok_and(|length| length > DEFINITION_BYTES_MAX);
    ensure!(!large, "it is larger than {DEFINITION_BYTES_MAX} bytes");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::platform::preset;

    fn checked(text: &str) -> (bool, String) {
        let mut out = Vec::new();
        let good = check(text, "mine.toml", &mut out).unwrap();
        (good, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_built_in_definition_is_good() {
        let (good, said) = checked(preset("field-vision").unwrap());
        assert!(good, "{said}");
        assert!(said.starts_with("mine.toml: good, with "));
    }

    #[test]
    fn a_mistake_is_a_line_with_its_place_first() {
        let (good, said) = checked("nonsense = 1\n");
        assert!(!good);
        assert!(said.lines().all(|line| line.starts_with("mine.toml:")), "{said}");
    }

    #[test]
    fn a_file_is_read_up_to_its_largest_size() {
        let name = crate::domain::secret::hex(&crate::domain::time::Rng.bytes::<8>());
        let path = std::env::temp_dir().join(format!("portico-platform-{name}"));
        let largest = " ".repeat(usize::try_from(DEFINITION_BYTES_MAX).unwrap());
        std::fs::write(&path, &largest).unwrap();
        let edge = read(&path);
        std::fs::write(&path, largest + " ").unwrap();
        let over = read(&path);
        std::fs::remove_file(&path).unwrap();
        assert!(edge.is_ok());
        assert_eq!(over.unwrap_err().to_string(), "it is larger than 4194304 bytes");
        assert!(read(Path::new("/nowhere/at/all")).is_err());
    }
}
