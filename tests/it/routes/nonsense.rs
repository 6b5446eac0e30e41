//! What means nothing anywhere: bodies, queries, values and ids.

/// Bodies that mean nothing anywhere, with their media types.
pub fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let json = "application/json";
    let texts: [&[u8]; 13] = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\"x\"",
        b"{\"a\":1e999}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"\\u0000\",\"slug\":\"x\",\"key\":\"\\u0000\"}",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":{},\"name\":[]}",
        b"\xef\xbb\xbf{}",
        b"\0",
    ];
    let mut bodies: Vec<_> = texts.into_iter().map(|text| (json, text.to_vec())).collect();
    // Deeper than any reader goes.
    bodies.push((json, "[".repeat(1_000).into_bytes()));
    bodies.push((json, "{\"a\":".repeat(1_000).into_bytes()));
    bodies.push(("application/scim+json", b"{\"schemas\":7}".to_vec()));
    bodies.push(("text/html", b"<p>".to_vec()));
    bodies.push(("application/x-www-form-urlencoded", b"%ff=%00&email=a&email=b&&=".to_vec()));
    bodies.push(("\"", b"{}".to_vec()));
    bodies
}

/// Queries that mean nothing anywhere.
pub const QUERIES: &[&str] = &[
    "?limit=-1",
    "?limit=99999999999999999999",
    "?limit=1&limit=2",
    "?return_to=a&return_to=b&state=a&state=b&code=a&code=b&login_hint=a&login_hint=b",
    "?after=%00",
    "?after=%ff%fe",
    "?%ff=%",
    "?filter=%00&q=%00&startIndex=x&count=-1",
    "?permission=%00&resource=%00",
    "?&&==&",
];

/// What RFC 7644 reads of a query.
pub const SCIM_PARAMETERS: &[&str] = &[
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "attributes",
    "excludedAttributes",
    "cursor",
];

/// Values that mean nothing as a query parameter, as they stand in a query.
pub const VALUES: &[&str] =
    &["", "%00", "%ff", "-1", "99999999999999999999", "%22%5c%25_", "a%20eq"];

/// Ids that are none, as they stand in a path.
pub const IDS: &[&str] = &["x", "%00", "%ff", "..%2f", "%20", "%7B%7D", UNKNOWN];
/// An id that nothing has.
pub const UNKNOWN: &str = "018f0000-0000-7000-8000-000000000000";
