//! `field-vision`, cell by cell: roles confined to chosen sites, operation roles by site and team.
//!
//! People get their roles from SCIM groups by mapping rules; every cell is asked over HTTP.

use std::collections::BTreeMap;

use serde_json::json;

use super::asking::{Cell, WHOLE, actions, cell, resources, subjects, walk};
use super::world::World;
use crate::support::TestApp;

/// The roles in order; those from the eighth on are given on sites and teams too.
const ROLES: [&str; 10] = [
    "org-admin",
    "project-manager",
    "read-only",
    "data-scientist",
    "auditor",
    "annotator",
    "gallery-viewer",
    "operation-project-manager",
    "operation-manager",
    "field-worker",
];
/// The first of the operation roles.
const OPERATION: usize = 7;

/// Permission, what it is on, and one letter for each of [`ROLES`] (FV28, FV29).
const TABLE: [(&str, &str, &str); 21] = [
    ("users.view", WHOLE, "y......y.."),
    ("users.edit", WHOLE, "y........."),
    ("users.remove", WHOLE, "y........."),
    ("teams.edit", WHOLE, "y........."),
    ("tokens.create", WHOLE, "y........."),
    ("tokens.view", WHOLE, "y........."),
    ("tokens.revoke", WHOLE, "y........."),
    ("users.invite", WHOLE, "y......y.."),
    ("audit.view", WHOLE, "yy..y....."),
    ("datasets.view", WHOLE, "yyyyy....."),
    ("datasets.edit", WHOLE, "yy.y......"),
    ("models.train", WHOLE, "yy.y......"),
    ("annotations.create", WHOLE, "yy.y.y...."),
    ("annotations.review", WHOLE, "yy.yy....."),
    ("gallery.view", WHOLE, "yyyyyyy..."),
    ("site.view", "site", "yyyyyyyyyy"),
    ("media.view", "site", "yyyyyyyyy."),
    ("work_orders.view", "site", "yyy....yyy"),
    ("work_orders.edit", "site", "yy.....yy."),
    ("alerts.manage", "site", "yy.....yy."),
    ("work_orders.execute", "site", "yy.....yyy"),
];

/// Where a role was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Given {
    /// For the whole organization, with access to `site:own` where it is confined.
    Whole,
    /// For the whole organization, with access to the sites of `team:ours` where it is confined.
    WithTeam,
    /// For the whole organization, without access to any site.
    WithoutSites,
    /// On `site:own`.
    Site,
    /// On `team:ours`.
    Team,
}

use Given::{Site, Team, Whole, WithTeam, WithoutSites};

/// The sites: `own`, in no team; `ours-1` and `ours-2`, in the team `ours`; `other`.
const SITES: [&str; 4] = ["other", "ours-1", "ours-2", "own"];

impl Given {
    const ALL: [Self; 5] = [Whole, WithTeam, WithoutSites, Site, Team];

    /// Whether a role can be given so.
    fn fits(self, at: usize) -> bool {
        match self {
            Whole => true,
            WithTeam | WithoutSites => (1..OPERATION).contains(&at),
            Site | Team => at >= OPERATION,
        }
    }

    /// What the rule gives the role on.
    fn resources(self, at: usize) -> Option<[&'static str; 1]> {
        match self {
            Whole if (1..OPERATION).contains(&at) => Some(["site:own"]),
            Site => Some(["site:own"]),
            Team | WithTeam => Some(["team:ours"]),
            Whole | WithoutSites => None,
        }
    }

    /// The sites on which the role then holds.
    fn sites(self, at: usize) -> &'static [&'static str] {
        match self {
            Whole if (1..OPERATION).contains(&at) => &["own"],
            Whole => &SITES,
            Site => &["own"],
            Team | WithTeam => &["ours-1", "ours-2"],
            WithoutSites => &[],
        }
    }

    /// Whether the role holds for the organization itself.
    fn is_whole(self) -> bool {
        matches!(self, Whole | WithTeam | WithoutSites)
    }
}

