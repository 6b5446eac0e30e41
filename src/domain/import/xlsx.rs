//! XLSX: the first sheet, cell by cell. How much a file unpacks to is counted before it is read,
//! since what it says of itself proves nothing.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use zip::ZipArchive;

use super::{COLUMNS, NoFile, Reading, UNPACKED_MAX};

/// Files within the file.
const FILES_MAX: usize = 1_000;
/// Tags of a file within the file that is read whole: shared texts, styles.
const TAGS_MAX: u64 = 1_000_000;
/// Files that are read cell by cell begin so.
const SHEETS: &str = "xl/worksheets/";
/// Bytes that are unpacked at a time.
const PIECE: usize = 64 * 1024;

/// Reads the first sheet.
pub(super) fn read(bytes: &[u8], reading: &mut Reading) -> Result<(), NoFile> {
    weigh(bytes)?;
    let broken = |error: &dyn std::fmt::Display| NoFile::Broken(error.to_string());
    let mut book: Xlsx<_> =
        calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(|_| NoFile::Kind)?;
    let name = book.sheet_names().into_iter().next().ok_or(NoFile::Empty)?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(|error| broken(&error))?;
    let (mut line, mut row) = (0_usize, Vec::new());
    while let Some(cell) = cells.next_cell().map_err(|error| broken(&error))? {
        let (at, column) = cell.get_position();
        let at = usize::try_from(at).unwrap_or(usize::MAX).saturating_add(1);
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if at != line {
            finish(reading, line, &mut row)?;
            line = at;
        }
        let text = text(Data::from(cell.get_value().clone()));
        if column > COLUMNS.len() || text.is_empty() {
            continue;
        }
        if row.len() <= column {
            row.resize(column + 1, String::new());
        }
        if let Some(place) = row.get_mut(column) {
            *place = text;
        }
    }
    finish(reading, line, &mut row)
}

/// A cell as its reader sees it: a date is no number of days.
fn text(cell: Data) -> String {
    match &cell {
        Data::DateTime(at) if at.is_datetime() => {
            day(at.as_f64()).unwrap_or_else(|| cell.to_string())
        }
        Data::Error(_) => String::new(),
        _ => cell.to_string(),
    }
}

/// The date that so many days after the last of 1899 have come to.
fn day(days: f64) -> Option<String> {
    // A workbook counts a 29th of February 1900, which was none; before that nobody was invited.
    let whole = format!("{days:.0}", days = days.floor()).parse::<i32>().ok()?;
    let first = jiff::civil::date(1899, 12, 30);
    let day = first.checked_add(jiff::Span::new().try_days(whole).ok()?).ok()?;
    Some(day.to_string())
}

fn finish(reading: &mut Reading, line: usize, row: &mut Vec<String>) -> Result<(), NoFile> {
    if !row.is_empty() {
        reading.take(line, row)?;
        row.clear();
    }
    Ok(())
}

/// Counts what the file unpacks to, and keeps nothing of it.
fn weigh(bytes: &[u8]) -> Result<(), NoFile> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| NoFile::Kind)?;
    if archive.len() > FILES_MAX {
        return Err(NoFile::Unpacked);
    }
    let (mut left, mut piece) = (UNPACKED_MAX, vec![0; PIECE]);
    for at in 0..archive.len() {
        let file = archive.by_index(at);
        let mut file = file.map_err(|error| NoFile::Broken(error.to_string()))?;
        let mut tags = TAGS_MAX;
        let whole = !file.name().is_ok_and(|name| name.starts_with(SHEETS));
        loop {
            let read = file.read(&mut piece);
            let read = read.map_err(|error| NoFile::Broken(error.to_string()))?;
            if read == 0 {
                break;
            }
            if whole {
                // Many small texts take far more memory than they have bytes.
                let piece = piece.get(..read).unwrap_or_default();
                let found = piece.iter().filter(|byte| **byte == b'<').count();
                let found = u64::try_from(found).unwrap_or(u64::MAX);
                tags = tags.checked_sub(found).ok_or(NoFile::Unpacked)?;
            }
            let read = u64::try_from(read).unwrap_or(u64::MAX);
            left = left.checked_sub(read).ok_or(NoFile::Unpacked)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        assert_eq!(day(46_347.75).as_deref(), Some("2026-11-21"));
        assert_eq!(day(61.0).as_deref(), Some("1900-03-01"));
        assert_eq!(day(f64::NAN), None);
        assert_eq!(day(1e300), None);
    }
}
