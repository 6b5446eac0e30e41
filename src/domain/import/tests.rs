//! Files as people make them, and as nobody should.

use std::io::Write;

use zip::write::SimpleFileOptions;

use super::*;

const HEADER: &str = "Email,First name,Last name,Description(optional)\n";

fn rows(text: &str) -> Vec<Row> {
    read(text.as_bytes()).unwrap()
}

fn codes(row: &Row) -> Vec<String> {
    row.errors.iter().map(|wrong| format!("{} {}", wrong.column, wrong.code)).collect()
}

#[test]
fn a_file_is_read_with_either_separator_with_a_mark_and_with_quoted_line_ends() {
    let comma = format!("{HEADER}ada@x.org,Ada,\"Love, lace\",\"two\nlines\"\nb@x.org,B,C,\n");
    let found = rows(&comma);
    assert_eq!((found.len(), found[0].line, found[1].line), (2, 2, 4));
    assert_eq!(found[0].last_name, "Love, lace");
    assert_eq!(found[0].description.as_deref(), Some("two lines"));
    assert_eq!(found[1].description, None);
    assert!(found.iter().all(|row| row.errors.is_empty()), "{found:?}");
    let marked = format!("\u{feff}{}", HEADER.replace(',', ";")) + "ada@x.org;Ada;Lovelace;\r\n";
    assert_eq!(rows(&marked)[0].first_name, "Ada");
}

#[test]
fn what_is_wrong_with_a_row_is_told_with_its_column() {
    let text = format!(
        "{HEADER}nobody,Ada,Lovelace,\n,,,x\na@x.org,{},B,\na@x.org,A,B,\n\n A@x.org ,A,B,\n",
        "n".repeat(TEXT_MAX + 1)
    );
    let found = rows(&text);
    let all: Vec<Vec<String>> = found.iter().map(codes).collect();
    assert_eq!(all[0], ["Email email"]);
    assert_eq!(all[1], ["Email missing", "First name missing", "Last name missing"]);
    assert_eq!(all[2], ["First name length"]);
    assert_eq!(all[3], ["Email twice"]);
    assert_eq!(all[4], ["Email twice"], "letter case aside");
    assert_eq!(found[4].line, 7, "blank lines count as lines");
    assert!(found[4].errors[0].detail.contains("line 4"), "{:?}", found[4].errors);
}

#[test]
fn a_row_may_have_a_role_of_its_own() {
    let text = "Email,First name,Last name,Description,Role,Resources\n\
                a@x.org,A,B,,field-worker,site:lyon site:paris\n\
                b@x.org,A,B,,,site:lyon\n";
    let found = rows(text);
    assert_eq!(found[0].role.as_deref(), Some("field-worker"));
    assert_eq!(found[0].resources, ["site:lyon", "site:paris"]);
    assert_eq!(codes(&found[1]), ["Resources no-role"]);
}

#[test]
fn a_file_of_another_structure_is_refused_with_the_reason() {
    let code = |bytes: &[u8]| read(bytes).unwrap_err().code();
    assert_eq!(code(b""), "empty");
    assert_eq!(code(b"First name,Email,Last name,Description\n"), "header");
    assert_eq!(code(b"Email,First name,Last name\n"), "header");
    assert_eq!(code(format!("{},Colour\n", COLUMNS.join(",")).as_bytes()), "header");
    assert_eq!(code(b"\xD0\xCF\x11\xE0 an old workbook"), "kind");
    assert_eq!(code(b"Email\0"), "kind");
    assert_eq!(code(&[HEADER.as_bytes(), b"a@x.org,\xff,B,\n"].concat()), "encoding");
    let wide: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(code(&wide), "encoding");
    assert_eq!(code(&[b"\xff\xfe".as_slice(), &wide].concat()), "encoding");
    let big: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(read(&big).unwrap_err(), NoFile::Wide);
    assert!(NoFile::Wide.to_string().contains("CSV UTF-8"));
    let long = format!("{HEADER}a@x.org,A,B,{}\n", "x".repeat(CELL_MAX + 1));
    assert_eq!(code(long.as_bytes()), "cell-too-long");
}

#[test]
fn a_file_holds_a_bounded_number_of_people() {
    let of = |count: usize| {
        let lines: String = (0..count).map(|at| format!("u{at}@x.org,A,B,\n")).collect();
        read(format!("{HEADER}{lines}").as_bytes())
    };
    assert_eq!(of(ROWS_MAX).unwrap().len(), ROWS_MAX);
    assert_eq!(of(ROWS_MAX + 1).unwrap_err(), NoFile::Rows);
}

#[test]
fn the_templates_are_read_as_files_without_people() {
    assert_eq!(rows(TEMPLATE_CSV), []);
    assert_eq!(read(TEMPLATE_XLSX).unwrap(), []);
}