async fn vision(app: &TestApp) -> World<'_> {
    let acme = World::new(app).await;
    acme.put("team:ours", None).await;
    for site in SITES {
        let team = site.starts_with("ours").then_some("team:ours");
        acme.put(&format!("site:{site}"), team).await;
    }
    acme
}

/// One user for each role and each way of giving it, who is in the group that its rule reads.
async fn people(acme: &World<'_>) -> BTreeMap<(usize, Given), String> {
    let mut people = BTreeMap::new();
    for (at, role) in ROLES.iter().enumerate() {
        for given in Given::ALL.into_iter().filter(|given| given.fits(at)) {
            let name = format!("{role} {given:?}");
            acme.rule(json!({"name": name, "when": format!("groups.display eq \"{name}\""),
                "role": role, "resources": given.resources(at)}))
                .await;
            let user = acme.user(&format!("{role}-{given:?}")).await;
            acme.group(&name, &[&user]).await;
            people.insert((at, given), user);
        }
    }
    people
}

/// The cells of one user.
fn cells(user: &str, at: usize, given: Given) -> Vec<Cell> {
    let confined = (1..OPERATION).contains(&at);
    let mut cells = Vec::new();
    for (permission, on, held) in TABLE {
        // Site access is a role of its own and shows its sites.
        let access = permission == "site.view" && confined;
        let held = held.as_bytes()[at] == b'y' || access;
        let reason = |covered: bool| match (held, covered) {
            (false, _) => "no-grant",
            (true, true) => "held",
            (true, false) => "not-covered",
        };
        let whole = given.is_whole() && (on == WHOLE || !confined);
        cells.push(cell(user, permission, WHOLE, reason(whole)));
        if on != WHOLE {
            for site in SITES {
                let covered = given.sites(at).contains(&site);
                cells.push(cell(user, permission, &format!("site:{site}"), reason(covered)));
            }
        }
    }
    cells
}

