//! Pages by cursor (RFC 9865, N1 to N4).

use serde_json::{Value, json};

use super::{client, made_group, made_user, refused, user};
use crate::support::{Caller, Reply, TestApp};

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// The ids of a page.
fn ids(page: &Value) -> Vec<String> {
    let resources = page["Resources"].as_array().unwrap();
    assert_eq!(page["itemsPerPage"], json!(resources.len()), "{page}");
    resources.iter().map(|resource| resource["id"].as_str().unwrap().to_owned()).collect()
}

/// The cursor of the page that follows, if one does.
fn next(page: &Value) -> Option<String> {
    let cursor = page.get("nextCursor")?.as_str().unwrap();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    assert!(!cursor.is_empty() && cursor.bytes().all(plain), "{cursor}");
    Some(cursor.to_owned())
}

/// One page of a list.
async fn page(scim: &Caller, path: &str, query: &str, cursor: &str) -> Value {
    let page = scim.get(&format!("{path}?{query}&cursor={cursor}")).await.expect(200).json();
    // A page by cursor has no position, and nobody goes back.
    assert!(page.get("startIndex").is_none() && page.get("previousCursor").is_none(), "{page}");
    page
}

/// All ids of a list, page by page, and the totals that the pages told.
async fn walked(scim: &Caller, path: &str, query: &str) -> (Vec<String>, Vec<Value>) {
    let (mut found, mut totals, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = page(scim, path, query, &cursor).await;
        assert!(totals.len() < 100, "no end of pages");
        found.extend(ids(&page));
        totals.push(page.get("totalResults").cloned().unwrap_or_default());
        match next(&page) {
            Some(next) => cursor = next,
            None => return (found, totals),
        }
    }
}

/// Users in order of creation: every other one has a title, from Z downward.
async fn seven(app: &TestApp, scim: &Caller) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..7_u8 {
        let mut body = user(&format!("u{number}"));
        if number % 2 == 0 {
            body["title"] = json!(char::from(b'Z' - number).to_string());
        }
        ids.push(scim.post("/Users", body).await.expect(201).text_at("/id"));
        app.advance_s(1);
    }
    ids
}

