//! XLSX: the first sheet, cell by cell. How much a file unpacks to is counted before it is read,
//! since what it says of itself proves nothing.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use zip::ZipArchive;

use super::{COLUMNS, NoFile, Reading, UNPACKED_MAX};

/// Files within the file.
const FILES_MAX: usize = 1_000;
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
        let text = Data::from(cell.get_value().clone()).to_string();
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
        loop {
            let read = file.read(&mut piece);
            let read = read.map_err(|error| NoFile::Broken(error.to_string()))?;
            if read == 0 {
                break;
            }
            let read = u64::try_from(read).unwrap_or(u64::MAX);
            left = left.checked_sub(read).ok_or(NoFile::Unpacked)?;
        }
    }
    Ok(())
}
