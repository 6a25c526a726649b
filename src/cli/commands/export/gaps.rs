//! Detects what an import will refuse in an export: streams with missing messages, and positions that are negative or
//! repeated. If the table allows them, also repeated IDs and JSON that `jsonb` cannot store. It remembers as many
//! streams as an import does, so memory stays bounded, and it reports how many messages it could not check.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};

use serde_json::value::RawValue;
use uuid::Uuid;

use super::part::KeptLine;
use crate::json::check;
use crate::message::{GlobalPosition, Message, Position};
use crate::numbers::{count, count_were, grouped};
use crate::store::import::StreamVersions;
use crate::store::shape::{ColumnType, Shape};

/// How many gaps the report names.
const EXAMPLES: usize = 3;
/// How many IDs, and how many positions, are remembered.
const REMEMBERED: usize = 400_000;

pub(super) struct Gaps {
    versions: StreamVersions,
    filtered: bool,
    count: u64,
    examples: Vec<String>,
    unchecked: u64,
    /// Messages with a position below 0 or that of the message before in their stream, and the first of them.
    refused: u64,
    first_refused: Option<String>,
    /// Messages whose global position an import cannot keep.
    unnumbered: u64,
    /// The IDs, if the table can contain one twice.
    ids: Option<Repeats<Uuid>>,
    first_repeated_id: Option<Uuid>,
    /// The positions, each with the hash of its stream, if the table can contain one twice.
    places: Option<Repeats<(u64, Position)>>,
    hasher: RandomState,
    /// Whether bodies can be JSON that a `jsonb` column refuses.
    bodies: bool,
    refused_bodies: u64,
    first_refused_body: Option<String>,
}

/// Values of which some can occur twice.
struct Repeats<T> {
    seen: HashSet<T>,
    repeated: u64,
    /// Those that did not fit.
    unchecked: u64,
}

impl<T: Eq + Hash> Repeats<T> {
    fn new() -> Self {
        Self { seen: HashSet::new(), repeated: 0, unchecked: 0 }
    }

    /// Returns whether the value was there before.
    fn see(&mut self, value: T) -> bool {
        let is_repeated = self.seen.contains(&value);
        if is_repeated {
            self.repeated += 1;
        } else if self.seen.len() < REMEMBERED {
            self.seen.insert(value);
        } else {
            self.unchecked += 1;
        }
        is_repeated
    }
}

impl Gaps {
    /// A `filtered` export omits messages.
    pub(super) fn new(filtered: bool) -> Self {
        let versions = StreamVersions::default();
        Self {
            versions,
            filtered,
            count: 0,
            examples: Vec::new(),
            unchecked: 0,
            refused: 0,
            first_refused: None,
            unnumbered: 0,
            ids: None,
            first_repeated_id: None,
            places: None,
            hasher: RandomState::new(),
            bodies: false,
            refused_bodies: 0,
            first_refused_body: None,
        }
    }

    /// Also checks for values that this table allows and Message DB's does not.
    pub(super) fn of_table(mut self, shape: &Shape) -> Self {
        self.ids = (!shape.ids_are_unique()).then(Repeats::new);
        self.places = (!shape.positions_are_unique()).then(Repeats::new);
        self.bodies =
            [&shape.columns.data, &shape.columns.metadata].iter().any(|column| column.kind != ColumnType::Jsonb);
        self
    }

    pub(super) fn check(&mut self, message: &Message) {
        self.check_position(message.stream.as_str(), message.position, message.global_position);
        self.check_id(message.id);
        // Unreadable messages are reported on their own.
        if message.flaw.is_none() {
            let bodies = [message.data.as_deref(), message.metadata.as_deref()];
            self.check_bodies(message.stream.as_str(), message.position, bodies);
        }
    }

    /// Checks a line that an earlier run wrote.
    pub(super) fn check_line(&mut self, line: &KeptLine<'_>) {
        self.check_position(&line.stream, line.pos, line.gpos);
        self.check_id(line.id);
        if line.unreadable.is_none() {
            self.check_bodies(&line.stream, line.pos, [line.data, line.meta].map(|body| body.map(RawValue::get)));
        }
    }

