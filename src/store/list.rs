//! Lists of ids in a statement: a hundred places from `$2` on, the last id repeated in those left.
//!
//! Both engines take this text, unlike arrays and table functions. Longer lists are asked for in
//! chunks of [`LIST_MAX`].

use uuid::Uuid;

use super::query::Query;

/// Ids that one statement takes.
pub const LIST_MAX: usize = 100;

/// The places `$2` to `$101` of a list.
macro_rules! places {
    () => {
        "$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
         $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, \
         $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, \
         $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, $64, $65, $66, \
         $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, $77, $78, $79, $80, $81, $82, \
         $83, $84, $85, $86, $87, $88, $89, $90, $91, $92, $93, $94, $95, $96, $97, $98, \
         $99, $100, $101"
    };
}
pub(super) use places;

impl Query<'_> {
    /// Binds a list of ids to the hundred places that `places!` wrote; what goes beyond them is
    /// left out, so callers cut lists into chunks of [`LIST_MAX`].
    pub(super) fn bind_ids(mut self, ids: &[Uuid]) -> Self {
        let last = ids.last().copied().unwrap_or_default();
        for at in 0..LIST_MAX {
            self = self.bind(ids.get(at).copied().unwrap_or(last));
        }
        self
    }
}
