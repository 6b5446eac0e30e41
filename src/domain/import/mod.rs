//! A file of people to be invited: read row by row, each with its line, within bounds.
//!
//! Columns stand in a fixed order: `Email`, `First name`, `Last name`, `Description(optional)`; and
//! optionally `Role` and `Resources`, which say for one row what the call says for all. What is
//! wrong with one row is told with it; what is wrong with the file ends the reading.

mod csv;
mod xlsx;

use super::organization::is_mail_address;
use super::secret::SecretHash;

/// Rows of people in a file.
pub const ROWS_MAX: usize = 10_000;
/// Bytes of a file.
pub const BYTES_MAX: usize = 10 * 1024 * 1024;
/// Bytes of a file that was packed, once it is unpacked.
pub const UNPACKED_MAX: u64 = 100 * 1024 * 1024;
/// Characters of one cell.
pub const CELL_MAX: usize = 1_000;
/// Longest name and description, in characters.
pub const TEXT_MAX: usize = 200;
/// Resources of one row.
pub const RESOURCES_MAX: usize = 100;

/// The columns, as templates write them.
pub const COLUMNS: [&str; 6] = [EMAIL, FIRST_NAME, LAST_NAME, DESCRIPTION, ROLE, RESOURCES];
/// The address.
pub const EMAIL: &str = "Email";
/// The given name.
pub const FIRST_NAME: &str = "First name";
/// The family name.
pub const LAST_NAME: &str = "Last name";
/// The description.
pub const DESCRIPTION: &str = "Description(optional)";
/// The role of one row.
pub const ROLE: &str = "Role";
/// The resources of one row.
pub const RESOURCES: &str = "Resources";
/// Columns that every file has.
const NEEDED: usize = 4;

/// The template as CSV.
pub const TEMPLATE_CSV: &str = "Email,First name,Last name,Description(optional)\r\n";

/// The template as a workbook.
pub const TEMPLATE_XLSX: &[u8] = include_bytes!("template.xlsx");

/// Somebody in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line, beginning with 1 for the header.
    pub line: usize,
    /// Her address.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Shown under the name.
    pub description: Option<String>,
    /// The role of this row.
    pub role: Option<String>,
    /// The resources of this row.
    pub resources: Vec<String>,
    /// What is wrong with it.
    pub errors: Vec<Wrong>,
}

/// What is wrong with a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The column's name.
    pub column: &'static str,
    /// A stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

/// Why a file cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFile {
    /// Neither CSV nor XLSX.
    #[error("The file is neither .csv nor .xlsx.")]
    Kind,
    /// The file is empty.
    #[error("The file is empty: begin with the header of the template.")]
    Empty,
    /// Not UTF-8.
    #[error("Line {0} is not UTF-8: save the file as CSV UTF-8.")]
    Encoding(usize),
    /// UTF-16, as old programs save it.
    #[error("The file is UTF-16: save it as CSV UTF-8.")]
    Wide,
    /// The header is another one.
    #[error(
        "The columns are Email, First name, Last name, Description(optional), in this order; column {at} is `{found}`."
    )]
    Header {
        /// The column, beginning with 1.
        at: usize,
        /// What stands there.
        found: String,
    },
    /// Too many rows.
    #[error("A file holds at most {ROWS_MAX} people.")]
    Rows,
    /// A cell is too long.
    #[error("Line {line} has a cell of more than {CELL_MAX} characters.")]
    Cell {
        /// The line.
        line: usize,
    },
    /// It unpacks to more than it may.
    #[error("The file unpacks to more than 100 MiB.")]
    Unpacked,
    /// It cannot be read.
    #[error("The file cannot be read: {0}.")]
    Broken(String),
}

impl NoFile {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Empty => "empty",
            Self::Encoding(_) | Self::Wide => "encoding",
            Self::Header { .. } => "header",
            Self::Rows => "too-many-rows",
            Self::Cell { .. } => "cell-too-long",
            Self::Unpacked => "too-large",
            Self::Broken(_) => "unreadable",
        }
    }
}

/// Reads a file, whichever of the two it is.
///
/// # Errors
/// [`NoFile`], the reason.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, NoFile> {
    let mut reading = Reading::default();
    if bytes.starts_with(b"PK\x03\x04") {
        xlsx::read(bytes, &mut reading)?;
    } else if is_wide(bytes) {
        return Err(NoFile::Wide);
    } else if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) || bytes.contains(&0) {
        // An old .xls, or no text.
        return Err(NoFile::Kind);
    } else {
        csv::read(bytes, &mut reading)?;
    }
    reading.done()
}

/// Whether this is UTF-16, with its mark or by the first letters of a header.
fn is_wide(bytes: &[u8]) -> bool {
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] => a.is_ascii_graphic() && b.is_ascii_graphic(),
        _ => false,
    }
}