    fn check_position(&mut self, stream: &str, position: Position, global_position: GlobalPosition) {
        self.unnumbered += u64::from(global_position < 0 || global_position == GlobalPosition::MAX);
        let end = self.versions.get(stream);
        let place = (self.hasher.hash_one(stream), position);
        let is_repeated = self.places.as_mut().map_or(end == Some(position), |places| places.see(place));
        if position < 0 || is_repeated {
            self.refused += 1;
            self.first_refused.get_or_insert_with(|| format!("{stream}@{position}"));
        }
        match end {
            _ if position < 0 || is_repeated => {}
            None if position == 0 => {}
            None if self.versions.is_full() => self.unchecked += 1,
            None => self.gap(|| format!("{stream} begins at position {position}")),
            Some(end) if position == end.saturating_add(1) => {}
            Some(end) => self.gap(|| format!("{stream} has position {position} after {end}")),
        }
        self.versions.raise(stream, position);
    }

    fn check_bodies(&mut self, stream: &str, position: Position, bodies: [Option<&str>; 2]) {
        if self.bodies && bodies.into_iter().flatten().any(|body| check(body).is_err()) {
            self.refused_bodies += 1;
            self.first_refused_body.get_or_insert_with(|| format!("{stream}@{position}"));
        }
    }

    fn check_id(&mut self, id: Uuid) {
        if self.ids.as_mut().is_some_and(|ids| ids.see(id)) {
            self.first_repeated_id.get_or_insert(id);
        }
    }

