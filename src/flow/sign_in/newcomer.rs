//! Making a person at her first sign-in (LI5): only where that is switched on, for addresses in
//! verified domains, and with a role from the rules or the connection's default.
//!
//! It all happens in a part of the work: where she would have no role, nothing of it is left.

use super::link::bind;
use super::{Refusal, Refused, Step, claims, proof};
use crate::domain::access::grant::Source as GrantSource;
use crate::domain::connection::Connection;
use crate::domain::id::UserId;
use crate::domain::identity::Rule;
use crate::domain::sign_in::Asserted;
use crate::domain::user::Source;
use crate::flow::problem::{Code, Problem};
use crate::flow::user::{self, New};
use crate::flow::work::Work;
use crate::flow::{access, grant};

/// Why nobody was made: a refusal, which undoes the part, or what ends the whole work.
struct Undone {
    problem: Problem,
    refusal: Option<Refusal>,
}

impl AsRef<Problem> for Undone {
    fn as_ref(&self) -> &Problem {
        &self.problem
    }
}

impl From<Undone> for Problem {
    fn from(undone: Undone) -> Self {
        undone.problem
    }
}

impl From<Problem> for Undone {
    fn from(problem: Problem) -> Self {
        Self { problem, refusal: None }
    }
}

impl Undone {
    fn refused(code: Refused) -> Self {
        let refusal = Refusal::new(Step::Link, code);
        Self { problem: Problem::new(Code::Forbidden, code.said()), refusal: Some(refusal) }
    }
}

/// Why nobody is made of what is asserted, whoever is here already; `None` where she may come.
pub async fn refused(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
) -> Result<Option<Refused>, Problem> {
    let may_come = proof::may_come(work, connection, asserted).await?;
    if !connection.settings.jit.enabled {
        // Where a directory is paired, it is the directory that brings people.
        let brought = connection.directory_id.is_some() || !may_come;
        return Ok(Some(if brought { Refused::UnknownUser } else { Refused::JitOff }));
    }
    Ok((!may_come).then_some(Refused::DomainNotVerified))
}

/// Makes the asserted person, or says why not.
pub async fn make(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
) -> Result<Result<UserId, Refusal>, Problem> {
    let (here, said) = (connection.clone(), asserted.clone());
    let made =
        work.part(move |work| Box::pin(async move { person(work, &here, &said).await })).await?;
    match made {
        Ok(user) => Ok(Ok(user)),
        Err(Undone { refusal: Some(refusal), .. }) => Ok(Err(refusal)),
        // Somebody has the login, or the address is none that a user may have.
        Err(Undone { problem, .. }) if matches!(problem.code, Code::Conflict | Code::Invalid) => {
            Ok(Err(Refusal::new(Step::Link, Refused::EmailTaken).found(&problem.detail)))
        }
        Err(undone) => Err(undone.into()),
    }
}

async fn person(
    work: &mut Work,
    connection: &Connection,
    asserted: &Asserted,
) -> Result<UserId, Undone> {
    let Some(own) = &asserted.own else { return Err(Undone::refused(Refused::DomainNotVerified)) };
    let new = New {
        user_name: own.text.clone(),
        email: Some(own.text.clone()),
        first_name: asserted.named.first_name.clone(),
        last_name: asserted.named.last_name.clone(),
        ..New::default()
    };
    let made = user::make(work, &new, (Source::Sso, None)).await?;
    bind(work, connection, asserted, (made.id, Rule::Li5)).await?;
    claims::take_over(work, connection, asserted, made.id).await?;
    if !grant::live(work, made.id).await?.is_empty() {
        return Ok(made.id);
    }
    let Some(role) = &connection.settings.jit.default_role else {
        return Err(Undone::refused(Refused::NoRole));
    };
    let by = (GrantSource::Sso, connection.id.to_string());
    grant::give_from(work, made.id, role, by).await.map_err(|problem| match problem.code {
        // The role is gone since it was chosen.
        Code::Invalid => Undone::refused(Refused::NoRole),
        _ => problem.into(),
    })?;
    grant::tell(work, made.id, &std::collections::BTreeSet::<access::Held>::new()).await?;
    Ok(made.id)
}