/// A workbook whose first sheet is this XML.
fn workbook(sheet: &str, padding: usize) -> Vec<u8> {
    let mut source = ZipArchiveReader::new(std::io::Cursor::new(TEMPLATE_XLSX)).unwrap();
    let mut target = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for at in 0..source.len() {
        let mut file = source.by_index(at).unwrap();
        let name = file.name().unwrap().into_owned();
        target.start_file(&name, options).unwrap();
        if name.ends_with("sheet1.xml") {
            target.write_all(sheet.as_bytes()).unwrap();
        } else {
            std::io::copy(&mut file, &mut target).unwrap();
        }
    }
    if padding > 0 {
        target.start_file("xl/padding.bin", options).unwrap();
        let piece = vec![0; 1024 * 1024];
        for _ in 0..padding {
            target.write_all(&piece).unwrap();
        }
    }
    target.finish().unwrap().into_inner()
}

use zip::ZipArchive as ZipArchiveReader;

fn sheet(lines: &[&[&str]]) -> String {
    let cell = |text: &&str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let line =
        |cells: &&[&str]| format!("<row>{}</row>", cells.iter().map(cell).collect::<String>());
    let rows: String = lines.iter().map(line).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
    )
}

#[test]
fn a_workbook_is_read_like_a_csv_file() {
    let header = &COLUMNS[..4];
    let book = workbook(&sheet(&[header, &["ada@x.org", "Ada", "Lovelace", "Engines"]]), 0);
    let found = read(&book).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].line, found[0].email.as_str()), (2, "ada@x.org"));
    assert_eq!(found[0].description.as_deref(), Some("Engines"));
    let wrong = workbook(&sheet(&[&["Name"]]), 0);
    assert_eq!(read(&wrong).unwrap_err().code(), "header");
}

#[test]
fn a_workbook_that_unpacks_to_too_much_is_refused() {
    let header = &COLUMNS[..4];
    let book = workbook(&sheet(&[header]), 101);
    assert!(book.len() < BYTES_MAX, "it is small while packed");
    assert_eq!(read(&book).unwrap_err(), NoFile::Unpacked);
    assert_eq!(read(b"PK\x03\x04 and nothing").unwrap_err(), NoFile::Kind);
}

#[test]
fn a_csv_file_of_ten_mebibytes_is_told_what_is_wrong_whatever_stands_in_it() {
    let of = |piece: &str| {
        let count = (BYTES_MAX - HEADER.len()) / piece.len();
        read(format!("{HEADER}{}", piece.repeat(count)).as_bytes())
    };
    assert_eq!(of("x").unwrap_err(), NoFile::Cell { line: 2 });
    assert_eq!(of("\"").unwrap_err(), NoFile::Cell { line: 2 });
    assert_eq!(of("\n").unwrap(), []);
    // A line of millions of cells: all empty, and with something in one of them.
    assert_eq!(of(",").unwrap(), []);
    let mut wide = format!("{HEADER}a@x.org,A,B,");
    wide.push_str(&",".repeat(5_000_000));
    wide.push('x');
    assert_eq!(codes(&rows(&wide)[0]), ["Email too-many-cells"]);
    assert_eq!(of("a,b,c,d\n").unwrap_err(), NoFile::Rows);
}

#[test]
fn a_workbook_of_too_many_shared_texts_is_refused_before_it_is_read() {
    let texts = |count: usize| {
        let mut target = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        target.start_file("xl/sharedStrings.xml", SimpleFileOptions::default()).unwrap();
        target.write_all(b"<sst>").unwrap();
        for _ in 0..count {
            target.write_all(b"<si><t/></si>").unwrap();
        }
        target.finish().unwrap().into_inner()
    };
    // A million tags are looked at and found to be no workbook; more are not.
    assert_eq!(read(&texts(333_333)).unwrap_err(), NoFile::Kind);
    assert_eq!(read(&texts(333_334)).unwrap_err(), NoFile::Unpacked);
}

#[test]
fn numbers_dates_and_formulas_of_a_workbook_are_what_their_reader_sees() {
    let header: String = COLUMNS[..4]
        .iter()
        .map(|text| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>"))
        .collect();
    let cells = "<c t=\"str\"><f>\"ada\"&amp;\"@x.org\"</f><v>ada@x.org</v></c>\
                 <c><v>7</v></c><c t=\"b\"><v>1</v></c><c t=\"e\"><v>#N/A</v></c>";
    let sheet = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row>{header}</row><row>{cells}</row></sheetData></worksheet>"
    );
    let found = read(&workbook(&sheet, 0)).unwrap();
    assert_eq!(found[0].email, "ada@x.org");
    assert_eq!((found[0].first_name.as_str(), found[0].last_name.as_str()), ("7", "true"));
    assert_eq!(found[0].description, None, "an error is nothing");
}
