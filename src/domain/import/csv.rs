//! CSV (RFC 4180): UTF-8 with or without a byte order mark, cells parted by `,` or `;`, quoted line
//! ends.

use csv::{ByteRecord, ReaderBuilder};

use super::{COLUMNS, NoFile, Reading};

/// The mark that some programs put before UTF-8.
const MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Reads lines one by one.
pub(super) fn read(bytes: &[u8], reading: &mut Reading) -> Result<(), NoFile> {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| header.iter().filter(|byte| **byte == wanted).count();
    let delimiter = if count(b';') > count(b',') { b';' } else { b',' };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    loop {
        let more = reader.read_byte_record(&mut record);
        let more = more.map_err(|error| NoFile::Broken(error.to_string()))?;
        if !more {
            return Ok(());
        }
        let line = record.position().map_or(0, |start| line(bytes, start));
        // One cell more than there are columns tells that there are too many: no others are kept.
        let more = record.iter().skip(COLUMNS.len()).find(|cell| !cell.is_empty());
        let kept = record.iter().take(COLUMNS.len()).chain(more);
        let cells: Option<Vec<String>> =
            kept.map(|cell| std::str::from_utf8(cell).ok().map(str::to_owned)).collect();
        reading.take(line, &cells.ok_or(NoFile::Encoding(line))?)?;
    }
}

/// The line of a record. The reader tells where the blank lines before it began.
fn line(bytes: &[u8], start: &csv::Position) -> usize {
    let at = usize::try_from(start.byte()).unwrap_or(usize::MAX);
    let blank = bytes.iter().skip(at).take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let blank = blank.filter(|byte| **byte == b'\n').count();
    usize::try_from(start.line()).unwrap_or(usize::MAX).saturating_add(blank)
}
