//! The questions: may she, why, and what may she at all.

use std::sync::Arc;

use super::Live;
use crate::domain::access::decision::Question;
use crate::domain::access::effective::effective;
use crate::domain::access::explain::explain;
use crate::domain::access::grant::Source;
use crate::domain::access::{HeldGrant, Reason, RoleTable, Snapshot, decide};
use crate::domain::id::{GrantId, OrganizationId, UserId};
use crate::domain::time::Timestamp;
use crate::flow::problem::Problem;

/// A decision, free of the snapshot that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Yes or no.
    pub allowed: bool,
    /// Why.
    pub reason: Reason,
    /// The number of the newest change to her access that the decision knows.
    pub version: i64,
    /// The grants that gave it; none when refused.
    pub grants: Vec<Given>,
}

/// A grant in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its id.
    pub id: GrantId,
    /// The role's key.
    pub role: String,
    /// `kind:key`, `kind:prefix*`, or `None` for the whole organization.
    pub resource: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// The source's name for people.
    pub source_name: Option<String>,
}

/// A decision with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The decision.
    pub answer: Answer,
    /// The number of the first condition that failed; `None` when allowed.
    pub condition: Option<u8>,
    /// One sentence for people.
    pub words: String,
    /// When not covered: the live grants that have the permission elsewhere.
    pub elsewhere: Vec<Given>,
}

impl Given {
    /// A held grant in words.
    #[must_use]
    pub fn of(snapshot: &Snapshot, grant: &HeldGrant) -> Self {
        Self {
            id: grant.id,
            role: snapshot.roles().key(grant.role).to_owned(),
            resource: snapshot.reach_text(&grant.reach),
            source: grant.source,
            source_name: grant.source_name.as_deref().map(str::to_owned),
        }
    }
}

impl Answer {
    const UNKNOWN: Self =
        Self { allowed: false, reason: Reason::UserUnknown, version: 0, grants: Vec::new() };

    /// Decides from a snapshot.
    #[must_use]
    pub fn from(snapshot: &Snapshot, question: &Question<'_>, version: i64) -> Self {
        let decision = decide(snapshot, question);
        let grants = decision.grants.iter().map(|grant| Given::of(snapshot, grant)).collect();
        Self { allowed: decision.allowed, reason: decision.reason, version, grants }
    }
}

impl Live {
    /// The roles of an organization, those that it made too.
    ///
    /// # Errors
    /// 503 when something must be read and the database does not answer.
    pub async fn roles(&self, organization: OrganizationId) -> Result<Arc<RoleTable>, Problem> {
        let known = self.ask(organization, &[], |snapshot, _| snapshot.map(Snapshot::shared_roles));
        let platform = || RoleTable::new(Arc::clone(&self.definition), Vec::new());
        Ok(known.await?.unwrap_or_else(|| Arc::new(platform())))
    }

    /// The registered resource that is nearest to each of these, where one is near.
    ///
    /// # Errors
    /// 503 when something must be read and the database does not answer.
    pub async fn nearest(
        &self,
        organization: OrganizationId,
        resources: &[String],
    ) -> Result<Vec<Option<String>>, Problem> {
        self.ask(organization, &[], |snapshot, _| {
            let nearest = |name: &String| {
                let (snapshot, (kind, key)) = (snapshot?, name.split_once(':')?);
                let key = snapshot.resources().nearest(snapshot.definition(), kind, key)?;
                Some(format!("{kind}:{key}"))
            };
            resources.iter().map(nearest).collect()
        })
        .await
    }

    /// May this user do this (`permission`) on this (`resource`, kind and key; `None` for the
    /// whole organization) at this instant? What is not known is refused with a reason.
    ///
    /// # Errors
    /// 503 when something must be read and the database does not answer.
    pub async fn decide(
        &self,
        organization: OrganizationId,
        question: &Question<'_>,
    ) -> Result<Answer, Problem> {
        self.ask(organization, &[question.user], |snapshot, version| {
            snapshot.map_or(Answer::UNKNOWN, |snapshot| {
                Answer::from(snapshot, question, version(question.user))
            })
        })
        .await
    }

    /// Only yes or no: for guards of our own calls.
    ///
    /// # Errors
    /// 503 when something must be read and the database does not answer.
    pub async fn allows(
        &self,
        organization: OrganizationId,
        question: &Question<'_>,
    ) -> Result<bool, Problem> {
        self.ask(organization, &[question.user], |snapshot, _| {
            snapshot.is_some_and(|snapshot| decide(snapshot, question).allowed)
        })
        .await
    }

    /// The decision and why: the grants that gave it, or the first condition that failed.
    ///
    /// # Errors
    /// 503 when something must be read and the database does not answer.
    pub async fn explain(
        &self,
        organization: OrganizationId,
        question: &Question<'_>,
    ) -> Result<Explained, Problem> {
        self.ask(organization, &[question.user], |snapshot, version| {
            let Some(snapshot) = snapshot else {
                let (words, elsewhere) = ("There is no such user here.".to_owned(), Vec::new());
                return Explained { answer: Answer::UNKNOWN, condition: Some(1), words, elsewhere };
            };
            let told = explain(snapshot, question);
            let given = |grants: &[&HeldGrant]| {
                grants.iter().map(|grant| Given::of(snapshot, grant)).collect()
            };
            let answer = Answer {
                allowed: told.decision.allowed,
                reason: told.decision.reason,
                version: version(question.user),
                grants: given(&told.decision.grants),
            };
            let elsewhere = given(&told.elsewhere);
            Explained { answer, condition: told.condition, words: told.words, elsewhere }
        })
        .await
    }

    /// Everything that a user may do now: permission and resource, each pair one that a decision
    /// would allow.
    ///
    /// # Errors
    /// 503 when something must be read and the database does not answer.
    pub async fn permissions_of(
        &self,
        organization: OrganizationId,
        user: UserId,
        at: Timestamp,
    ) -> Result<Vec<(String, Option<String>)>, Problem> {
        self.ask(organization, &[user], |snapshot, _| {
            let Some(snapshot) = snapshot else { return Vec::new() };
            let key = |permission| {
                snapshot.definition().permission(permission).map(|row| row.key.clone())
            };
            effective(snapshot, user, at)
                .into_iter()
                .filter_map(|(permission, reach)| {
                    Some((key(permission)?, snapshot.reach_text(&reach)))
                })
                .collect()
        })
        .await
    }

    /// The live grants of a user, in words.
    ///
    /// # Errors
    /// 503 when something must be read and the database does not answer.
    pub async fn roles_of(
        &self,
        organization: OrganizationId,
        user: UserId,
        at: Timestamp,
    ) -> Result<Vec<Given>, Problem> {
        self.ask(organization, &[user], |snapshot, _| {
            let Some(snapshot) = snapshot else { return Vec::new() };
            let grants = snapshot.user(user).map(|user| user.grants()).unwrap_or_default();
            let live = grants.iter().filter(|grant| grant.is_live(at));
            live.map(|grant| Given::of(snapshot, grant)).collect()
        })
        .await
    }
}
