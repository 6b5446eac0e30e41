//! Settings of directories as they are sent and shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::brake::{self, Share};
use crate::flow::problem::Problem;

/// One role, or several: the key of the one, or a list of keys.
#[derive(Clone, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Ceiling {
    /// The key of the one.
    One(String),
    /// The keys of several.
    Several(Vec<String>),
}

impl Ceiling {
    /// The keys.
    pub fn keys(self) -> Vec<String> {
        match self {
            Self::One(key) => vec![key],
            Self::Several(keys) => keys,
        }
    }
}

impl From<Vec<String>> for Ceiling {
    fn from(mut keys: Vec<String>) -> Self {
        match (keys.pop(), keys.is_empty()) {
            (Some(one), true) => Self::One(one),
            (last, _) => {
                keys.extend(last);
                Self::Several(keys)
            }
        }
    }
}

/// How many people a directory may take access from before the losses are held: at least one of
/// both bounds, of which the lower one counts.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaxRemovals {
    /// So many people, 1 to 1,000,000.
    count: Option<i64>,
    /// So large a part of the directory's people: above 0, at most 1.
    share: Option<f64>,
    /// Within so many seconds: 60 to 604,800.
    window_s: i64,
}

impl MaxRemovals {
    /// The setting.
    ///
    /// # Errors
    /// 422 for a share that is none; the flow checks the rest.
    pub fn read(self) -> Result<brake::MaxRemovals, Problem> {
        let share = self.share.map(|sent| {
            Share::of(sent).ok_or_else(|| {
                let detail = "share is a number above 0 and at most 1.";
                Problem::invalid("/max_removals/share", "range", detail)
            })
        });
        let share = share.transpose()?;
        Ok(brake::MaxRemovals { count: self.count, share, window_s: self.window_s })
    }
}

impl From<brake::MaxRemovals> for MaxRemovals {
    fn from(kept: brake::MaxRemovals) -> Self {
        let share = kept.share.map(Share::fraction);
        Self { count: kept.count, share, window_s: kept.window_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_role_is_shown_as_a_text_and_several_as_a_list() {
        let shown = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            let ceiling = Ceiling::from(keys.clone());
            assert_eq!(ceiling.clone().keys(), keys);
            serde_json::to_string(&ceiling).unwrap()
        };
        assert_eq!(shown(&["a"]), "\"a\"");
        assert_eq!(shown(&["a", "b"]), "[\"a\",\"b\"]");
    }
}