/// Rows as they are read: the header first, then people.
#[derive(Default)]
struct Reading {
    columns: Option<usize>,
    rows: Vec<Row>,
    seen: std::collections::HashMap<[u8; 32], usize>,
}

impl Reading {
    /// Takes a line with its cells; blank ones are left out.
    fn take(&mut self, line: usize, cells: &[String]) -> Result<(), NoFile> {
        if cells.iter().any(|cell| cell.chars().count() > CELL_MAX) {
            return Err(NoFile::Cell { line });
        }
        let Some(columns) = self.columns else {
            self.columns = Some(header(cells)?);
            return Ok(());
        };
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            return Ok(());
        }
        if self.rows.len() >= ROWS_MAX {
            return Err(NoFile::Rows);
        }
        let mut row = row(line, cells, columns);
        let key = SecretHash::of(crate::scim::fold(&row.email).as_bytes()).0;
        if let Some(first) = self.seen.get(&key) {
            let detail = format!("This address stands in line {first} already.");
            row.wrong(EMAIL, "twice", detail);
        } else if !row.email.is_empty() {
            self.seen.insert(key, line);
        }
        self.rows.push(row);
        Ok(())
    }

    fn done(self) -> Result<Vec<Row>, NoFile> {
        match self.columns {
            Some(_) => Ok(self.rows),
            None => Err(NoFile::Empty),
        }
    }
}

/// How many columns a header has.
fn header(cells: &[String]) -> Result<usize, NoFile> {
    let plain = |text: &str| {
        let text = text.to_lowercase().replace("(optional)", "");
        text.chars().filter(|c| c.is_alphanumeric()).collect::<String>()
    };
    let last = cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |at| at + 1);
    for (at, column) in COLUMNS.iter().enumerate() {
        let found = cells.get(at).map(String::as_str).unwrap_or_default();
        if at >= NEEDED && at >= last {
            break;
        }
        if plain(found) != plain(column) {
            let found = found.chars().take(TEXT_MAX).collect();
            return Err(NoFile::Header { at: at + 1, found });
        }
    }
    if let Some(found) = cells.get(COLUMNS.len()).filter(|cell| !cell.trim().is_empty()) {
        return Err(NoFile::Header { at: COLUMNS.len() + 1, found: found.clone() });
    }
    Ok(last.clamp(NEEDED, COLUMNS.len()))
}

fn row(line: usize, cells: &[String], columns: usize) -> Row {
    let cell = |at: usize| {
        let text = cells.get(at).map(|text| text.trim()).unwrap_or_default();
        if at < columns { text.to_owned() } else { String::new() }
    };
    let filled = |text: String| Some(text).filter(|text| !text.is_empty());
    let resources = cell(5);
    let resources = resources.split([' ', ',', ';', '\n']).filter(|one| !one.is_empty());
    let resources: Vec<String> = resources.map(str::to_owned).collect();
    let mut row = Row {
        line,
        email: cell(0),
        first_name: cell(1),
        last_name: cell(2),
        description: filled(cell(3)),
        role: filled(cell(4)),
        resources,
        errors: Vec::new(),
    };
    row.check();
    if cells.iter().skip(columns).any(|cell| !cell.trim().is_empty()) {
        row.wrong(EMAIL, "too-many-cells", "This line has more cells than columns.");
    }
    row
}

impl Row {
    /// Notes what is wrong with a cell.
    pub fn wrong(&mut self, column: &'static str, code: &'static str, detail: impl Into<String>) {
        self.errors.push(Wrong { column, code, detail: detail.into() });
    }

    fn check(&mut self) {
        if self.email.is_empty() {
            self.wrong(EMAIL, "missing", "An address is needed.");
        } else if !is_mail_address(&self.email) {
            self.wrong(EMAIL, "email", "This is not a mail address.");
        }
        let names = [(FIRST_NAME, self.first_name.clone()), (LAST_NAME, self.last_name.clone())];
        for (column, text) in names {
            if text.is_empty() {
                self.wrong(column, "missing", "A name is needed.");
            } else {
                self.check_text(column, &text);
            }
        }
        if let Some(text) = self.description.clone() {
            self.check_text(DESCRIPTION, &text.replace('\n', " "));
            self.description = Some(text.replace(['\r', '\n'], " "));
        }
        if self.role.is_none() && !self.resources.is_empty() {
            self.wrong(RESOURCES, "no-role", "Resources go with a role: fill the column Role.");
        }
        if self.resources.len() > RESOURCES_MAX {
            let detail = format!("At most {RESOURCES_MAX} resources stand in one line.");
            self.wrong(RESOURCES, "length", detail);
        }
    }

    fn check_text(&mut self, column: &'static str, text: &str) {
        if text.chars().count() > TEXT_MAX {
            self.wrong(column, "length", format!("This has at most {TEXT_MAX} characters."));
        } else if text.chars().any(|c| c.is_control() && c != '\r') {
            self.wrong(column, "control", "This holds no control characters.");
        }
    }
}

#[cfg(test)]
mod tests;