on_both_engines! {
    // FV16, FV28 to FV31
    async fn every_cell_is_decided_as_the_table_says_by_site_and_team(app: TestApp) {
        let acme = vision(&app).await;
        let people = people(&acme).await;
        assert_eq!(people.len(), 10 + 6 * 2 + 3 * 2);
        let asked: Vec<Cell> =
            people.iter().flat_map(|((at, given), user)| cells(user, *at, *given)).collect();
        assert_eq!(walk(&acme, &asked).await, people.len() * (15 + 6 * 5));
    }

    async fn searches_find_what_the_table_says(app: TestApp) {
        let acme = vision(&app).await;
        let people = people(&acme).await;
        for ((at, given), user) in &people {
            let mut shown = false;
            for (permission, _, held) in TABLE.iter().filter(|row| row.1 != WHOLE) {
                let held = held.as_bytes()[*at] == b'y';
                let wanted: &[&str] = if held { given.sites(*at) } else { &[] };
                shown |= !wanted.is_empty();
                let found = resources(&acme, user, permission, "site").await;
                assert_eq!(found, wanted, "{} {given:?} {permission}", ROLES[*at]);
            }
            assert_eq!(shown, *given != WithoutSites);
            let listed = actions(&acme, user, "site:own").await;
            let site: Vec<&str> = TABLE.iter()
                .filter(|row| row.1 != WHOLE && row.2.as_bytes()[*at] == b'y')
                .map(|row| row.0)
                .collect();
            let wanted = if given.sites(*at).contains(&"own") { site } else { Vec::new() };
            let listed: Vec<&str> = listed.iter().map(String::as_str)
                .filter(|name| TABLE.iter().any(|row| row.0 == *name && row.1 != WHOLE))
                .collect();
            assert_eq!(listed, wanted, "{} {given:?}", ROLES[*at]);
        }
        for (permission, on, held) in TABLE {
            for place in ["organization", "site:own", "site:ours-1", "site:other"] {
                if (place == WHOLE) != (on == WHOLE) {
                    continue;
                }
                let site = place.strip_prefix("site:");
                let may = |at: usize, given: Given| {
                    held.as_bytes()[at] == b'y'
                        && site.map_or(given.is_whole(), |site| given.sites(at).contains(&site))
                };
                let mut wanted: Vec<String> = people.iter()
                    .filter(|((at, given), _)| may(*at, *given))
                    .map(|(_, user)| user.clone())
                    .collect();
                wanted.sort();
                let found = subjects(&acme, permission, place).await;
                assert_eq!(found, wanted, "{permission} {place}");
            }
        }
    }

    async fn site_access_alone_shows_its_sites_and_follows_their_teams(app: TestApp) {
        let acme = vision(&app).await;
        acme.rule(json!({"name": "Access", "when": "groups.display sw \"Site \"",
            "each": {"attribute": "groups.display", "pattern": "^Site (?<site>.+)$"},
            "role": "site-access", "resources": ["site:{site}"]}))
            .await;
        acme.rule(json!({"name": "Auditors", "when": "groups.display eq \"Auditors\"",
            "role": "auditor"}))
            .await;
        let ada = acme.user("ada").await;
        acme.group("Site own", &[&ada]).await;
        for (permission, on, _) in TABLE.iter().filter(|row| row.1 != WHOLE) {
            let seen: &[&str] = if *permission == "site.view" { &["own"] } else { &[] };
            assert_eq!(resources(&acme, &ada, permission, on).await, seen, "{permission}");
        }
        // The role comes from one group, its sites from others, each by itself.
        acme.group("Auditors", &[&ada]).await;
        assert_eq!(resources(&acme, &ada, "media.view", "site").await, ["own"]);
        let other = acme.group("Site other", &[&ada]).await;
        assert_eq!(resources(&acme, &ada, "media.view", "site").await, ["other", "own"]);
        acme.leave(&other, &ada).await;
        assert_eq!(resources(&acme, &ada, "media.view", "site").await, ["own"]);
        walk(&acme, &[
            cell(&ada, "audit.view", WHOLE, "held"),
            cell(&ada, "media.view", WHOLE, "not-covered"),
            cell(&ada, "media.view", "site:other", "not-covered"),
            cell(&ada, "work_orders.view", "site:own", "no-grant"),
        ])
        .await;
    }

    // FV30
    async fn a_site_that_changes_its_team_changes_hands(app: TestApp) {
        let acme = vision(&app).await;
        acme.rule(json!({"name": "Ours", "when": "groups.display eq \"Ours\"",
            "role": "operation-manager", "resources": ["team:ours"]}))
            .await;
        let ada = acme.user("ada").await;
        acme.group("Ours", &[&ada]).await;
        let edits = async || resources(&acme, &ada, "work_orders.edit", "site").await;
        assert_eq!(edits().await, ["ours-1", "ours-2"]);
        acme.put("site:own", Some("team:ours")).await;
        assert_eq!(edits().await, ["ours-1", "ours-2", "own"]);
        acme.put("site:ours-1", None).await;
        assert_eq!(edits().await, ["ours-2", "own"]);
    }

    // FV4, FV15, FV32
    async fn site_access_is_not_among_the_roles_that_are_offered(app: TestApp) {
        let roles = app.operator().get("/api/v1/roles").await.expect(200).at("/data");
        let roles = roles.as_array().unwrap();
        assert_eq!(roles.iter().map(|role| &role["key"]).collect::<Vec<_>>(), ROLES);
        let worker = roles.iter().find(|role| role["key"] == "field-worker").unwrap();
        assert_eq!(worker["assignable_by"], json!(["org-admin", "operation-project-manager"]));
        for role in roles.iter().filter(|role| role["key"] != "field-worker") {
            assert_eq!(role["assignable_by"], json!(["org-admin"]));
        }
        for (role, shown) in ROLES.iter().zip(roles).skip(OPERATION) {
            assert_eq!(shown["scope"], "either", "{role}");
            assert_eq!(shown["resource_kinds"], json!(["site", "team"]), "{role}");
        }
    }
}
