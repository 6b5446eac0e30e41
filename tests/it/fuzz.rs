//! The fuzz targets over their corpora and over bounded, repeatable mutations of them.
//!
//! A run guided by coverage is `cargo fuzz` in `fuzz/`; this one keeps the laws at every change.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::path::Path;

/// Mutations of each target.
const MUTATIONS: usize = 4_000;
/// Changes that one mutation makes at most.
const CHANGES_MAX: u64 = 6;
/// What parsers trip over, put in as it is.
const AWKWARD: [&[u8]; 16] = [
    b"(",
    b")",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\\u0000",
    b" and ",
    b" eq ",
    b"not (",
    b"null",
    b"\xf0\x9f\x98\x80",
    b"\xff",
    b"1e400",
    b"urn:",
    b"{\"a\":[",
];

/// SplitMix64: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}

/// The committed inputs of a target, in the order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 3, "the corpus of {target} is there");
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn mutated(corpus: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = corpus[numbers.below(corpus.len())].clone();
    for _ in 0..=numbers.next() % CHANGES_MAX {
        let at = numbers.below(bytes.len() + 1);
        match numbers.next() % 5 {
            0 if at < bytes.len() => bytes[at] = numbers.next().to_le_bytes()[0],
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => {
                let other = &corpus[numbers.below(corpus.len())];
                let from = numbers.below(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            3 => {
                let end = (at + numbers.below(12)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let awkward = AWKWARD[numbers.below(AWKWARD.len())];
                bytes.splice(at..at, awkward.iter().copied());
            }
        }
    }
    bytes
}

fn holds(name: &str, target: fn(&[u8])) {
    let (corpus, mut numbers) = (corpus(name), Numbers(0x706f_7274_6963_6f00));
    corpus.iter().for_each(|input| target(input));
    for _ in 0..MUTATIONS {
        let input = mutated(&corpus, &mut numbers);
        let outcome = std::panic::catch_unwind(|| target(&input));
        assert!(outcome.is_ok(), "this input breaks {name}: {:?}", String::from_utf8_lossy(&input));
    }
}

#[test]
fn filters_hold_their_laws_on_any_bytes() {
    holds("filter", targets::filter);
}

#[test]
fn paths_hold_their_laws_on_any_bytes() {
    holds("path", targets::path);
}

#[test]
fn patch_bodies_hold_their_laws_on_any_bytes() {
    holds("patch", targets::patch);
}

#[test]
fn bulk_bodies_hold_their_laws_on_any_bytes() {
    holds("bulk", targets::bulk);
}

#[test]
fn saml_messages_hold_their_laws_on_any_bytes() {
    holds("preflight", targets::preflight);
}

#[test]
fn saml_metadata_holds_its_laws_on_any_bytes() {
    holds("metadata", targets::metadata);
}

#[test]
fn files_of_people_hold_their_laws_on_any_bytes() {
    holds("import", targets::import);
}

#[test]
fn logout_queries_hold_their_laws_on_any_bytes() {
    holds("redirect", targets::redirect);
}

#[test]
fn claims_of_id_tokens_hold_their_laws_on_any_bytes() {
    holds("id_token", targets::id_token);
}
