//! Turns a scope into the conditions and order of its index. Every query over a scope uses them, so that none reads the
//! table without its index.

use super::super::query::member_condition;
use super::super::{Namespace, NamespaceInfo};
use super::{PageFrom, Scope};
use crate::message::ConsumerGroup;
use crate::pasteable::{sql_identifier, sql_string};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Direction {
    Rising,
    Falling,
}

impl PageFrom {
    /// Returns the first number of the page and its direction, or `None` if no number can follow.
    pub(super) fn bound(self) -> Option<(i64, Direction)> {
        match self {
            Self::Start => Some((i64::MIN, Direction::Rising)),
            Self::End => Some((i64::MAX, Direction::Falling)),
            Self::At(number) | Self::Around(number) => Some((number, Direction::Rising)),
            Self::After(number) => number.checked_add(1).map(|first| (first, Direction::Rising)),
            Self::Before(number) => number.checked_sub(1).map(|first| (first, Direction::Falling)),
        }
    }
}

impl Scope {
    /// Returns the column that numbers its messages.
    pub(super) fn number(&self) -> &'static str {
        match self {
            Self::Stream(_) => "position",
            Self::Namespace | Self::Category(_) | Self::Member(..) => "global_position",
        }
    }

    /// Returns the name of its stream or category.
    pub(in crate::store) fn name(&self) -> Option<&str> {
        match self {
            Self::Namespace => None,
            Self::Category(category) | Self::Member(category, _) => Some(category.as_str()),
            Self::Stream(stream) => Some(stream.as_str()),
        }
    }

    /// Returns whether its messages are those of a category or of a member of its consumer group.
    pub(super) fn is_category(&self) -> bool {
        matches!(self, Self::Category(_) | Self::Member(..))
    }

    /// Returns its consumer group member.
    pub(in crate::store) fn member(&self) -> Option<ConsumerGroup> {
        match self {
            Self::Member(_, group) => Some(*group),
            Self::Namespace | Self::Category(_) | Self::Stream(_) => None,
        }
    }
}

impl Scope {
    /// Returns an SQL statement that selects its messages, for pasting. It contains all values, is a single line
    /// whatever they contain, and does not depend on `search_path`.
    #[must_use]
    pub fn statement(&self, namespace: &NamespaceInfo) -> String {
        let schema = sql_identifier(&namespace.schema);
        let name = sql_string(self.name().unwrap_or_default());
        let category = namespace.flavour.category_expression(&schema);
        let condition = match self {
            Self::Namespace => String::new(),
            Self::Category(_) => format!(" where {category} = {name}"),
            Self::Member(_, group) => {
                let member = member_condition(&group.member().to_string(), &group.size().to_string());
                format!(" where {category} = {name} and {member}")
            }
            Self::Stream(_) => format!(" where stream_name = {name}"),
        };
        format!("select * from {schema}.messages{condition} order by {};", self.number())
    }
}

impl Namespace {
    /// Returns `where` and `order by` for reading a scope in one direction. `bound` is SQL for the first number, and
    /// `name` is the parameter with the stream or category. A consumer group member gets its whole category; the caller
    /// adds the condition for the member.
    ///
    /// A category is compared as a row and is part of the order. With `category = … order by global_position` the
    /// planner may walk the primary key and filter, which reads the whole table for a category without messages in that
    /// range.
    pub(in crate::store) fn window(&self, scope: &Scope, direction: Direction, bound: &str, name: &str) -> String {
        let (compare, order) = match direction {
            Direction::Rising => (">=", ""),
            Direction::Falling => ("<=", " desc"),
        };
        match scope {
            Scope::Namespace => format!("where global_position {compare} {bound} order by global_position{order}"),
            Scope::Stream(_) => {
                format!("where stream_name::text = {name} and position {compare} {bound} order by position{order}")
            }
            Scope::Category(_) | Scope::Member(..) => {
                let category = self.category_expression();
                let (back, end) = match direction {
                    Direction::Rising => ("<=", "9223372036854775807"),
                    Direction::Falling => (">=", "'-9223372036854775808'::bigint"),
                };
                format!(
                    "where ({category}, global_position) {compare} ({name}, {bound}) \
                     and ({category}, global_position) {back} ({name}, {end}) \
                     order by {category}{order}, global_position{order}"
                )
            }
        }
    }
}
