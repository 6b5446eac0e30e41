//! Mail out: by SMTP with TLS and kept connections, or into a folder of `.eml` files.
//!
//! Nothing is retried here: whoever sends decides by [`SendError`] whether and when. A mail never
//! stands in a log.

mod act;
mod letter;
mod notice;
mod smtp;
mod warning;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use url::Url;
use uuid::Uuid;

use crate::domain::mail::Mail;
use crate::domain::time::Timestamp;

pub use letter::{Rendered, render};
pub use smtp::{NoAuthority, Smtp};

/// Longest text of an error that is kept, in characters.
const SAID_MAX: usize = 200;

/// Why a mail was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError {
    /// What the server or the system said, without addresses and short.
    pub said: String,
    /// What to do about it.
    pub verdict: Verdict,
}

/// What to do about a mail that was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try it again later.
    Later,
    /// Give it up.
    Never,
    /// Give it up, and send nothing to this address for a while: there is nobody.
    NobodyThere,
}

impl SendError {
    fn new(verdict: Verdict, said: &str) -> Self {
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let words: String = said.chars().map(plain).take(SAID_MAX * 4).collect();
        // Servers repeat the address that they refuse.
        let words = words.split_whitespace().filter(|word| !word.contains('@'));
        let said: String = words.collect::<Vec<_>>().join(" ").chars().take(SAID_MAX).collect();
        Self { said, verdict }
    }
}

/// Where mail goes.
pub enum Way {
    /// To a mail server.
    Smtp(Smtp),
    /// Into a folder, for development.
    Folder(PathBuf),
}

/// Sends mail in our name.
pub struct Mailer {
    from: Mailbox,
    base: Url,
    way: Way,
}

/// The sender's address cannot be read.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it is no mail address, such as Portico <portico@example.com>")]
pub struct NoAddress;

impl Mailer {
    /// A mailer that writes in the name of `from`; links in mails begin with `base`.
    ///
    /// # Errors
    /// [`NoAddress`] for a sender that is none.
    pub fn new(from: &str, base: Url, way: Way) -> Result<Self, NoAddress> {
        Ok(Self { from: from.parse().map_err(|_| NoAddress)?, base, way })
    }

    /// Sends one mail. `id` names it: a mail that is sent twice after a crash is one mail to its
    /// reader.
    ///
    /// # Errors
    /// [`SendError`], with what to do.
    pub async fn send(&self, mail: &Mail, id: Uuid, at: Timestamp) -> Result<(), SendError> {
        let message = self.message(mail, id, at)?;
        match &self.way {
            Way::Smtp(smtp) => smtp.send(message).await,
            Way::Folder(folder) => write(folder.clone(), id, at, message.formatted()).await,
        }
    }

    fn message(&self, mail: &Mail, id: Uuid, at: Timestamp) -> Result<Message, SendError> {
        let never = |error: &dyn std::fmt::Display| {
            SendError::new(Verdict::Never, &format!("the mail cannot be written: {error}"))
        };
        let to: Address = mail.to.parse().map_err(|error| never(&error))?;
        let rendered = render(mail, &self.base).map_err(|error| never(&error))?;
        let micros = u64::try_from(at.0).unwrap_or(0);
        let host = self.from.email.domain();
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(rendered.subject)
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{id}@{host}>")))
            .multipart(MultiPart::alternative_plain_html(rendered.text, rendered.html))
            .map_err(|error| never(&error))
    }
}

/// Writes a mail into the folder, for nobody else to read.
async fn write(folder: PathBuf, id: Uuid, at: Timestamp, bytes: Vec<u8>) -> Result<(), SendError> {
    let written = tokio::task::spawn_blocking(move || {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        std::fs::create_dir_all(&folder)?;
        let name = format!("{:020}-{id}.eml", at.0);
        let (part, whole) = (folder.join(format!(".{name}")), folder.join(name));
        let mut options = std::fs::OpenOptions::new();
        let options = options.create(true).write(true).truncate(true).mode(0o600);
        options.open(&part)?.write_all(&bytes)?;
        std::fs::rename(part, whole)
    });
    let later = |said: String| SendError::new(Verdict::Later, &said);
    match written.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(later(format!("mail_dir cannot be written: {}", error.kind()))),
        Err(error) => Err(later(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::language::Language;
    use crate::domain::mail::Letter;

    fn base() -> Url {
        "https://portico.example".parse().unwrap()
    }

    fn mail(to: &str) -> Mail {
        let letter = Letter::PasswordReset {
            organization: "Acme".to_owned(),
            link: "/password/reset/x".to_owned(),
            minutes: 60,
        };
        Mail { to: to.to_owned(), language: Language::En, letter }
    }

    #[tokio::test]
    async fn a_mail_in_the_folder_is_a_file_that_its_owner_alone_reads() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("portico-mail-{}", std::process::id()));
        let way = Way::Folder(folder.clone());
        let mailer = Mailer::new("Portico <portico@example.com>", base(), way).unwrap();
        let (id, at) = (Uuid::max(), Timestamp(1_700_000_000_000_000));
        mailer.send(&mail("ada@example.com"), id, at).await.unwrap();
        mailer.send(&mail("ada@example.com"), id, at).await.unwrap();
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap()).collect();
        assert_eq!(files.len(), 1, "a mail that is sent twice is one");
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(files[0].path()).unwrap();
        assert!(text.contains("To: ada@example.com\r\n"), "{text}");
        assert!(text.contains("multipart/alternative"), "{text}");
        assert!(text.contains(&format!("Message-ID: <{id}@example.com>")), "{text}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn an_address_that_no_mail_can_carry_is_given_up() {
        let way = || Way::Folder(std::env::temp_dir());
        let mailer = Mailer::new("portico@example.com", base(), way()).unwrap();
        let refused = mailer.send(&mail("ada"), Uuid::nil(), Timestamp(1)).await.unwrap_err();
        assert_eq!(refused.verdict, Verdict::Never);
        assert!(Mailer::new("nobody", base(), way()).is_err());
    }

    #[test]
    fn what_a_server_said_is_kept_short_and_without_addresses() {
        let said = format!("550 5.1.1 <ada@example.com>:\r\nno such user {}", "x".repeat(900));
        let error = SendError::new(Verdict::Never, &said);
        assert!(error.said.starts_with("550 5.1.1 no such user xxx"), "{}", error.said);
        assert_eq!(error.said.chars().count(), SAID_MAX);
    }
}
