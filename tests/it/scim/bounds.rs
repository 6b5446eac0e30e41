//! What lists cost: bounded at any depth, and refused rather than cut (C58, S10).

use portico::domain::id::{DirectoryId, OrganizationId};
use portico::flow::problem::Problem;
use portico::flow::provision::search::{
    self, Bounds, Found, Listed, MembersOf, Pages, Part, Position, Search, Shelf,
};
use portico::scim::catalog::Served;
use portico::scim::filter::{Filter, parse};
use portico::scim::page::Page;
use portico::scim::{Dialect, ScimType};
use portico::store::user::Grouped;
use serde_json::json;

use super::{filter, made_group, made_user, refused};
use crate::support::{Caller, TestApp};

/// A directory whose lists are read below the surface, within bounds of the test's own.
struct Below<'a> {
    app: &'a TestApp,
    organization: OrganizationId,
    directory: DirectoryId,
    pages: Pages,
    bounds: Bounds,
}

impl<'a> Below<'a> {
    async fn of(app: &'a TestApp) -> (Self, Caller) {
        let organization = app.organization("Acme").await;
        let (directory, token) = app.directory(&organization, "generic").await;
        let below = Self {
            app,
            organization: OrganizationId::parse(&organization).unwrap(),
            directory: DirectoryId::parse(&directory).unwrap(),
            pages: Pages::default(),
            bounds: Bounds::default(),
        };
        (below, app.scim(&token))
    }

    fn shelf(&self) -> Shelf<'_> {
        Shelf {
            runner: &self.app.app.runner,
            organization: self.organization,
            directory: self.directory,
            base: "https://p.example/scim/v2",
            served: Served::default(),
            pages: &self.pages,
            bounds: self.bounds,
        }
    }

    async fn list<T: Listed>(
        &self,
        filter: &str,
        sort_by: Option<&str>,
        part: Part,
    ) -> Result<Found<T>, Problem> {
        let filter = (!filter.is_empty()).then(|| parse(filter, Dialect::Generic).unwrap());
        let filter: Option<&Filter> = filter.as_ref();
        search::run(&self.shelf(), &Search { filter, sort_by, sort_order: None, part }).await
    }
}

fn page(start_index: u64, count: u32) -> Part {
    Part::Index(Page { start_index, count })
}

/// The sentence of a list that is refused for what it would read.
#[track_caller]
fn too_many<T>(found: Result<Found<T>, Problem>) -> String {
    let error = *found.err().expect("it is refused").scim.expect("by the engine");
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::TooMany)));
    error.detail
}

