//! The management surface: one table of routes.

mod organization;

use axum::routing::{get, patch, post};

use super::route::{Doc, Method, Needs, Of, Route, schema};

/// Every route below `/api/v1`.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::Post,
        path: "/organizations",
        needs: Needs::Operator,
        handler: || post(organization::create),
        doc: Doc {
            summary: "Makes an organization.",
            query: &[],
            body: Some(schema::<organization::New>),
            answer: (201, Some(schema::<organization::Organization>)),
        },
    },
    Route {
        method: Method::Get,
        path: "/organizations",
        needs: Needs::Operator,
        handler: || get(organization::list),
        doc: Doc {
            summary: "Lists organizations in order of creation.",
            query: &[],
            body: None,
            answer: (200, None),
        },
    },
    Route {
        method: Method::Get,
        path: "/organizations/{org}",
        needs: Needs::Action("organization.edit", Of::Organization),
        handler: || get(organization::read),
        doc: Doc {
            summary: "Reads an organization.",
            query: &[],
            body: None,
            answer: (200, Some(schema::<organization::Organization>)),
        },
    },
    Route {
        method: Method::Patch,
        path: "/organizations/{org}",
        needs: Needs::Action("organization.edit", Of::Organization),
        handler: || patch(organization::change),
        doc: Doc {
            summary: "Changes an organization.",
            query: &[],
            body: Some(schema::<organization::Change>),
            answer: (200, Some(schema::<organization::Organization>)),
        },
    },
];