on_both_engines! {
    async fn a_walk_by_cursor_sees_everything_once_in_order_n1(app: TestApp) {
        let scim = client(&app, "generic").await;
        let all = seven(&app, &scim).await;
        for count in [1, 2, 3, 6, 7, 8] {
            let (found, totals) = walked(&scim, "/Users", &format!("count={count}")).await;
            assert_eq!(found, all, "by {count}");
            // The last page is full where the count divides the total; none is empty.
            assert_eq!(totals, vec![json!(7); 7_usize.div_ceil(count)], "by {count}");
        }
        let group = made_group(&scim, "G", &[&all[0]]).await;
        assert_eq!(walked(&scim, "/Groups", "count=1").await.0, [group]);
        assert_eq!(walked(&scim, "/Groups", "count=0").await, (vec![], vec![json!(1)]));
        let bare = scim.get("/Users?cursor").await.expect(200).json();
        assert_eq!((ids(&bare), next(&bare)), (all.clone(), None));
        // By index nothing changes for those who never heard of cursors (N2).
        let by_index = scim.get("/Users?count=2").await.expect(200).json();
        assert_eq!((ids(&by_index), &by_index["startIndex"]), (all[..2].to_vec(), &json!(1)));
        assert_eq!(next(&by_index), None);
    }

    async fn filters_and_orders_are_walked_too_n1(app: TestApp) {
        let scim = client(&app, "generic").await;
        let all = seven(&app, &scim).await;
        let of = |numbers: &[usize]| numbers.iter().map(|n| all[*n].clone()).collect::<Vec<_>>();
        let (found, totals) = walked(&scim, "/Users", "filter=title+pr&count=3").await;
        assert_eq!(found, of(&[0, 2, 4, 6]));
        // The total is told where it is known: a later page reads no more than it must.
        assert_eq!(totals, [json!(4), Value::Null]);
        for (query, order) in [
            ("sortBy=title&count=2", [6, 4, 2, 0, 1, 3, 5]),
            ("sortBy=title&sortOrder=descending&count=3", [1, 3, 5, 0, 2, 4, 6]),
            ("sortBy=active&count=4", [0, 1, 2, 3, 4, 5, 6]),
        ] {
            let (found, totals) = walked(&scim, "/Users", query).await;
            assert_eq!(found, of(&order), "{query}");
            assert!(totals.iter().all(|total| *total == json!(7)), "{query}");
        }
        let query = "filter=userName+eq+%22U3%22&count=1";
        assert_eq!(walked(&scim, "/Users", query).await, (of(&[3]), vec![json!(1)]));
        let query = "filter=title+pr&sortBy=title&count=1&attributes=title";
        assert_eq!(walked(&scim, "/Users", query).await.0, of(&[6, 4, 2, 0]));
        let query = "filter=colour+pr";
        refused(&scim.get(&format!("/Users?{query}&cursor")).await, 400, Some("invalidFilter"));
    }

    async fn who_comes_and_goes_between_pages_moves_nobody_else_n4(app: TestApp) {
        let organization = app.organization("Acme").await;
        for query in ["count=2", "count=2&sortBy=userName", "count=2&filter=userName+sw+%22u%22",
            "count=2&sortBy=title&sortOrder=descending&filter=not+(userName+eq+%22new%22)"] {
            let scim = app.scim(&app.directory(&organization, "generic").await.1);
            let all = seven(&app, &scim).await;
            let whole = walked(&scim, "/Users", query).await.0;
            let first = page(&scim, "/Users", query, "").await;
            let mut seen = ids(&first);
            assert_eq!(seen, whole[..2], "{query}");
            // The whole first page goes, then one who was to come; others come at either end.
            for gone in [&whole[0], &whole[1], &whole[3]] {
                scim.delete(&format!("/Users/{gone}")).await.expect(204);
            }
            for name in ["a-new", "z-new"] {
                made_user(&scim, name).await;
            }
            let mut cursor = next(&first);
            while let Some(at) = cursor {
                let page = page(&scim, "/Users", query, &at).await;
                seen.extend(ids(&page).into_iter().filter(|id| all.contains(id)));
                cursor = next(&page);
            }
            let mut wanted = whole.clone();
            wanted.remove(3);
            assert_eq!(seen, wanted, "{query}");
        }
    }

    async fn a_cursor_is_good_for_its_own_query_alone_n4(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let scim = app.scim(&token);
        seven(&app, &scim).await;
        let query = "count=2&filter=title+pr&attributes=title";
        let cursor = next(&page(&scim, "/Users", query, "").await).unwrap();
        page(&scim, "/Users", query, &cursor).await;
        // The order of parameters and those that nobody knows say nothing.
        page(&scim, "/Users", "attributes=title&foo=1&filter=title+pr&count=2", &cursor).await;
        // Below the address with the directory it is the same list.
        let named = app.bearer(&token);
        let path = format!("/scim/{directory}/v2/Users?{query}&cursor={cursor}");
        named.get(&path).await.expect(200);

        let path = format!("/api/v1/directories/{directory}/tokens");
        let reading = json!({"name": "Reader", "scopes": ["scim.read"]});
        let reader = app.operator().post(&path, reading).await.expect(201).text_at("/token");
        let both = json!({"name": "Both"});
        let rotated = app.operator().post(&path, both).await.expect(201).text_at("/token");
        let (other, other_token) = app.directory(&organization, "generic").await;
        let altered = format!("{}{}", if cursor.starts_with('A') { "B" } else { "A" }, &cursor[1..]);
        let ask = async |who: &str, path: &str, query: &str, cursor: &str| {
            app.scim(who).get(&format!("{path}?{query}&cursor={cursor}")).await
        };
        // A token that may do the same takes over.
        ask(&rotated, "/Users", query, &cursor).await.expect(200);
        let changed = |from: &str, to: &str| query.replace(from, to);
        let refusals: Vec<Reply> = vec![
            ask(&token, "/Users", query, "unknown").await,
            ask(&token, "/Users", query, &altered).await,
            ask(&token, "/Users", query, &cursor[..cursor.len() - 2]).await,
            ask(&token, "/Groups", "count=2&attributes=title", &cursor).await,
            ask(&token, "/Users", &changed("title+pr", "active+pr"), &cursor).await,
            ask(&token, "/Users", &changed("attributes=title", "attributes=id"), &cursor).await,
            ask(&token, "/Users", &format!("{query}&sortBy=title"), &cursor).await,
            ask(&reader, "/Users", query, &cursor).await,
            ask(&other_token, "/Users", query, &cursor).await,
        ];
        assert_ne!(other, directory);
        for reply in &refusals {
            refused(reply, 400, Some("invalidCursor"));
            assert_eq!(reply.text(), refusals[0].text(), "one body for all: {reply}");
        }
        let foreign = app.bearer(&other_token);
        let path = format!("/scim/{directory}/v2/Users?{query}&cursor={cursor}");
        refused(&foreign.get(&path).await, 401, None);
    }

    async fn count_is_that_of_the_first_page_and_within_bounds_n1(app: TestApp) {
        let scim = client(&app, "generic").await;
        seven(&app, &scim).await;
        let cursor = next(&page(&scim, "/Users", "count=2", "").await).unwrap();
        for query in ["count=3", "count=0", "startless=1", "count=501"] {
            let reply = scim.get(&format!("/Users?{query}&cursor={cursor}")).await;
            refused(&reply, 400, Some("invalidCount"));
        }
        refused(&scim.get("/Users?count=501&cursor").await, 400, Some("invalidCount"));
        refused(&scim.get("/Users?count=ten&cursor").await, 400, Some("invalidValue"));
        scim.get("/Users?count=500&cursor").await.expect(200);
        let none = page(&scim, "/Users", "count=-3", "").await;
        assert_eq!((ids(&none), &none["totalResults"], next(&none)), (vec![], &json!(7), None));
        // Without a cursor a count beyond the largest page is cut, as it ever was (C84).
        scim.get("/Users?count=501").await.expect(200);
    }

    async fn a_cursor_ends_with_its_time_and_its_token_n1_n4(app: TestApp) {
        let organization = app.organization("Acme").await;
        let (_, token) = app.directory(&organization, "generic").await;
        let scim = app.scim(&token);
        seven(&app, &scim).await;
        let config = scim.get("/ServiceProviderConfig").await.at("/pagination");
        let wanted = json!({"cursor": true, "index": true, "defaultPaginationMethod": "index",
            "defaultPageSize": 100, "maxPageSize": 500, "cursorTimeout": 3600});
        assert_eq!(config, wanted, "N2");
        let cursor = next(&page(&scim, "/Users", "count=2", "").await).unwrap();
        app.advance_s(3600);
        let second = page(&scim, "/Users", "count=2", &cursor).await;
        app.advance_s(1);
        let reply = scim.get(&format!("/Users?count=2&cursor={cursor}")).await;
        refused(&reply, 400, Some("expiredCursor"));
        // The time of each cursor begins when it is given out.
        page(&scim, "/Users", "count=2", &next(&second).unwrap()).await;
    }

    async fn a_search_by_post_takes_the_same_cursors_n3(app: TestApp) {
        let scim = client(&app, "generic").await;
        let all = seven(&app, &scim).await;
        let ask = async |path: &str, more: Value| {
            let mut body = json!({"schemas": [SEARCH], "count": 4});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            scim.post(path, body).await
        };
        let first = ask("/Users/.search", json!({"cursor": ""})).await.expect(200).json();
        let cursor = next(&first).unwrap();
        let rest = ask("/Users/.search", json!({"cursor": cursor})).await.expect(200).json();
        assert_eq!([ids(&first), ids(&rest)].concat(), all);
        assert_eq!((next(&rest), rest.get("startIndex")), (None, None));
        assert_eq!(ids(&page(&scim, "/Users", "count=4", &cursor).await), ids(&rest));
        // null is as if it were not there (C15).
        let index = ask("/Users/.search", json!({"cursor": null, "startIndex": 2})).await;
        assert_eq!(index.expect(200).at("/startIndex"), json!(2));
        for (more, kind) in [
            (json!({"cursor": "", "startIndex": 1}), "invalidValue"),
            (json!({"cursor": cursor, "startIndex": 1}), "invalidValue"),
            (json!({"cursor": 5}), "invalidValue"),
            (json!({"cursor": "x"}), "invalidCursor"),
            (json!({"cursor": cursor, "count": 5}), "invalidCount"),
        ] {
            refused(&ask("/Users/.search", more).await, 400, Some(kind));
        }
        refused(&scim.get("/Users?cursor&startIndex=1").await, 400, Some("invalidValue"));
        refused(&scim.get("/Users?cursor=&cursor=").await, 400, Some("invalidValue"));
        for path in ["/Groups/.search", "/Roles/.search", "/.search"] {
            let page = ask(path, json!({"cursor": ""})).await.expect(200).json();
            assert!(page.get("startIndex").is_none(), "{path}: {page}");
        }
    }
}
