use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Expr, ScimError> {
    parse(text, Dialect::Generic).map(|filter| filter.expr)
}

fn printed(text: &str) -> String {
    read(text).unwrap().to_string()
}

fn shape(expr: &Expr) -> String {
    match expr {
        Expr::Or(parts) => format!("({})", parts.iter().map(shape).collect::<Vec<_>>().join("|")),
        Expr::And(parts) => format!("({})", parts.iter().map(shape).collect::<Vec<_>>().join("&")),
        Expr::Not(part) => format!("!{}", shape(part)),
        Expr::Present(path) | Expr::Compare(path, ..) | Expr::Element(path, _) => path.to_string(),
    }
}

#[test]
fn not_binds_before_and_and_and_before_or_c62() {
    let of = |text: &str| shape(&read(text).unwrap());
    assert_eq!(of("a pr or b pr and c pr"), "(a|(b&c))");
    assert_eq!(of("(a pr or b pr) and c pr"), "((a|b)&c)");
    assert_eq!(of("not (a pr) and b pr"), "(!a&b)");
    assert_eq!(of("not (a pr and b pr)"), "!(a&b)");
    assert_eq!(of("not (a pr or not(b pr and (c pr or d pr)))"), "!(a|!(b&(c|d)))");
    assert_eq!(of("a pr and b pr and c pr"), "(a&b&c)");
}

#[test]
fn operators_and_logic_words_have_any_letter_case_c61() {
    assert_eq!(
        printed("a EQ 1 AND NOT (b Pr) OR c sW \"x\""),
        "a eq 1 and not (b pr) or c sw \"x\""
    );
}