    fn gap(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example());
        }
    }

    /// Returns the report, one sentence per line.
    pub(super) fn report(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.count > 0 {
            let gaps = count(self.count, "gap");
            let which = if self.filtered {
                ", left by the filter or by deleted messages".to_owned()
            } else {
                let more = if self.count > self.examples.len() as u64 { ", …" } else { "" };
                format!(": {}{more}", self.examples.join(", "))
            };
            lines.push(format!("streamscope: the exported streams have {gaps}{which}; import them with --allow-gaps"));
        }
        if self.unchecked > 0 {
            let unchecked = count_were(self.unchecked, "message");
            lines.push(format!("streamscope: {unchecked} not checked for gaps: there are too many streams"));
        }
        if let Some(first) = &self.first_refused {
            let (have, them) = if self.refused == 1 { ("message has", "it") } else { ("messages have", "them") };
            lines.push(format!(
                "streamscope: {} {have} a negative or repeated position, so import refuses {them}; the first is {first}",
                grouped(self.refused)
            ));
        }
        if let Some(first) = self.first_repeated_id {
            let repeated = self.ids.as_ref().map_or(0, |ids| ids.repeated);
            let have = if repeated == 1 { "message has" } else { "messages have" };
            lines.push(format!(
                "streamscope: {} {have} the ID of an earlier one, which import refuses; the first ID is {first}",
                grouped(repeated)
            ));
        }
        if let Some(first) = &self.first_refused_body {
            let have = if self.refused_bodies == 1 { "message has" } else { "messages have" };
            lines.push(format!(
                "streamscope: {} {have} JSON that jsonb cannot store, such as \\u0000, which import refuses; the first is {first}",
                grouped(self.refused_bodies)
            ));
        }
        let unchecked = [
            ("IDs", self.ids.as_ref().map_or(0, |ids| ids.unchecked)),
            ("positions", self.places.as_ref().map_or(0, |places| places.unchecked)),
        ];
        for (what, unchecked) in unchecked.into_iter().filter(|(_, unchecked)| *unchecked > 0) {
            let unchecked = count_were(unchecked, "message");
            lines.push(format!("streamscope: {unchecked} not checked for repeated {what}: there are too many"));
        }
        if self.unnumbered > 0 {
            let have = if self.unnumbered == 1 { "message has" } else { "messages have" };
            lines.push(format!(
                "streamscope: {} {have} a negative global position or the largest possible one, which import \
                 --keep-global-positions refuses",
                grouped(self.unnumbered)
            ));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::StreamName;

    fn message(stream: &str, position: i64, global_position: i64) -> Message {
        Message {
            id: uuid::Uuid::nil(),
            stream: StreamName::stored(stream),
            message_type: "Opened".to_owned(),
            position,
            global_position,
            data: None,
            metadata: None,
            time: jiff::Timestamp::UNIX_EPOCH,
            flaw: None,
        }
    }

    fn report(filtered: bool, messages: &[(&str, i64, i64)]) -> Vec<String> {
        let mut gaps = Gaps::new(filtered);
        for (stream, position, global_position) in messages {
            gaps.check(&message(stream, *position, *global_position));
        }
        gaps.report()
    }

    #[test]
    fn complete_streams_need_no_report() {
        let complete = [("a-1", 0, 0), ("a-2", 0, 1), ("a-1", 1, 2), ("a-1", 2, 3)];
        assert!(report(false, &complete).is_empty() && report(true, &complete).is_empty());
    }

    #[test]
    fn counts_gaps_and_names_the_first_three() {
        let messages = [("a-1", 4, 1), ("a-1", 5, 2), ("b-1", 0, 3), ("b-1", 3, 4), ("c-1", 1, 6), ("d-1", 1, 7)];
        assert_eq!(
            report(false, &messages),
            ["streamscope: the exported streams have 4 gaps: a-1 begins at position 4, b-1 has position 3 after 0, \
                 c-1 begins at position 1, …; import them with --allow-gaps"]
        );
        assert_eq!(
            report(true, &messages[..1]),
            [
                "streamscope: the exported streams have 1 gap, left by the filter or by deleted messages; import them with --allow-gaps"
            ]
        );
    }

    #[test]
    fn reports_positions_that_import_refuses_even_with_gaps() {
        let messages = [("a-1", 0, 1), ("a-1", 0, 2), ("a-1", 1, 3), ("b-1", -1, 4), ("b-1", 0, 5)];
        assert_eq!(
            report(false, &messages),
            [
                "streamscope: 2 messages have a negative or repeated position, so import refuses them; the first is a-1@0"
            ]
        );
    }

    #[test]
    fn reports_repeated_positions_of_a_table_that_allows_them() {
        let mut gaps = Gaps { places: Some(Repeats::new()), ..Gaps::new(false) };
        for (global_position, position) in [0, 2, 1, 0, 2].into_iter().enumerate() {
            gaps.check(&message("a-1", position, i64::try_from(global_position).expect("a small number")));
        }
        assert_eq!(
            gaps.report(),
            [
                "streamscope: the exported streams have 2 gaps: a-1 has position 2 after 0, a-1 has position 1 after 2; \
                 import them with --allow-gaps",
                "streamscope: 2 messages have a negative or repeated position, so import refuses them; the first is a-1@0"
            ]
        );
    }

    #[test]
    fn reports_repeated_ids_of_a_table_that_allows_them() {
        let mut gaps = Gaps { ids: Some(Repeats::new()), ..Gaps::new(false) };
        for stream in ["a-1", "a-2", "a-3"] {
            gaps.check(&message(stream, 0, 1));
        }
        let nil = uuid::Uuid::nil();
        assert_eq!(
            gaps.report(),
            [format!(
                "streamscope: 2 messages have the ID of an earlier one, which import refuses; the first ID is {nil}"
            )]
        );
    }

    #[test]
    fn reports_bodies_that_jsonb_cannot_store() {
        let mut gaps = Gaps { bodies: true, ..Gaps::new(false) };
        for (position, data) in [(0, r#"{"a": "\ud83d\ude00"}"#), (1, r#"{"a": "\u0000"}"#), (2, r#""\ud800""#)] {
            gaps.check(&Message { data: Some(data.to_owned()), ..message("a-1", position, position) });
        }
        assert_eq!(
            gaps.report(),
            [
                "streamscope: 2 messages have JSON that jsonb cannot store, such as \\u0000, which import refuses; the first is a-1@1"
            ]
        );
    }

    #[test]
    fn lines_of_an_earlier_run_are_checked_like_messages() {
        let mut gaps = Gaps::new(false);
        let line =
            r#"{"id":"00000000-0000-0000-0000-000000000000","stream":"a-1","type":"T","pos":5,"gpos":1,"data":{}}"#;
        gaps.check_line(&serde_json::from_str(line).expect("a line"));
        gaps.check(&message("a-1", 6, 2));
        gaps.check(&message("a-1", 8, 3));
        assert_eq!(
            gaps.report(),
            ["streamscope: the exported streams have 2 gaps: a-1 begins at position 5, a-1 has position 8 after 6; \
                 import them with --allow-gaps"]
        );
    }

    #[test]
    fn reports_global_positions_that_no_import_can_keep() {
        assert_eq!(
            report(false, &[("a-2", 0, -3), ("a-2", 1, 3), ("a-2", 2, GlobalPosition::MAX)]),
            ["streamscope: 2 messages have a negative global position or the largest possible one, which import \
                 --keep-global-positions refuses"]
        );
    }
}
