//! Bodies that hold the members of groups, in bounded memory.
//!
//! Groups whose members are few are read together, by one statement for many groups (C60); a large
//! group is read in batches of [`BATCH`] while the client takes them. A body that fits into the
//! first batch goes out whole; any other is streamed, and breaks off if the database fails.

use std::collections::VecDeque;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use super::answer::{Answer, Failure};
use super::render;
use crate::domain::group::Group;
use crate::domain::id::{GroupId, OrganizationId};
use crate::flow::runner::Runner;
use crate::scim::project::Projection;
use crate::store::member::{self, Member};

/// Members that are read at a time.
pub const BATCH: i64 = 1_000;

/// A group whose text was begun and waits for its members.
struct Begun {
    group: GroupId,
    member_count: i64,
    text: String,
}

/// What is still to be written.
pub struct Writer {
    runner: Runner,
    organization: OrganizationId,
    base: String,
    projection: Projection,
    waiting: VecDeque<Begun>,
    /// The large group that is being written, and its last member so far.
    open: Option<(GroupId, Uuid)>,
    /// Whether a group was written, so that a comma comes before the next.
    further: bool,
    before: String,
    after: &'static str,
}

impl Writer {
    /// A writer of these groups with their members, with texts around them all.
    #[must_use]
    pub fn new(
        runner: &Runner,
        organization: OrganizationId,
        base: &str,
        groups: &[Group],
        projection: Projection,
    ) -> Self {
        let mut writer = Self {
            runner: runner.clone(),
            organization,
            base: base.to_owned(),
            projection,
            waiting: VecDeque::new(),
            open: None,
            further: false,
            before: String::new(),
            after: "",
        };
        for group in groups {
            writer.push_group(group);
        }
        writer
    }

    /// Writes a group with its members behind the others.
    pub fn push_group(&mut self, group: &Group) {
        let text = render::group(&self.base, group, &self.projection);
        let (group, member_count) = (group.id, group.member_count);
        self.waiting.push_back(Begun { group, member_count, text });
    }

    /// Writes a resource that has no members, as it is, behind the others.
    pub fn push(&mut self, mut text: String) {
        // Its last brace is written like that of a group without members.
        text.pop();
        let group = GroupId(uuid::Uuid::nil());
        self.waiting.push_back(Begun { group, member_count: 0, text });
    }

    /// The same with a text before and after the groups.
    #[must_use]
    pub fn within(mut self, before: String, after: &'static str) -> Self {
        self.before = before;
        self.after = after;
        self
    }

    /// Writes the first part and, when there is more, streams the rest.
    ///
    /// # Errors
    /// 503 when the database does not answer at all.
    pub async fn body(mut self) -> Answer<Body> {
        let mut first = std::mem::take(&mut self.before);
        first.push_str(&self.part().await?);
        if self.is_done() {
            first.push_str(self.after);
            return Ok(Body::from(first));
        }
        let begin = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(first)) });
        let rest = stream::try_unfold(Some(self), |writer| async move {
            let Some(mut writer) = writer else { return Ok(None) };
            let mut text = writer.part().await.map_err(|_| std::io::Error::other("broken off"))?;
            if writer.is_done() {
                text.push_str(writer.after);
                return Ok(Some((Bytes::from(text), None)));
            }
            Ok(Some((Bytes::from(text), Some(writer))))
        });
        Ok(Body::from_stream(begin.chain(rest)))
    }

    fn is_done(&self) -> bool {
        self.open.is_none() && self.waiting.is_empty()
    }

    /// The next part: a batch of a large group, or some small groups whole.
    async fn part(&mut self) -> Result<String, Failure> {
        if let Some((group, after)) = self.open {
            return self.batch(group, after).await;
        }
        match self.waiting.front() {
            Some(next) if next.member_count > BATCH => {
                let Some(begun) = self.waiting.pop_front() else { return Ok(String::new()) };
                let mut text = self.comma().to_owned();
                text.push_str(&begun.text);
                text.push_str(",\"members\":[");
                let first = self.batch(begun.group, Uuid::nil()).await?;
                text.push_str(&first);
                Ok(text)
            }
            _ => self.small().await,
        }
    }

    fn comma(&mut self) -> &'static str {
        if std::mem::replace(&mut self.further, true) { "," } else { "" }
    }

    async fn batch(&mut self, group: GroupId, after: Uuid) -> Result<String, Failure> {
        let mut scope = self.runner.read(self.organization);
        let found = member::of_group(&mut scope, group, after, BATCH).await?;
        let mut text = render::members(&self.base, &found, &self.projection);
        if after != Uuid::nil() && !text.is_empty() {
            text.insert(0, ',');
        }
        let full = i64::try_from(found.len()).unwrap_or(0) == BATCH;
        match found.last() {
            Some(last) if full => self.open = Some((group, last.id)),
            _ => {
                self.open = None;
                text.push_str("]}");
            }
        }
        Ok(text)
    }

    /// Groups that together have few members.
    async fn small(&mut self) -> Result<String, Failure> {
        let (mut taken, mut sum) = (Vec::new(), 0);
        while let Some(next) = self.waiting.front() {
            if sum + next.member_count > BATCH {
                break;
            }
            sum += next.member_count;
            taken.extend(self.waiting.pop_front());
        }
        let ids: Vec<GroupId> =
            taken.iter().filter(|begun| begun.member_count > 0).map(|begun| begun.group).collect();
        let mut found: Vec<(GroupId, Member)> = Vec::new();
        if !ids.is_empty() {
            let mut scope = self.runner.read(self.organization);
            found = member::of_groups(&mut scope, &ids, BATCH).await?;
        }
        let mut text = String::new();
        for begun in taken {
            text.push_str(self.comma());
            text.push_str(&begun.text);
            let own: Vec<Member> = found
                .iter()
                .filter(|(group, _)| *group == begun.group)
                .map(|(_, member)| member.clone())
                .collect();
            let members = render::members(&self.base, &own, &self.projection);
            if !members.is_empty() {
                text.push_str(",\"members\":[");
                text.push_str(&members);
                text.push(']');
            }
            text.push('}');
        }
        Ok(text)
    }
}
