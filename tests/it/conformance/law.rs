//! What holds for every answer of the SCIM surface, whatever the case is about.

use serde_json::Value;

use super::wire::{Answer, Sent};

const MEDIA_TYPE: &str = "application/scim+json";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// The laws that an answer breaks.
pub fn broken(sent: &Sent, answer: &Answer) -> Vec<String> {
    let mut faults = Vec::new();
    if answer.body.is_empty() {
        let needed = answer.status >= 400 || [200, 201].contains(&answer.status);
        if needed && sent.method != "HEAD" {
            faults.push(format!("a {} without body (C8)", answer.status));
        }
        return faults;
    }
    if answer.header("content-type") != Some(MEDIA_TYPE) {
        faults.push(format!("the media type is {:?} (C1)", answer.header("content-type")));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        faults.push("the body is not JSON (C8)".to_owned());
        return faults;
    };
    if answer.status >= 400 {
        error(answer, &body, &mut faults);
        return faults;
    }
    if has_null(&body) {
        faults.push("the body holds a null (C15)".to_owned());
    }
    if body["schemas"][0] == LIST {
        list(sent, &body, &mut faults);
    } else if body["schemas"].as_array().is_some_and(|urns| !urns.is_empty()) {
        resource(answer, &body, &mut faults);
    }
    faults
}

fn error(answer: &Answer, body: &Value, faults: &mut Vec<String>) {
    if body["schemas"] != Value::from(vec![ERROR]) {
        faults.push(format!("the error has the schemas {} (C158)", body["schemas"]));
    }
    if body["status"].as_str() != Some(answer.status.to_string().as_str()) {
        faults.push(format!("the error has the status {} (C158)", body["status"]));
    }
    if body["detail"].as_str().is_none_or(|detail| detail.trim().is_empty()) {
        faults.push("the error has no detail (C158)".to_owned());
    }
    if answer.status == 401 && answer.header("www-authenticate").is_none() {
        faults.push("a 401 without challenge (C163)".to_owned());
    }
    if answer.status == 405 && answer.header("allow").is_none() {
        faults.push("a 405 without Allow (C7)".to_owned());
    }
}

fn list(sent: &Sent, body: &Value, faults: &mut Vec<String>) {
    let asked = sent.body.as_deref().map(String::from_utf8_lossy);
    let by_cursor = sent.target.contains("cursor")
        || asked.is_some_and(|asked| asked.contains("\"cursor\""))
        || body.get("nextCursor").is_some();
    for name in ["totalResults", "itemsPerPage", "startIndex"] {
        let left_out = by_cursor && body.get(name).is_none();
        if !body[name].is_u64() && !left_out {
            faults.push(format!("{name} is {} (C55)", body[name]));
        }
    }
    let length = body["Resources"].as_array().map(Vec::len);
    if length.map(Value::from).as_ref() != Some(&body["itemsPerPage"]) {
        faults.push("itemsPerPage is not the length of Resources (C55)".to_owned());
    }
}

fn resource(answer: &Answer, body: &Value, faults: &mut Vec<String>) {
    let urns = body["schemas"].as_array().cloned().unwrap_or_default();
    if urns.iter().enumerate().any(|(index, urn)| urns[..index].contains(urn)) {
        faults.push(format!("schemas names a URN twice: {} (C12)", body["schemas"]));
    }
    let meta = &body["meta"];
    let tag = answer.header("etag");
    if let Some(version) = meta["version"].as_str()
        && tag != Some(version)
    {
        faults.push(format!("ETag is {tag:?}, the version {version:?} (C33)"));
    }
    let location = answer.header("location");
    if answer.status == 201 && location.is_none() {
        faults.push("a 201 without Location (C47)".to_owned());
    }
    if let (Some(header), Some(told)) = (location, meta["location"].as_str())
        && header != told
    {
        faults.push(format!("Location is {header:?}, meta.location {told:?} (C32)"));
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}
