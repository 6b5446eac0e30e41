//! What a trace keeps of a message that was refused: its text, of which nothing can be used again
//! (G30).
//!
//! Values of signatures and what is encrypted are left out: an answer that was meant for somebody
//! else, or that came too early, is no key to anything. The text need not be well-formed.

/// Longest text that is kept, in bytes.
pub const TEXT_MAX: usize = 32 * 1024;
/// Elements whose text is left out.
const SECRETS: [&str; 3] = ["SignatureValue", "DigestValue", "CipherValue"];
/// What stands in its place.
const LEFT_OUT: &str = "[left out]";

/// The text without what is secret in it, cut where it is long.
#[must_use]
pub fn redacted(text: &str) -> String {
    let (mut kept, mut rest) = (String::new(), text);
    while let Some((before, tag)) = rest.split_once('<') {
        kept.push_str(before);
        kept.push('<');
        let (head, after) = tag.split_once('>').unwrap_or((tag, ""));
        kept.push_str(head);
        kept.push_str(if head.len() < tag.len() { ">" } else { "" });
        rest = after;
        if hides(head) {
            kept.push_str(LEFT_OUT);
            rest = rest.find('<').map_or("", |at| rest.get(at..).unwrap_or_default());
        }
        if kept.len() > TEXT_MAX {
            break;
        }
    }
    if kept.len() <= TEXT_MAX {
        kept.push_str(rest);
    }
    if kept.len() > TEXT_MAX {
        let cut = (0..=TEXT_MAX).rev().find(|at| kept.is_char_boundary(*at)).unwrap_or_default();
        kept.truncate(cut);
        kept.push('…');
    }
    kept
}

/// Whether this is the start of an element whose text is left out.
fn hides(head: &str) -> bool {
    let name = head.split(|c: char| c.is_whitespace() || c == '/').next().unwrap_or_default();
    let local = name.rsplit(':').next().unwrap_or_default();
    SECRETS.contains(&local) && !head.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_and_what_is_encrypted_are_left_out_and_the_rest_is_kept_g30() {
        let text = "<a:R ID='_1'><ds:SignatureValue Id='x'>c2ln</ds:SignatureValue><DigestValue>\n\
                    ZGln</DigestValue><x>1 &lt; 2</x><xenc:CipherValue>Y2lw</xenc:CipherValue></a:R>";
        let kept = redacted(text);
        for secret in ["c2ln", "ZGln", "Y2lw"] {
            assert!(!kept.contains(secret), "{kept}");
        }
        assert!(
            kept.starts_with("<a:R ID='_1'><ds:SignatureValue Id='x'>[left out]</ds:"),
            "{kept}"
        );
        assert!(
            kept.ends_with("<x>1 &lt; 2</x><xenc:CipherValue>[left out]</xenc:CipherValue></a:R>")
        );
        for same in ["", "no markup", "<a", "<a><b/></a>", "a < b", "<SignatureValue"] {
            assert!(redacted(same).starts_with(same), "{same}");
        }
        assert_eq!(redacted("<CipherValue>c2Vj"), "<CipherValue>[left out]");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        for text in ["é".repeat(TEXT_MAX), "<é>".repeat(TEXT_MAX)] {
            let kept = redacted(&text);
            assert!(kept.len() <= TEXT_MAX + '…'.len_utf8(), "{}", kept.len());
            assert!(kept.ends_with('…'));
        }
        let whole = "x".repeat(TEXT_MAX);
        assert_eq!(redacted(&whole), whole);
    }
}
