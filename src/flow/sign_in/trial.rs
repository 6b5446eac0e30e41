//! A connection is tried out: a whole sign-in that leaves nothing but its entry in the journal, and
//! tells the administrator what would have become of it.

use super::{Ran, Refusal, claims, link};
use crate::domain::id::UserId;
use crate::domain::sign_in::Asserted;
use crate::flow::grant;
use crate::flow::problem::{Code, Problem};
use crate::flow::work::Work;
use crate::store;

/// What would have become of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// The refusal's code with its hint, where she would have been refused.
    pub refused: Option<(&'static str, String)>,
    /// Which rule would have found her.
    pub rule: Option<&'static str>,
    /// Who she would have been here.
    pub user: Option<String>,
    /// Roles that she would hold.
    pub roles: Vec<String>,
    /// What the provider asserts.
    pub asserted: Asserted,
}

/// Ends the part of the work, so that nothing of it is left.
struct Undone {
    problem: Problem,
    found: Option<Box<(Tried, Option<UserId>)>>,
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
        Self { problem, found: None }
    }
}

impl Ran<'_> {
    /// Links her and takes her claims over in a part that is taken back.
    pub(super) async fn trial(
        &mut self,
        work: &mut Work,
        asserted: &Asserted,
    ) -> Result<Result<UserId, Refusal>, Problem> {
        let (connection, said) = (self.connection.clone(), asserted.clone());
        let run: Result<(), Undone> = work
            .part(move |work| {
                Box::pin(async move {
                    let linked = link::link(work, &connection, &said, (None, None)).await?;
                    let mut tried = Tried {
                        refused: None,
                        rule: None,
                        user: None,
                        roles: Vec::new(),
                        asserted: said.clone(),
                    };
                    let user = match linked {
                        Ok((user, rule)) => {
                            tried.rule = Some(rule.as_str());
                            claims::take_over(work, &connection, &said, user).await?;
                            let held = grant::live(work, user).await?;
                            tried.roles = held.into_iter().map(|(role, _)| role).collect();
                            Some(user)
                        }
                        Err((refusal, user)) => {
                            tried.refused = Some((refusal.code.as_str(), refusal.hint()));
                            user
                        }
                    };
                    if let Some(user) = user {
                        let found = store::user::by_id(&mut work.scope(), user).await;
                        let found = found.map_err(Problem::from)?;
                        tried.user = found.map(|user| user.shown().to_owned());
                    }
                    let problem = Problem::new(Code::Conflict, "This was a trial.");
                    Err(Undone { problem, found: Some(Box::new((tried, user))) })
                })
            })
            .await?;
        match run {
            Err(Undone { found: Some(found), .. }) => {
                let (tried, user) = *found;
                self.user = user.filter(|_| tried.rule != Some("LI5"));
                self.tried = Some(tried);
                Ok(Ok(self.user.unwrap_or(UserId(uuid::Uuid::nil()))))
            }
            Err(undone) => Err(undone.into()),
            Ok(()) => Err(Problem::internal("a trial left something")),
        }
    }
}