#[test]
fn a_value_is_a_json_literal_with_escapes_c63() {
    let value = |text: &str| match read(text).unwrap() {
        Expr::Compare(_, _, value) => value,
        other => panic!("{other:?}"),
    };
    assert_eq!(value(r#"a eq "x\"y\\z\u00e9""#), Literal::Text("x\"y\\zé".into()));
    assert_eq!(
        value("a eq -1.5e3"),
        Literal::Number(serde_json::Number::from_f64(-1500.0).unwrap())
    );
    assert_eq!(value("a eq null"), Literal::Null);
    assert_eq!(value("a eq True"), Literal::Bool(true));
    assert!(parse("a eq True", Dialect::Strict).is_err());
}

#[test]
fn what_does_not_parse_is_refused_as_a_whole_c72() {
    for text in [
        "",
        " ",
        "a",
        "a eq",
        "a eq \"x",
        "a xx 1",
        "(a pr",
        "a pr)",
        "a pr b",
        "a pr and",
        "and a pr",
        "not a pr",
        "a eq 'x'",
        "a eq 1e400",
        "a eq \"\\ud800\"",
        "a[b pr",
        "a[]",
        "a[b pr]x",
        "a[b pr].",
        "a[b pr].c",
        "a eq \"x\\u0000\"",
        "a eq \"x\" \"y\"",
        "1a pr",
        "a..b pr.",
        "()",
        "a eq [1]",
        "a eq {}",
    ] {
        let error = parse(text, Dialect::Generic).unwrap_err();
        assert_eq!(error.scim_type, Some(crate::scim::ScimType::InvalidFilter), "{text}");
    }
}

#[test]
fn an_error_names_its_column_c72() {
    assert!(read("a eq 1 and é").unwrap_err().detail.contains("column 12"));
    assert!(read("userName eqq 1").unwrap_err().detail.contains("column 10"));
}

#[test]
fn a_comparison_after_the_bracket_joins_the_terms_inside_c69() {
    let sugar = parse(r#"emails[type eq "work"].value eq "x""#, Dialect::Strict).unwrap();
    assert_eq!(sugar.to_string(), r#"emails[type eq "work" and value eq "x"]"#);
    assert!(sugar.notes().has(Tolerance::ValuePathComparison));
}

#[test]
fn a_missing_blank_before_a_text_is_tolerated_c109() {
    assert_eq!(printed(r#"emails[value eq"x"]"#), r#"emails[value eq "x"]"#);
}

#[test]
fn bare_words_are_texts_for_entra_alone_c78() {
    let entra = parse("userName eq ada-l.x_y@z", Dialect::Entra).unwrap();
    assert_eq!(entra.to_string(), r#"userName eq "ada-l.x_y@z""#);
    assert!(entra.notes().has(Tolerance::BareWord));
    for dialect in [Dialect::Strict, Dialect::Generic, Dialect::Okta] {
        assert!(parse("userName eq ada", dialect).is_err());
    }
    assert!(parse("userName eq a:b", Dialect::Entra).is_err());
}

#[test]
fn a_filter_of_the_longest_length_parses_and_one_byte_more_does_not_s10() {
    let filler = LENGTH_MAX - "a eq \"\"".len();
    assert!(read(&format!("a eq \"{}\"", "x".repeat(filler))).is_ok());
    let error = read(&format!("a eq \"{}\"", "x".repeat(filler + 1))).unwrap_err();
    assert!(error.detail.contains("16384"));
}

#[test]
fn brackets_nest_to_the_limit_and_no_deeper_s10() {
    let nested = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(read(&nested(DEPTH_MAX)).is_ok());
    assert!(read(&nested(DEPTH_MAX + 1)).unwrap_err().detail.contains("32"));
    let closed = format!("a pr and ({})", nested(DEPTH_MAX - 1));
    assert!(read(&format!("{closed} and {}", nested(DEPTH_MAX))).is_ok());
}

#[test]
fn a_hundred_thousand_brackets_are_refused_after_bounded_work_s10() {
    assert!(read(&"(".repeat(100_000)).unwrap_err().detail.contains("16384"));
    // Below the length limit the depth limit ends the work: nothing past bracket 33 is looked at.
    let mut parser = Parser {
        lexer: Lexer::new("((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("),
        dialect: Dialect::Generic,
        notes: Notes::default(),
        depth: 0,
        terms: 0,
    };
    assert!(parser.either().is_err());
    assert_eq!(parser.depth, DEPTH_MAX + 1);
}

#[test]
fn terms_are_counted_to_the_limit_s10() {
    let many = |terms: usize| vec!["a pr"; terms].join(" or ");
    assert!(read(&many(TERMS_MAX)).is_ok());
    assert!(read(&many(TERMS_MAX + 1)).unwrap_err().detail.contains("300"));
}

fn path() -> impl Strategy<Value = AttributePath> {
    let urn = prop_oneof![Just(None), Just(Some("urn:x:2.0:User".to_owned()))];
    let sub = prop_oneof![Just(None), "[a-z][a-zA-Z0-9_-]{0,5}".prop_map(Some)];
    (urn, "[a-z][a-zA-Z0-9_-]{0,5}", sub).prop_map(|(urn, name, sub)| AttributePath {
        urn,
        name,
        sub,
        column: 0,
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        "[^\\x00]{0,12}".prop_map(Literal::Text),
        any::<i64>().prop_map(|n| Literal::Number(n.into())),
        (-1.0e6..1.0e6).prop_filter_map("finite", |n: f64| {
            serde_json::Number::from_f64(n).map(Literal::Number)
        }),
        any::<bool>().prop_map(Literal::Bool),
        Just(Literal::Null),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    let op = prop::sample::select(
        &[Op::Eq, Op::Ne, Op::Co, Op::Sw, Op::Ew, Op::Gt, Op::Ge, Op::Lt, Op::Le][..],
    );
    let leaf = prop_oneof![
        path().prop_map(Expr::Present),
        (path(), op, literal()).prop_map(|(path, op, value)| Expr::Compare(path, op, value)),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.clone().prop_map(|part| Expr::Not(Box::new(part))),
            (path(), inner).prop_map(|(path, part)| Expr::Element(path, Box::new(part))),
        ]
    })
}

proptest! {
    #[test]
    fn a_printed_filter_reads_back_as_the_same_tree(tree in expr()) {
        let text = tree.to_string();
        prop_assert_eq!(parse(&text, Dialect::Strict).map(|filter| filter.expr), Ok(tree));
    }

    #[test]
    fn no_text_makes_the_parser_fail_in_another_way(text in any::<String>()) {
        if let Err(error) = parse(&text, Dialect::Entra) {
            prop_assert_eq!(error.status, 400);
        }
    }
}
