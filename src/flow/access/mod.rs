//! Access follows facts: what changes when rules and resources do.

pub mod live;

use super::problem::Problem;
use super::work::Work;
use crate::domain::change::Change;
use crate::domain::resource::ResourceRef;

/// Resources came or went: rules that name them give or take.
///
/// # Errors
/// [`Problem`] when the store does not answer.
pub async fn resources_changed(work: &mut Work, resources: &[ResourceRef]) -> Result<(), Problem> {
    for resource in resources {
        work.changed(Change::Resource(resource.clone()));
    }
    Ok(())
}

/// Rules were edited.
///
/// # Errors
/// [`Problem`] when the store does not answer.
pub async fn rules_changed(work: &mut Work) -> Result<(), Problem> {
    work.changed(Change::Organization);
    Ok(())
}
