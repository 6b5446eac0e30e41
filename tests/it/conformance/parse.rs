//! Reads a file of cases. Prose is free; whatever is part of a case must be understood, or the
//! file is refused with the line.

use serde_json::Value;

use super::case::{Case, Chapter, Exchange, Number, Request, Wanted};

/// What runs where nothing is said.
const DEFAULT_PROFILE: &str = "generic";
/// The profiles of directories.
const PROFILES: [&str; 4] = ["strict", "generic", "entra", "okta"];
/// Most repetitions of a block.
const TIMES_MAX: usize = 2_000;
/// Between two requests of one block.
const SEPARATOR: &str = "###";
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// A line that is not understood.
pub type Fault = (usize, String);
type Parsed<T> = Result<T, Fault>;
/// A line with its number.
type Line<'t> = (usize, &'t str);

/// Reads a chapter.
///
/// # Errors
/// The first line that is not understood.
pub fn chapter(path: &str, text: &str) -> Parsed<Chapter> {
    let mut reader = Reader::default();
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    while let Some((number, line)) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            let block = block(&mut lines, number)?;
            reader.fence(info.trim(), number, &block)?;
        } else {
            reader.line(number, line)?;
        }
    }
    reader.end(text.lines().count())?;
    let title = reader.title.ok_or((1, "the file has no title".to_owned()))?;
    if reader.cases.is_empty() {
        return Err((1, "the file has no case".to_owned()));
    }
    Ok(Chapter { path: path.to_owned(), title, cases: reader.cases })
}

fn block<'t>(lines: &mut impl Iterator<Item = Line<'t>>, begin: usize) -> Parsed<Vec<Line<'t>>> {
    let mut block = Vec::new();
    for (number, line) in lines {
        if line.trim_end() == "```" {
            return Ok(block);
        }
        block.push((number, line));
    }
    Err((begin, "the block is not closed".to_owned()))
}

#[derive(Default)]
struct Reader {
    title: Option<String>,
    cases: Vec<Case>,
    /// Within the list of facts below the heading of a case.
    in_facts: bool,
    /// A block of requests that waits for its answer, with its line.
    waiting: Option<(usize, Exchange)>,
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Parsed<()> {
        if line.starts_with("~~~") || line.trim_start().starts_with("```") {
            return Err((number, "blocks begin with ``` at the begin of the line".to_owned()));
        }
        if let Some(title) = line.strip_prefix("## ") {
            return self.heading(number, title.trim());
        }
        if let Some(title) = line.strip_prefix("# ") {
            if self.title.replace(title.trim().to_owned()).is_some() {
                return Err((number, "the file has a title already".to_owned()));
            }
            return Ok(());
        }
        if line.starts_with('#') {
            return Err((number, "headings are `# title` and `## case`".to_owned()));
        }
        if !self.in_facts || line.trim().is_empty() {
            return Ok(());
        }
        match line.strip_prefix("- ") {
            Some(fact) => self.fact(number, fact),
            None => {
                self.in_facts = false;
                Ok(())
            }
        }
    }

    fn heading(&mut self, number: usize, title: &str) -> Parsed<()> {
        self.end(number)?;
        if self.title.is_none() {
            return Err((number, "a case comes before the title of the file".to_owned()));
        }
        if !title.contains(' ') || title.ends_with('.') {
            return Err((number, "the title of a case is a sentence without its stop".to_owned()));
        }
        if self.cases.iter().any(|case| case.title == title) {
            return Err((number, "another case has this title".to_owned()));
        }
        self.in_facts = true;
        let profiles = vec![DEFAULT_PROFILE.to_owned()];
        let title = title.to_owned();
        self.cases.push(Case {
            title,
            line: number,
            shows: Vec::new(),
            profiles,
            exchanges: Vec::new(),
        });
        Ok(())
    }

    fn fact(&mut self, number: usize, fact: &str) -> Parsed<()> {
        let Some(case) = self.cases.last_mut() else { return Ok(()) };
        let (name, list) = fact.split_once(':').unwrap_or((fact, ""));
        let list = list.split(',').map(str::trim);
        match name {
            "shows" => {
                for text in list {
                    let shown = Number::parse(text);
                    case.shows.push(shown.ok_or((number, format!("{text:?} is no number")))?);
                }
            }
            "profiles" => {
                case.profiles.clear();
                for text in list {
                    if !PROFILES.contains(&text) {
                        return Err((number, format!("{text:?} is no profile")));
                    }
                    case.profiles.push(text.to_owned());
                }
            }
            _ => return Err((number, "below a case come `- shows:` and `- profiles:`".to_owned())),
        }
        Ok(())
    }

