//! The columns of the message table: which are shown, in which order and how wide. A choice belongs to a category of a
//! namespace and survives a restart. The widths on screen follow from it in [`super::table`].

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::list_key::ListKey;
use crate::message::BodyPath;
use crate::store::browse::Scope;

/// The most choices that are kept. The oldest ones are dropped first.
const KEPT: usize = 200;
/// The most columns with a path in one table. Each of them costs memory in every row.
pub(crate) const MOST_PATHS: usize = 16;
/// The widest column that the user can ask for.
const WIDEST: u16 = 200;

/// What a column shows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum ColumnKind {
    Position,
    GlobalPosition,
    Time,
    Age,
    Stream,
    Type,
    Size,
    Data,
    /// The value of a path into data or metadata.
    Path(BodyPath),
}

/// The columns that every table has, with their names in the chooser and their titles.
const FIXED: [(ColumnKind, &str, &str); 8] = [
    (ColumnKind::Position, "position", "pos"),
    (ColumnKind::GlobalPosition, "global position", "gpos"),
    (ColumnKind::Time, "time", "time"),
    (ColumnKind::Age, "age", "age"),
    (ColumnKind::Stream, "stream", "stream"),
    (ColumnKind::Type, "type", "type"),
    (ColumnKind::Size, "size", "size"),
    (ColumnKind::Data, "data", "data"),
];

impl ColumnKind {
    /// Returns the title above the column.
    #[must_use]
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Path(path) => path.title(),
            fixed => FIXED.iter().find(|(kind, ..)| kind == fixed).map_or("", |(_, _, title)| title).to_owned(),
        }
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            fixed => f.write_str(FIXED.iter().find(|(kind, ..)| kind == fixed).map_or("", |(_, name, _)| name)),
        }
    }
}

impl FromStr for ColumnKind {
    type Err = String;

    /// Reads the name of a column. A path begins with `$` or `meta:`.
    fn from_str(text: &str) -> Result<Self, String> {
        match FIXED.iter().find(|(_, name, _)| *name == text) {
            Some((kind, ..)) => Ok(kind.clone()),
            None if text.contains('$') => text.parse().map(Self::Path),
            None => Err(format!("unknown column \"{text}\"")),
        }
    }
}

impl TryFrom<String> for ColumnKind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ColumnKind> for String {
    fn from(kind: ColumnKind) -> Self {
        kind.to_string()
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Column {
    pub kind: ColumnKind,
    pub shown: bool,
    /// The width that the user chose; none to derive it from the rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u16>,
}

impl Column {
    const fn new(kind: ColumnKind, shown: bool) -> Self {
        Self { kind, shown, width: None }
    }
}

/// The columns of a table that the user has not changed.
static DEFAULT: [Column; 8] = [
    Column::new(ColumnKind::Position, true),
    Column::new(ColumnKind::GlobalPosition, true),
    Column::new(ColumnKind::Time, true),
    Column::new(ColumnKind::Age, false),
    Column::new(ColumnKind::Stream, true),
    Column::new(ColumnKind::Type, true),
    Column::new(ColumnKind::Size, true),
    Column::new(ColumnKind::Data, true),
];

/// The columns of one category, as they are saved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct ColumnChoice {
    namespace: String,
    /// None for the list of all messages of the namespace.
    #[serde(default)]
    category: Option<String>,
    columns: Vec<Column>,
}

impl ColumnChoice {
    /// Repairs a choice from a file: every fixed column occurs once, and there are not too many paths.
    fn repaired(mut self) -> Self {
        let (mut seen, mut paths) = (Vec::new(), 0);
        self.columns.retain(|column| {
            let is_path = matches!(column.kind, ColumnKind::Path(_));
            let keep = !seen.contains(&column.kind) && (!is_path || paths < MOST_PATHS);
            paths += usize::from(keep && is_path);
            seen.push(column.kind.clone());
            keep
        });
        let missing = FIXED.iter().filter(|(kind, ..)| !seen.contains(kind));
        self.columns.extend(missing.map(|(kind, ..)| Column::new(kind.clone(), false)));
        self.columns.iter_mut().for_each(|column| column.width = column.width.map(|width| width.clamp(1, WIDEST)));
        if !self.columns.iter().any(|column| column.shown) {
            self.columns = DEFAULT.to_vec();
        }
        self
    }
}

/// The choices of all categories.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// The one that was changed last is first.
    choices: Vec<ColumnChoice>,
    /// The column whose width the keys change.
    current: Option<ColumnKind>,
}

/// Returns the category whose choice applies to a list.
fn category_of(scope: &Scope) -> Option<String> {
    match scope {
        Scope::Namespace => None,
        Scope::Category(category) | Scope::Member(category, _) => Some(category.to_string()),
        Scope::Stream(stream) => Some(stream.category().to_string()),
    }
}

