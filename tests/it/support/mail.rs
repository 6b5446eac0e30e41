//! Mail as its reader gets it: files of a folder, parsed as a mail program would.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portico::outbound::mail::{Mailer, Way};

/// Who sends.
pub const FROM: &str = "Portico <portico@example.com>";

/// A folder of mail that goes with its test.
pub struct Mails(PathBuf);

/// A mail as its reader sees it.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whom it is for.
    pub to: String,
    /// Its subject, decoded.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// Its headers and all.
    pub raw: String,
}

static COUNT: AtomicU64 = AtomicU64::new(0);

impl Mails {
    pub fn new() -> Self {
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("portico-mails-{}-{count}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub fn mailer(&self, base: &url::Url) -> Mailer {
        Mailer::new(FROM, base.clone(), Way::Folder(self.0.clone())).expect("a sender")
    }

    /// The mails to an address, oldest first.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        let mails = self.all();
        mails.into_iter().filter(|mail| mail.to == address).collect()
    }

    fn all(&self) -> Vec<Mail> {
        let Ok(files) = std::fs::read_dir(&self.0) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "eml"));
        // Many have one instant: tests stop the clock.
        paths.sort_by_key(|path| path.metadata().unwrap().modified().unwrap());
        paths.iter().map(|path| read(path)).collect()
    }
}

impl Drop for Mails {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn read(path: &Path) -> Mail {
    Mail::parse(&std::fs::read_to_string(path).expect("a mail is text"))
}

impl Mail {
    /// Parses a mail of two parts.
    pub fn parse(raw: &str) -> Self {
        let raw = raw.replace("\r\n", "\n");
        let (head, body) = raw.split_once("\n\n").expect("headers and a body");
        let head = head.replace("\n ", " ").replace("\n\t", " ");
        let kind = header(&head, "content-type");
        let boundary = kind.split("boundary=\"").nth(1).expect("parts").split('"').next().unwrap();
        let part = |media: &str| {
            let edge = format!("--{boundary}");
            let mut parts =
                body.split(&edge).filter_map(|part| part.trim_start().split_once("\n\n"));
            let found = parts.find(|(head, _)| header(head, "content-type").starts_with(media));
            let (head, text) = found.unwrap_or_else(|| panic!("no {media}\n{raw}"));
            decoded(&header(head, "content-transfer-encoding"), text)
        };
        Self {
            to: header(&head, "to"),
            subject: words(&header(&head, "subject")),
            text: part("text/plain"),
            html: part("text/html"),
            raw: raw.clone(),
        }
    }

    /// The one link of the text.
    pub fn link(&self) -> String {
        let mut links = self.text.lines().filter(|line| line.starts_with("http"));
        let link = links.next().unwrap_or_else(|| panic!("no link\n{}", self.text));
        assert!(links.next().is_none(), "one link\n{}", self.text);
        let escaped = link.replace('&', "&#38;");
        assert!(self.html.contains(&format!("href=\"{escaped}\"")), "{}", self.html);
        link.to_owned()
    }
}

fn header(head: &str, name: &str) -> String {
    let found = head.lines().find_map(|line| {
        let (sent, value) = line.split_once(':')?;
        sent.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    });
    found.unwrap_or_default()
}

fn decoded(encoding: &str, text: &str) -> String {
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            let plain: String = text.split_whitespace().collect();
            String::from_utf8(STANDARD.decode(plain).unwrap()).unwrap()
        }
        "quoted-printable" => String::from_utf8(printable(text)).unwrap(),
        _ => text.to_owned(),
    }
}

fn printable(text: &str) -> Vec<u8> {
    let text = text.replace("=\n", "");
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'=' && at + 2 < bytes.len() {
            out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

/// A header with encoded words (RFC 2047).
fn words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let before = &rest[..start];
        if !before.trim().is_empty() || out.is_empty() {
            out.push_str(before);
        }
        let mut parts = rest[start + 2..].splitn(4, '?');
        let (_, kind, word) = (parts.next(), parts.next().unwrap(), parts.next().unwrap());
        let bytes = match kind {
            "b" | "B" => STANDARD.decode(word).unwrap(),
            _ => printable(&word.replace('_', " ")),
        };
        out.push_str(&String::from_utf8(bytes).unwrap());
        rest = parts.next().unwrap().trim_start_matches('=');
    }
    out.push_str(rest);
    out
}
