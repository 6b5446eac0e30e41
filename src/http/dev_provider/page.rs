//! The provider's two pages, each marked as what it is.

use askama::Template;

use super::{Account, Asked};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Development sign-in</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 3rem auto; padding: 0 1rem }
p.mark { background: #fff3bf; color: #3b2f00; border: 1px solid #d9a400; padding: .5rem 1rem }
button { display: block; width: 100%; margin: .5rem 0; padding: .75rem 1rem; font: inherit;
  text-align: left }
</style>
</head>
<body>
<p class="mark">Development identity provider of <code>portico demo</code>: no password is asked.</p>
<main>
{% if let Some(reason) = refused %}
<h1>This request cannot be answered</h1>
<p>{{ reason }}</p>
{% else %}
<h1>Who are you today?</h1>
{% for account in accounts %}
<form method="post" action="/authorize">
{% for (name, value) in fields %}<input type="hidden" name="{{ name }}" value="{{ value }}">
{% endfor %}<input type="hidden" name="subject" value="{{ account.subject }}">
<button type="submit"><strong>{{ account.name }}</strong> {{ account.email }}</button>
</form>
{% endfor %}
{% endif %}
</main>
</body>
</html>
"#
)]
struct Page<'a> {
    refused: Option<&'a str>,
    accounts: &'a [Account],
    fields: Vec<(&'static str, &'a str)>,
}

/// The page on which somebody is chosen.
pub fn choose(accounts: &[Account], asked: &Asked) -> String {
    let fields = vec![
        ("response_type", asked.response_type.as_str()),
        ("client_id", &asked.client_id),
        ("redirect_uri", &asked.redirect_uri),
        ("state", &asked.state),
        ("nonce", &asked.nonce),
        ("code_challenge", &asked.code_challenge),
        ("code_challenge_method", &asked.code_challenge_method),
    ];
    render(&Page { refused: None, accounts, fields })
}

/// The page of a request that cannot be answered.
pub fn refused(reason: &str) -> String {
    render(&Page { refused: Some(reason), accounts: &[], fields: Vec::new() })
}

fn render(page: &Page<'_>) -> String {
    // Writing into a text fails only when a value cannot be shown; ours are texts.
    page.render().unwrap_or_default()
}