on_both_engines! {
    async fn a_list_that_would_read_too_much_is_refused_and_never_cut_c58_s10(app: TestApp) {
        let (mut below, scim) = Below::of(&app).await;
        for number in 0..6 {
            made_user(&scim, &format!("u{number}")).await;
        }
        below.bounds.rows_max = 5;
        let scans = [("active eq true", None), ("", Some("userName")), ("title pr", None)];
        for (text, sort_by) in scans {
            let detail = too_many(below.list::<Grouped>(text, sort_by, page(1, 1)).await);
            assert!(detail.contains("more than 5") && detail.contains("userName"), "{detail}");
        }
        let after = |position: Option<Position>| Part::Cursor { after: position, count: 2 };
        too_many(below.list::<Grouped>("active eq true", None, after(None)).await);
        // At the bound itself everything is there, and the total is right.
        below.bounds.rows_max = 6;
        for (text, sort_by) in scans {
            let found = below.list::<Grouped>(text, sort_by, page(1, 1)).await.unwrap();
            let wanted = if text == "title pr" { 0 } else { 6 };
            assert_eq!(found.total, Some(wanted), "{text}");
        }
        let first = below.list::<Grouped>("active eq true", None, after(None)).await.unwrap();
        // A later page by cursor reads no row before its place.
        below.bounds.rows_max = 4;
        let second = below.list::<Grouped>("active eq true", None, after(first.next)).await;
        assert_eq!(second.unwrap().rows.len(), 2);
        // What an index answers, and pages of everything, need no bound.
        below.bounds.rows_max = 1;
        let found = below.list::<Grouped>("userName eq \"U3\"", None, page(1, 1)).await.unwrap();
        assert_eq!((found.total, found.rows.len()), (Some(1), 1));
        let found = below.list::<Grouped>("", None, page(4, 3)).await.unwrap();
        assert_eq!((found.total, found.rows.len()), (Some(6), 3));
        let always = "meta.resourceType eq \"User\"";
        assert_eq!(below.list::<Grouped>(always, None, page(1, 1)).await.unwrap().total, Some(6));
        let never = "meta.resourceType eq \"Group\"";
        assert_eq!(below.list::<Grouped>(never, None, page(1, 1)).await.unwrap().total, Some(0));
    }

    async fn a_scan_beyond_its_time_is_refused_and_a_page_of_all_is_not_s10(app: TestApp) {
        let (mut below, scim) = Below::of(&app).await;
        let ada = made_user(&scim, "ada").await;
        made_group(&scim, "G", &[&ada]).await;
        // In no time at all nothing can be scanned, on however fast a machine.
        below.bounds.wait_s = 0;
        for (text, sort_by) in [("title pr", None), ("", Some("userName"))] {
            let detail = too_many(below.list::<Grouped>(text, sort_by, page(1, 1)).await);
            assert!(detail.contains("longer than 0 s"), "{detail}");
        }
        too_many(below.list::<MembersOf>("externalId pr", None, page(1, 1)).await);
        // Pages of everything are no scans.
        let found = below.list::<Grouped>("", None, page(1, 1)).await.unwrap();
        assert_eq!(found.total, Some(1));
        below.bounds.wait_s = Bounds::default().wait_s;
        assert_eq!(below.list::<Grouped>("title pr", None, page(1, 1)).await.unwrap().total, Some(0));
    }

    async fn members_are_read_freely_up_to_their_bound_s10(app: TestApp) {
        let (mut below, scim) = Below::of(&app).await;
        let (ada, bob) = (made_user(&scim, "ada").await, made_user(&scim, "bob").await);
        made_group(&scim, "G1", &[&ada, &bob]).await;
        made_group(&scim, "G2", &[&ada]).await;
        let free = "members.display eq \"ADA\"";
        below.bounds.members_max = 3;
        let found = below.list::<MembersOf>(free, None, page(1, 9)).await.unwrap();
        assert_eq!(found.total, Some(2));
        below.bounds.members_max = 2;
        let detail = too_many(below.list::<MembersOf>(free, None, page(1, 9)).await);
        assert!(detail.contains("more than 2 members"), "{detail}");
        // Members that are named one by one are looked up by their ids.
        let named = format!("displayName sw \"G\" and not (members.value eq \"{bob}\")");
        let found = below.list::<MembersOf>(&named, None, page(1, 9)).await.unwrap();
        assert_eq!(found.total, Some(1));
    }

    async fn index_pages_that_follow_one_another_never_count_their_way_c86(app: TestApp) {
        let (below, scim) = Below::of(&app).await;
        for number in 0..9 {
            app.advance_s(1);
            made_user(&scim, &format!("u{number}")).await;
            made_group(&scim, &format!("G{number}"), &[]).await;
        }
        let shelf = below.shelf();
        let roles = search::offered(&app.app.runner.platform, Served::default()).count();
        let stored = 18 + u64::try_from(roles).unwrap();
        let mut seen = 0;
        for start in (1..=stored).step_by(4) {
            let part = page(start, 4);
            let search = Search { filter: None, sort_by: None, sort_order: None, part };
            let found = search::everything(&shelf, &search).await.unwrap();
            assert_eq!(found.total, Some(stored));
            seen += found.rows.len();
        }
        for start in (1..=9).step_by(2) {
            let users = below.list::<Grouped>("", None, page(start, 2)).await.unwrap();
            let groups = below.list::<MembersOf>("", None, page(start, 2)).await.unwrap();
            assert_eq!((users.total, groups.total), (Some(9), Some(9)));
        }
        assert_eq!((seen as u64, below.pages.counted()), (stored, 0));
        // A page out of the blue is counted for once, and what follows it goes on from there.
        let jumped = below.list::<Grouped>("", None, page(4, 3)).await.unwrap();
        let next = below.list::<Grouped>("", None, page(7, 3)).await.unwrap();
        let names = |found: Found<Grouped>| -> Vec<String> {
            found.rows.into_iter().map(|row| row.user.user_name).collect()
        };
        assert_eq!((names(jumped), below.pages.counted()), {
            (vec!["u3".to_owned(), "u4".to_owned(), "u5".to_owned()], 1)
        });
        assert_eq!(names(next), ["u6", "u7", "u8"]);
        assert_eq!(below.pages.counted(), 1);
        // Once something has gone, no remembered place is believed.
        let id = scim.get(&filter("/Users", "userName eq \"u0\"")).await.text_at("/Resources/0/id");
        scim.delete(&format!("/Users/{id}")).await.expect(204);
        let later = below.list::<Grouped>("", None, page(7, 3)).await.unwrap();
        assert_eq!((names(later), below.pages.counted()), {
            (vec!["u7".to_owned(), "u8".to_owned()], 2)
        });
    }

    async fn a_filter_that_no_index_serves_says_what_would_be_c77(app: TestApp) {
        let (_, scim) = Below::of(&app).await;
        made_user(&scim, "ada").await;
        let many = vec!["title pr"; portico::scim::filter::TERMS_MAX + 1].join(" or ");
        refused(&scim.get(&filter("/Users", &many)).await, 400, Some("invalidFilter"));
        let fits = vec!["title pr"; portico::scim::filter::TERMS_MAX].join(" or ");
        assert_eq!(scim.get(&filter("/Users", &fits)).await.at("/totalResults"), json!(0));
    }
}
