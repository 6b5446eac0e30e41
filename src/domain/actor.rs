//! Who acts: the subject of every event and the first question of every guard.

use serde::{Deserialize, Serialize};

use super::id::{DirectoryId, TokenId, UserId};

/// Who does what a [`Work`](crate::flow::work::Work) does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The gateway itself: start-up, the worker, a sweep.
    System,
    /// The operator, by a token of its own (`None`: the fixed one from the configuration).
    Operator(Option<TokenId>),
    /// A SCIM client, by a token of its directory.
    Directory(DirectoryId, TokenId),
    /// A person, by her session or her own token.
    User(UserId),
    /// An organization, by a token that this person made (`None`: the operator).
    Token(TokenId, Option<UserId>),
    /// Somebody who is not yet known: the browser in a sign-in.
    Anonymous,
}

/// The actor as events show her: what she is and which one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorRef {
    /// `system`, `operator`, `directory`, `user`, `token` or `anonymous`.
    pub kind: String,
    /// The id of the token, directory or user; `None` where there is none.
    pub id: Option<String>,
}

impl Actor {
    /// The person who answers for what is done: a token of an organization does nothing that its
    /// creator could not. Nobody where a program of the operator acts.
    #[must_use]
    pub const fn answers(&self) -> Option<UserId> {
        match self {
            Self::User(id) | Self::Token(_, Some(id)) => Some(*id),
            _ => None,
        }
    }

    /// The form in which events keep her.
    #[must_use]
    pub fn reference(&self) -> ActorRef {
        let (kind, id) = match self {
            Self::System => ("system", None),
            Self::Operator(token) => ("operator", token.map(|id| id.to_string())),
            Self::Directory(id, _) => ("directory", Some(id.to_string())),
            Self::User(id) => ("user", Some(id.to_string())),
            Self::Token(id, _) => ("token", Some(id.to_string())),
            Self::Anonymous => ("anonymous", None),
        };
        ActorRef { kind: kind.to_owned(), id }
    }

    /// The token of the directory that she came with.
    #[must_use]
    pub const fn token(&self) -> Option<TokenId> {
        if let Self::Directory(_, token) = self { Some(*token) } else { None }
    }
}
