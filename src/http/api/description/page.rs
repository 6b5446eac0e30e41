//! The description as a page: headings, lists and tables, made on the server, without a script.

#![expect(clippy::indexing_slicing, reason = "a JSON value asked for what it has not answers null")]

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;\
padding:1rem;color:#1a1a1a;background:#fff}a{color:#0b57d0}h2{border-top:1px solid #767676;\
padding-top:1rem}h3{font-family:ui-monospace,monospace;font-size:1rem;overflow-wrap:anywhere}\
table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:600}\
th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid #c4c4c4}\
code{overflow-wrap:anywhere}@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}\
a{color:#a8c7fa}h2{border-color:#9a9a9a}th,td{border-color:#555}}";

/// The policy that the page is sent with: its own style and nothing else.
pub(super) fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

/// Renders an OpenAPI document.
pub(super) fn render(document: &Value) -> String {
    let title = escape(text(&document["info"]["title"]));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body><main><h1>{title}</h1>\n"
    );
    let about = prose(text(&document["info"]["description"]));
    // Writing to a String cannot fail.
    let _ = writeln!(
        page,
        "<p>{about}</p>\n<p>The same as <a href=\"/api/openapi.json\">OpenAPI 3.1</a>.</p>"
    );
    let nouns = nouns(document);
    page.push_str("<nav aria-label=\"Nouns\"><ul>\n");
    for (noun, _) in &nouns {
        let noun = escape(noun);
        let _ = writeln!(page, "<li><a href=\"#{noun}\">{noun}</a></li>");
    }
    page.push_str("</ul></nav>\n");
    for (noun, calls) in &nouns {
        let noun = escape(noun);
        let _ = writeln!(page, "<h2 id=\"{noun}\">{noun}</h2>");
        for call in calls {
            call.render(document, &mut page);
        }
    }
    page.push_str("</main></body></html>\n");
    page
}

struct Call<'d> {
    path: &'d str,
    method: &'d str,
    operation: &'d Value,
}

/// The calls of each noun, in the order of the document.
fn nouns(document: &Value) -> Vec<(&str, Vec<Call<'_>>)> {
    let mut nouns: Vec<(&str, Vec<Call<'_>>)> = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let noun = text(&operation["tags"][0]);
            let call = Call { path, method, operation };
            match nouns.iter_mut().find(|(known, _)| *known == noun) {
                Some((_, calls)) => calls.push(call),
                None => nouns.push((noun, vec![call])),
            }
        }
    }
    nouns
}

impl Call<'_> {
    fn render(&self, document: &Value, page: &mut String) {
        let id = escape(text(&self.operation["operationId"]));
        let (method, path) = (self.method.to_ascii_uppercase(), escape(self.path));
        let summary = prose(text(&self.operation["summary"]));
        let needs = prose(text(&self.operation["description"]));
        let _ = writeln!(
            page,
            "<section aria-labelledby=\"{id}\"><h3 id=\"{id}\">{method} {path}</h3>\n\
             <p>{summary} {needs}</p>"
        );
        let query: Vec<[String; 3]> = array(&self.operation["parameters"])
            .filter(|parameter| parameter["in"] != "path")
            .map(|parameter| {
                let place = escape(text(&parameter["in"]));
                let meaning = prose(text(&parameter["description"]));
                [escape(text(&parameter["name"])), place, meaning]
            })
            .collect();
        table(page, "Parameters", ["Name", "In", "Meaning"], &query);
        let body = self.operation["requestBody"]["content"].as_object();
        if let Some(content) = body.and_then(|content| content.values().next()) {
            fields(document, &content["schema"], "Body", page);
        }
        for (status, answer) in self.operation["responses"].as_object().into_iter().flatten() {
            let schema = &answer["content"]["application/json"]["schema"];
            if status == "204" {
                page.push_str("<p>Answers 204 without a body.</p>\n");
            } else if !schema.is_null() {
                fields(document, schema, &format!("Answer {status}"), page);
            }
        }
        page.push_str("</section>\n");
    }
}

/// The fields of a schema as a table; those of a page's items where it is a page.
fn fields(document: &Value, schema: &Value, caption: &str, page: &mut String) {
    let schema = resolve(document, schema);
    let items = &schema["properties"]["data"]["items"];
    let (schema, caption) = if items.is_null() {
        (schema, caption.to_owned())
    } else {
        (resolve(document, items), format!("{caption}: {{data, next}}, each item of data"))
    };
    let mut properties = Map::new();
    gather(document, schema, &mut properties);
    let rows: Vec<[String; 3]> = properties
        .iter()
        .map(|(name, property)| {
            let meaning = prose(text(&property["description"]));
            [escape(name), escape(&kind(property)), meaning]
        })
        .collect();
    table(page, &caption, ["Field", "Type", "Meaning"], &rows);
}

/// The properties of a schema, with those of the schemas that it is made of.
fn gather(document: &Value, schema: &Value, into: &mut Map<String, Value>) {
    for part in array(&schema["allOf"]) {
        gather(document, resolve(document, part), into);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        into.insert(name.clone(), property.clone());
    }
}

fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let reference = schema["$ref"].as_str().and_then(|text| text.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// A type in words: `string or null`, `list of Grant`.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for either in ["oneOf", "anyOf", "allOf"] {
        if schema[either].is_array() {
            let kinds: Vec<String> = array(&schema[either]).map(kind).collect();
            return kinds.join(" or ");
        }
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let name = |name: &Value| match name.as_str() {
                Some("array") => format!("list of {}", kind(&schema["items"])),
                other => other.unwrap_or_default().to_owned(),
            };
            names.iter().map(name).collect::<Vec<_>>().join(" or ")
        }
        _ => "any".to_owned(),
    }
}

fn table(page: &mut String, caption: &str, heads: [&str; 3], rows: &[[String; 3]]) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(page, "<table><caption>{}</caption><thead><tr>", escape(caption));
    for head in heads {
        let _ = write!(page, "<th scope=\"col\">{head}</th>");
    }
    page.push_str("</tr></thead><tbody>\n");
    for [first, second, third] in rows {
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\"><code>{first}</code></th><td>{second}</td><td>{third}</td></tr>"
        );
    }
    page.push_str("</tbody></table>\n");
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Text in which what stands between backticks is code.
fn prose(text: &str) -> String {
    let parts = text.split('`').map(escape);
    let mut html = String::with_capacity(text.len());
    for (at, part) in parts.enumerate() {
        if at % 2 == 1 {
            let _ = write!(html, "<code>{part}</code>");
        } else {
            html.push_str(&part);
        }
    }
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::document;
    use super::*;

    #[test]
    fn the_page_names_every_call_and_holds_no_script() {
        let page = render(document());
        for path in document()["paths"].as_object().unwrap().keys() {
            assert!(page.contains(&format!(" {path}</h3>")), "{path}");
        }
        for forbidden in ["<script", "javascript:", " style=\"", " onclick", " onload"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert!(page.contains("Parameters"));
    }

    #[test]
    fn text_is_escaped_wherever_it_stands() {
        assert_eq!(prose("a <b> & `c<d`"), "a &lt;b&gt; &amp; <code>c&lt;d</code>");
        let document = serde_json::json!({"info": {"title": "<script>"}, "paths": {}});
        assert!(!render(&document).contains("<script>"));
    }

    #[test]
    fn the_policy_lets_in_the_style_of_the_page_alone() {
        let policy = policy();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!policy.contains("unsafe"));
    }
}
