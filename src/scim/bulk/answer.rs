//! The BulkResponse message (C136).

use serde_json::{Map, Value, json};

use crate::scim::error::ScimError;

use super::{Operation, RESPONSE_URN};

/// What an operation came to.
#[derive(Debug, Clone)]
pub struct Answered<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// The URL of its resource; `None` for a create that failed.
    pub location: Option<String>,
    /// The entity tag of its resource, where it has one now.
    pub version: Option<String>,
    /// The status of what was done, or why nothing was.
    pub status: Result<u16, ScimError>,
}

/// Writes the answer to a bulk request; the operations stand in the order in which they are given.
#[must_use]
pub fn response(answered: Vec<Answered<'_>>) -> Value {
    let operations: Vec<Value> = answered.into_iter().map(one).collect();
    json!({ "schemas": [RESPONSE_URN], "Operations": operations })
}

fn one(answered: Answered<'_>) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value);
        }
    };
    put("method", Some(answered.operation.method.clone().into()));
    put("bulkId", answered.operation.bulk_id.clone().map(Value::from));
    put("location", answered.location.map(Value::from));
    put("version", answered.version.map(Value::from));
    match answered.status {
        Ok(status) => put("status", Some(status.to_string().into())),
        Err(error) => {
            put("status", Some(error.status.to_string().into()));
            put("response", Some(error.to_json()));
        }
    }
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_what_was_done_and_a_refusal_why_not_c136() {
        let operation = |method: &str, bulk_id: Option<&str>| Operation {
            method: method.to_owned(),
            bulk_id: bulk_id.map(str::to_owned),
            path: None,
            call: Err(ScimError::status(400, "x")),
        };
        let (made, failed) = (operation("POST", Some("a")), operation("DELETE", None));
        let error = ScimError::not_found("User", "1");
        let shown = response(vec![
            Answered {
                operation: &made,
                location: Some("https://x/Users/1".into()),
                version: Some("W/\"1\"".into()),
                status: Ok(201),
            },
            Answered {
                operation: &failed,
                location: Some("https://x/Users/2".into()),
                version: None,
                status: Err(error.clone()),
            },
        ]);
        assert_eq!(
            shown,
            json!({"schemas": [RESPONSE_URN], "Operations": [
            {"method": "POST", "bulkId": "a", "location": "https://x/Users/1",
                "version": "W/\"1\"", "status": "201"},
            {"method": "DELETE", "location": "https://x/Users/2", "status": "404",
                "response": error.to_json()}]})
        );
    }
}