    fn fence(&mut self, info: &str, number: usize, block: &[Line<'_>]) -> Parsed<()> {
        self.in_facts = false;
        let Some(case) = self.cases.last_mut() else {
            return Err((number, "a block comes before the first case".to_owned()));
        };
        let words: Vec<&str> = info.split_whitespace().collect();
        match words.as_slice() {
            ["http", "response", rest @ ..] => {
                let Some((_, mut exchange)) = self.waiting.take() else {
                    return Err((number, "the answer has no request".to_owned()));
                };
                exchange.wanted = wanted(number, block)?;
                exchange.wanted.exactly = match rest {
                    [] => false,
                    ["exactly"] => true,
                    _ => return Err((number, format!("{info:?} is not understood"))),
                };
                case.exchanges.push(exchange);
                Ok(())
            }
            ["http", rest @ ..] => {
                if self.waiting.is_some() {
                    return Err((number, "the request before this has no answer".to_owned()));
                }
                let (raw, times) = match rest {
                    [] => (false, 1),
                    ["raw"] => (true, 1),
                    [times, "times"] => (false, times.parse().unwrap_or(0)),
                    _ => (false, 0),
                };
                if !(1..=TIMES_MAX).contains(&times) {
                    return Err((number, format!("{info:?} is not understood")));
                }
                let requests = requests(number, block)?;
                let wanted = Wanted {
                    line: number,
                    status: 0,
                    headers: Vec::new(),
                    body: None,
                    exactly: false,
                };
                self.waiting = Some((number, Exchange { requests, times, raw, wanted }));
                Ok(())
            }
            _ => Err((number, format!("blocks are `http` and `http response`, not {info:?}"))),
        }
    }

    /// Ends a case, at the next one or at the end of the file.
    fn end(&mut self, number: usize) -> Parsed<()> {
        if let Some((number, _)) = self.waiting.take() {
            return Err((number, "the request has no answer".to_owned()));
        }
        let Some(case) = self.cases.last() else { return Ok(()) };
        if case.shows.is_empty() {
            return Err((case.line, "the case shows no requirement".to_owned()));
        }
        if case.exchanges.is_empty() {
            return Err((number, format!("the case {:?} sends nothing", case.title)));
        }
        Ok(())
    }
}

fn requests(begin: usize, block: &[Line<'_>]) -> Parsed<Vec<Request>> {
    let mut requests: Vec<Request> = Vec::new();
    // Between requests; in the head of one; in the body of one.
    let (mut open, mut body): (bool, Option<Vec<&str>>) = (false, None);
    let text =
        |lines: Vec<&str>| Some(lines.join("\n").trim().to_owned()).filter(|t| !t.is_empty());
    for (number, line) in block {
        if *line == SEPARATOR {
            let last =
                requests.last_mut().ok_or((*number, "a separator comes first".to_owned()))?;
            last.body = body.take().and_then(text);
            open = false;
        } else if let Some(lines) = &mut body {
            lines.push(line);
        } else if let Some((method, target)) = request_line(line) {
            let (method, target) = (method.to_owned(), target.to_owned());
            let (headers, body) = (Vec::new(), None);
            requests.push(Request { line: *number, method, target, headers, body });
            open = true;
        } else if line.trim().is_empty() {
            body = open.then(Vec::new);
        } else {
            let last = requests.last_mut().filter(|_| open);
            let last = last.ok_or((*number, "a request begins with its method".to_owned()))?;
            last.headers.push(header(*number, line)?);
        }
    }
    let last = requests.last_mut().ok_or((begin, "the block has no request".to_owned()))?;
    last.body = body.take().and_then(text);
    Ok(requests)
}

fn request_line(line: &str) -> Option<(&str, &str)> {
    let (method, target) = line.split_once(' ')?;
    let whole = target.starts_with('/') || target.starts_with("{{");
    (METHODS.contains(&method) && whole).then_some((method, target.trim_end()))
}

fn header(number: usize, line: &str) -> Parsed<(String, String)> {
    let not_one = || (number, format!("{line:?} is neither a request nor a header"));
    let (name, value) = line.split_once(':').ok_or_else(not_one)?;
    let is_token = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(not_one());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

fn wanted(begin: usize, block: &[Line<'_>]) -> Parsed<Wanted> {
    let mut lines = block.iter();
    let (line, first) = lines.next().ok_or((begin, "the answer is empty".to_owned()))?;
    let (code, reason) = first.split_once(' ').unwrap_or((first, ""));
    let status = code.parse().ok().filter(|status| (200..600).contains(status));
    let status = status.ok_or((*line, format!("{first:?} is no status")))?;
    if reason.chars().any(|c| !c.is_ascii_alphabetic() && c != ' ' && c != '-') {
        return Err((*line, format!("{first:?} is no status")));
    }
    let mut headers = Vec::new();
    for (number, line) in lines.by_ref() {
        if line.trim().is_empty() {
            break;
        }
        headers.push(header(*number, line)?);
    }
    let rest: Vec<&Line<'_>> = lines.collect();
    let text: Vec<&str> = rest.iter().map(|(_, line)| *line).collect();
    let text = text.join("\n");
    let body = (!text.trim().is_empty()).then(|| serde_json::from_str::<Value>(&text));
    let body = body.transpose().map_err(|error| {
        let first = rest.first().map_or(begin, |(number, _)| *number);
        (first + error.line().saturating_sub(1), format!("the body is not JSON: {error}"))
    })?;
    Ok(Wanted { line: *line, status, headers, body, exactly: false })
}
