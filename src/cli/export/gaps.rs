//! What an import will refuse of an export, told at its end: streams with missing messages, and numbers that no reader begins at.
//! Remembers as many streams as an import does, so memory stays bounded; what it could not check it says.

use crate::cli::output::grouped;
use crate::message::Message;
use crate::store::import::Ends;

/// Gaps that are named.
const EXAMPLES: usize = 3;

pub struct Gaps {
    ends: Ends,
    filtered: bool,
    resumed: bool,
    count: u64,
    examples: Vec<String>,
    unchecked: u64,
    negative: u64,
}

impl Gaps {
    /// A `filtered` export leaves messages out; a `resumed` one began streams in an earlier run.
    pub fn new(filtered: bool, resumed: bool) -> Self {
        let ends = Ends::default();
        Self { ends, filtered, resumed, count: 0, examples: Vec::new(), unchecked: 0, negative: 0 }
    }

    /// Sees the next message.
    pub fn see(&mut self, message: &Message) {
        let (stream, position) = (message.stream.as_str(), message.position);
        self.negative += u64::from(message.global_position < 0);
        let end = self.ends.get(stream);
        match end {
            None if position == 0 => {}
            None if self.resumed || self.ends.is_full() => self.unchecked += 1,
            None => self.gap(|| format!("{stream} begins at position {position}")),
            Some(end) if position == end.saturating_add(1) => {}
            Some(end) => self.gap(|| format!("{stream} has position {position} after {end}")),
        }
        self.ends.set(stream, end.map_or(position, |end| end.max(position)));
    }

    fn gap(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example());
        }
    }

    /// What there is to tell, a sentence a line.
    pub fn report(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.count > 0 {
            let gaps = if self.count == 1 { "1 gap".to_owned() } else { format!("{} gaps", grouped(self.count)) };
            let which = if self.filtered {
                ", as it was filtered".to_owned()
            } else {
                let more = if self.count > self.examples.len() as u64 { ", …" } else { "" };
                format!(": {}{more}", self.examples.join(", "))
            };
            lines.push(format!(
                "streamscope: the streams of this export have {gaps}{which}; to import it, pass --allow-gaps"
            ));
        }
        if self.unchecked > 0 {
            let why = if self.resumed { "an earlier run began their streams" } else { "there are too many streams" };
            let were = if self.unchecked == 1 { "message was" } else { "messages were" };
            lines.push(format!("streamscope: {} {were} not checked for gaps: {why}", grouped(self.unchecked)));
        }
        if self.negative > 0 {
            let have = if self.negative == 1 { "message has" } else { "messages have" };
            lines.push(format!(
                "streamscope: {} {have} a negative global position, which import --keep-global-positions refuses",
                grouped(self.negative)
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

    fn report(filtered: bool, resumed: bool, messages: &[(&str, i64, i64)]) -> Vec<String> {
        let mut gaps = Gaps::new(filtered, resumed);
        for (stream, position, global_position) in messages {
            gaps.see(&message(stream, *position, *global_position));
        }
        gaps.report()
    }

    #[test]
    fn whole_streams_leave_nothing_to_tell() {
        let whole = [("a-1", 0, 0), ("a-2", 0, 1), ("a-1", 1, 2), ("a-1", 2, 3)];
        assert!(report(false, false, &whole).is_empty() && report(true, false, &whole).is_empty());
    }

    #[test]
    fn missing_messages_are_counted_and_the_first_named() {
        let messages = [("a-1", 4, 1), ("a-1", 5, 2), ("b-1", 0, 3), ("b-1", 3, 4), ("b-1", 3, 5), ("c-1", 1, 6)];
        assert_eq!(
            report(false, false, &messages),
            [
                "streamscope: the streams of this export have 4 gaps: a-1 begins at position 4, b-1 has position 3 after 0, \
                 b-1 has position 3 after 3, …; to import it, pass --allow-gaps"
            ]
        );
        assert_eq!(
            report(true, false, &messages[..1]),
            ["streamscope: the streams of this export have 1 gap, as it was filtered; to import it, pass --allow-gaps"]
        );
    }

    #[test]
    fn what_could_not_be_checked_is_told() {
        assert_eq!(
            report(false, true, &[("a-1", 4, 1), ("a-1", 5, 2), ("a-2", 0, -3)]),
            [
                "streamscope: 1 message was not checked for gaps: an earlier run began their streams",
                "streamscope: 1 message has a negative global position, which import --keep-global-positions refuses",
            ]
        );
    }
}
