//! Rust source with everything that is not code blanked out.
//!
//! A reader of tokens, not a parser: comments, strings and characters become spaces (line ends
//! stay), so that rules see names only where they are code. Test items can be blanked as well.

/// The code of a source text: same length in characters, same lines.
pub fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => line_end(&chars, at),
            ('/', Some('*')) => block_end(&chars, at),
            ('"', _) => string_end(&chars, at),
            ('r', Some('"' | '#')) if !continues_a_name(&chars, at) => raw_end(&chars, at),
            ('\'', _) => character_end(&chars, at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|char| if *char == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// The code without the items behind `#[cfg(test)]`.
pub fn shipped(text: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut code = code(text);
    while let Some(start) = code.find(MARK) {
        let end = item_end(&code, start + MARK.len());
        let blank: String =
            code[start..end].chars().map(|char| if char == '\n' { '\n' } else { ' ' }).collect();
        code.replace_range(start..end, &blank);
    }
    code
}

/// Where the item that begins at `from` ends: behind its `;` or its closing brace.
fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0;
    for (offset, char) in code[from..].char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth <= 1 => return from + offset + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return from + offset + 1,
            _ => {}
        }
    }
    code.len()
}

fn line_end(chars: &[char], at: usize) -> usize {
    (at..chars.len()).find(|at| chars[*at] == '\n').unwrap_or(chars.len())
}

fn block_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut here = at;
    while here < chars.len() {
        match (chars[here], chars.get(here + 1)) {
            ('/', Some('*')) => (depth, here) = (depth + 1, here + 2),
            ('*', Some('/')) => {
                (depth, here) = (depth - 1, here + 2);
                if depth == 0 {
                    return here;
                }
            }
            _ => here += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut here = at + 1;
    while here < chars.len() {
        match chars[here] {
            '\\' => here += 2,
            '"' => return here + 1,
            _ => here += 1,
        }
    }
    chars.len()
}

/// The end of `r"..."` or `r#"..."#`; `at` itself for a raw name such as `r#type`.
fn raw_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|char| **char == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return at;
    }
    let closes = |here: &usize| {
        chars[*here] == '"'
            && chars[*here + 1..].iter().take(hashes).filter(|char| **char == '#').count() == hashes
    };
    (open + 1..chars.len()).find(closes).map_or(chars.len(), |here| here + 1 + hashes)
}

/// The end of `'x'` or `'\n'`; `at` itself for a lifetime.
fn character_end(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => {
            let closes = |here: &usize| chars[*here] == '\'';
            (at + 3..chars.len()).find(closes).map_or(chars.len(), |here| here + 1)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

/// Whether the character at `at` goes on with a name; `b` and `c` may stand before a raw string.
fn continues_a_name(chars: &[char], at: usize) -> bool {
    let named = |at: usize| chars[at].is_alphanumeric() || chars[at] == '_';
    match at.checked_sub(1) {
        Some(before) if matches!(chars[before], 'b' | 'c') => {
            before.checked_sub(1).is_some_and(named)
        }
        Some(before) => named(before),
        None => false,
    }
}

#[test]
fn comments_strings_and_characters_are_blanked_and_lines_stay() {
    let text =
        "a // x\nb /* y /* z */ */ \"s \\\" t\" r#\"u\"v\"# br\"w\" '\"' '\\'' c::<'d>(r#e)\n";
    let code = code(text);
    assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "b", "b", "c::<'d>(r#e)"]);
    assert_eq!(code.chars().count(), text.chars().count());
    assert_eq!(code.matches('\n').count(), 2);
}

#[test]
fn items_behind_cfg_test_are_not_shipped() {
    let text = "a();\n#[cfg(test)]\nuse b;\nc();\n#[cfg(test)]\n#[path = \"d.rs\"]\nmod d;\n\
                #[cfg(test)]\nmod e { fn f() { g() } }\nh();";
    let shipped = shipped(text);
    assert_eq!(shipped.split_whitespace().collect::<Vec<_>>(), ["a();", "c();", "h();"]);
}
