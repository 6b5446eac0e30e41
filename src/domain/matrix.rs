//! The table of roles and what they may do, for people: headings, rows and a column a role.
//!
//! It shows the platform's listed roles in display order. As text the category of the gateway's own
//! actions is left out of Markdown alone, which is read as documentation of the platform.

use std::fmt::Write;

use super::platform::{Definition, GATEWAY_CATEGORY, Permission, Role};

/// What stands in a cell of the CSV form where the role has the permission.
const YES: &str = "yes";

/// The listed roles: the columns.
pub fn columns(platform: &Definition) -> impl Iterator<Item = &Role> {
    platform.roles().iter().filter(|role| role.listed)
}

/// The rows below each heading, with whether each column has it.
pub fn rows(platform: &Definition) -> Vec<(&str, Vec<Row<'_>>)> {
    platform
        .categories()
        .into_iter()
        .map(|category| {
            let row = |index| {
                let has = |role: &Role| role.permissions.contains(index);
                let permission = platform.permission(index)?;
                Some(Row { permission, held: columns(platform).map(has).collect() })
            };
            (category.label, category.permissions.into_iter().filter_map(row).collect())
        })
        .collect()
}

/// A permission and who has it.
#[derive(Clone, Debug)]
pub struct Row<'p> {
    /// The permission.
    pub permission: &'p Permission,
    /// Whether each of [`columns`] has it.
    pub held: Vec<bool>,
}

/// The table as CSV (RFC 4180): `Category,Feature` and a column a role, cells `yes` or empty.
#[must_use]
pub fn csv(platform: &Definition) -> String {
    let labels = columns(platform).map(|role| role.label.as_str());
    let mut text = record(["Category", "Feature"].into_iter().chain(labels));
    for (category, rows) in rows(platform) {
        for row in rows {
            let cells = row.held.iter().map(|held| if *held { YES } else { "" });
            let feature = row.permission.label.as_str();
            text.push_str(&record([category, feature].into_iter().chain(cells)));
        }
    }
    text
}

fn record<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    let quote = |field: &str| {
        if field.contains(['"', ',', '\r', '\n']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.to_owned()
        }
    };
    fields.map(quote).collect::<Vec<_>>().join(",") + "\r\n"
}

/// The table as Markdown: a heading and a table for each category but the gateway's own.
#[must_use]
pub fn markdown(platform: &Definition) -> String {
    let mut text = String::new();
    let labels: Vec<String> = columns(platform).map(|role| cell(&role.label)).collect();
    for (category, rows) in rows(platform) {
        if category == GATEWAY_CATEGORY {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let rule = " --- |".repeat(labels.len());
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "## {}\n\n| Feature | {} |\n| --- |{rule}",
            cell(category),
            labels.join(" | ")
        );
        for row in rows {
            let cells = row.held.iter().map(|held| if *held { " yes |" } else { " |" });
            let _ =
                writeln!(text, "| {} |{}", cell(&row.permission.label), cells.collect::<String>());
        }
    }
    text
}

/// A text that does not break out of its cell.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLATFORM: &str = "name='x'\n\
        permissions=[{key='a.b.c',label='See, \"it\"',category='Area',on='organization'},\
        {key='a.b.d',label='Do|it',category='Area',on='organization'}]\n\
        roles=[{key='o',label='Owner',scope='organization',keep_one=true,permissions=['*']},\
        {key='v',label='Viewer',scope='organization',permissions=['a.b.c']}]";

    fn platform() -> Definition {
        Definition::parse(PLATFORM, "test").unwrap()
    }

    #[test]
    fn csv_has_a_row_a_permission_and_a_column_a_role() {
        let csv = csv(&platform());
        let mut lines = csv.split("\r\n");
        assert_eq!(lines.next(), Some("Category,Feature,Owner,Viewer"));
        assert_eq!(lines.next(), Some("Area,\"See, \"\"it\"\"\",yes,yes"));
        assert_eq!(lines.next(), Some("Area,Do|it,yes,"));
        assert!(csv.contains("\r\nGateway,"));
    }

    #[test]
    fn markdown_leaves_the_gateway_out() {
        let text = markdown(&platform());
        assert!(text.starts_with("## Area\n\n| Feature | Owner | Viewer |\n| --- | --- | --- |\n"));
        assert!(text.contains("| Do\\|it | yes | |\n"), "{text}");
        assert!(!text.contains("Gateway"));
    }
}