impl Columns {
    /// Takes over the choices of an earlier run. Of several for one category, the first one counts.
    #[must_use]
    pub(in crate::app) fn restored(choices: Vec<ColumnChoice>) -> Self {
        let mut columns = Self::default();
        for choice in choices.into_iter().take(KEPT) {
            let is_known =
                |known: &ColumnChoice| known.namespace == choice.namespace && known.category == choice.category;
            if !columns.choices.iter().any(is_known) {
                columns.choices.push(choice.repaired());
            }
        }
        columns
    }

    /// Returns the choices that survive a restart.
    #[must_use]
    pub(in crate::app) fn choices(&self) -> &[ColumnChoice] {
        &self.choices
    }

    fn index_of(&self, list: &ListKey) -> Option<usize> {
        let category = category_of(&list.scope);
        self.choices.iter().position(|choice| choice.namespace == list.namespace && choice.category == category)
    }

    /// Returns the columns of a list in their order, including those that are not shown.
    #[must_use]
    pub(crate) fn of(&self, list: Option<&ListKey>) -> &[Column] {
        let index = list.and_then(|list| self.index_of(list));
        index.and_then(|index| self.choices.get(index)).map_or(&DEFAULT, |choice| &choice.columns)
    }

    /// Returns the paths of the columns that are shown.
    #[must_use]
    pub(crate) fn paths_of(&self, list: Option<&ListKey>) -> Arc<[BodyPath]> {
        let shown = self.of(list).iter().filter(|column| column.shown);
        let paths = shown.filter_map(|column| match &column.kind {
            ColumnKind::Path(path) => Some(path.clone()),
            _ => None,
        });
        paths.collect()
    }

    /// Replaces the columns of a list and of every other list of its category.
    pub(in crate::app) fn set(&mut self, list: &ListKey, columns: Vec<Column>) {
        if let Some(index) = self.index_of(list) {
            self.choices.remove(index);
        }
        if columns != DEFAULT {
            let ListKey { namespace, scope } = list;
            let choice = ColumnChoice { namespace: namespace.clone(), category: category_of(scope), columns };
            self.choices.insert(0, choice.repaired());
        }
        self.choices.truncate(KEPT);
    }

    /// Makes this column the one whose width the keys change.
    pub(in crate::app) fn select(&mut self, kind: ColumnKind) {
        self.current = Some(kind);
    }

    /// Returns the column whose width the keys change, if the user has selected one.
    #[must_use]
    pub(crate) fn selected(&self) -> Option<&ColumnKind> {
        self.current.as_ref()
    }
}

/// Returns the columns of a table that the user has not changed.
#[must_use]
pub(crate) fn default_columns() -> Vec<Column> {
    DEFAULT.to_vec()
}

/// Changes of a list of columns. None of them loses a column.
pub(crate) trait ColumnList {
    /// Adds a column with a path in front of the data, or shows it if it exists. Returns its index, or none if there
    /// are too many.
    fn add(&mut self, path: BodyPath) -> Option<usize>;
    /// Swaps a column with the next or the previous one. Returns its new index.
    fn shift(&mut self, index: usize, down: bool) -> usize;
    /// Shows or hides a column. The last one that is shown stays.
    fn toggle(&mut self, index: usize);
}

impl ColumnList for Vec<Column> {
    fn add(&mut self, path: BodyPath) -> Option<usize> {
        let kind = ColumnKind::Path(path);
        if let Some(index) = self.iter().position(|column| column.kind == kind) {
            self[index].shown = true;
            return Some(index);
        }
        if self.iter().filter(|column| matches!(column.kind, ColumnKind::Path(_))).count() >= MOST_PATHS {
            return None;
        }
        let index = self.iter().position(|column| column.kind == ColumnKind::Data).unwrap_or(self.len());
        self.insert(index, Column::new(kind, true));
        Some(index)
    }

    fn shift(&mut self, index: usize, down: bool) -> usize {
        let to = if down { index + 1 } else { index.wrapping_sub(1) };
        if index >= self.len() || to >= self.len() {
            return index;
        }
        self.swap(index, to);
        to
    }

    fn toggle(&mut self, index: usize) {
        let shown = self.iter().filter(|column| column.shown).count();
        if let Some(column) = self.get_mut(index)
            && !(column.shown && shown == 1)
        {
            column.shown = !column.shown;
        }
    }
}

/// Returns a width that is narrower or wider by one step.
#[must_use]
pub(crate) fn resized(width: usize, wider: bool) -> u16 {
    let width = u16::try_from(width).unwrap_or(WIDEST);
    if wider { width.saturating_add(2).min(WIDEST) } else { width.saturating_sub(2).max(2) }
}
