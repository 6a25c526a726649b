//! Generates messages that cause each other, writes them, and knows which follow from which.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "small numbers of a test")]

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use streamscope::message::StreamName;
use streamscope::store::Namespace;
use streamscope::store::import::{ImportedMessage, Placement};
use uuid::Uuid;

/// Random numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// A convention by which a message names its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Convention {
    Eventide,
    EventideWithoutGlobalPosition,
    OnlyGlobalPosition,
    Protean,
    /// One of the spellings of a causation ID.
    Id(usize),
    Ours,
}

const SPELLINGS: [(&str, bool); 6] = [
    ("$causationId", false),
    ("causationId", false),
    ("causation_id", false),
    ("$causationId", true),
    ("causationId", true),
    ("causation_id", true),
];

impl Convention {
    fn of(random: &mut Random) -> Self {
        match random.below(9) {
            0 => Self::Eventide,
            1 => Self::EventideWithoutGlobalPosition,
            2 => Self::OnlyGlobalPosition,
            3 | 4 => Self::Protean,
            5 => Self::Ours,
            _ => Self::Id(usize::try_from(random.below(6)).unwrap()),
        }
    }

    /// Whether the test creates an index on it.
    fn is_indexed(self) -> bool {
        matches!(self, Self::Eventide | Self::OnlyGlobalPosition | Self::Protean | Self::Id(0) | Self::Ours)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    None,
    Absent(Convention),
    Of(usize, Convention),
}

/// A message as it was made. Its global position is its number plus one.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) id: Uuid,
    stream: String,
    position: i64,
    /// Protean's identity, if the message has one: a UUID, or `stream-position`.
    identity: Option<String>,
    cause: Cause,
    /// The paths and values of its workflow.
    flows: Vec<(&'static str, String)>,
}

pub(super) struct Workflows {
    pub(super) made: Vec<Made>,
    numbers: HashMap<Uuid, usize>,
}

/// The cause that a search around a message must find.
pub(super) enum Known {
    None,
    Absent,
    Message(usize),
}

/// What a trace must find.
pub(super) struct Truth {
    pub(super) tree: BTreeMap<usize, Option<usize>>,
    pub(super) top: &'static str,
}

impl Workflows {
    pub(super) fn generate(count: usize, seed: u64) -> Self {
        Self::generate_with(count, seed, 200)
    }

    /// Generates messages, of which this many in a thousand have no cause. The fewer they are, the larger are the
    /// trees.
    pub(super) fn generate_with(count: usize, seed: u64, roots: u64) -> Self {
        let mut random = Random(seed);
        let mut lengths: HashMap<String, i64> = HashMap::new();
        let mut made: Vec<Made> = Vec::new();
        for number in 0..count {
            let category =
                ["account", "order", "order:command", "cart", "shipment", "app::order"][random.below(6) as usize];
            let stream = format!("{category}-{}", random.below(8));
            let length = lengths.entry(stream.clone()).or_default();
            let position = *length;
            *length += 1;
            let identity = match random.below(4) {
                0 => Some(Uuid::from_u128(0xabc0_0000 + number as u128).to_string()),
                1 => Some(format!("{stream}-{position}")),
                _ => None,
            };
            let flow = random.below(12);
            let flows = match random.below(6) {
                0 => vec![("$.correlationStreamName", format!("flow-{flow}"))],
                1 => vec![("$.domain.correlation_id", format!("w{flow}"))],
                2 => vec![("$.headers.$correlationId", format!("c{flow}"))],
                3 => vec![("$.traceparent", format!("{flow:032x}"))],
                4 => vec![("$.ours.flow", format!("f{flow}")), ("$.correlationStreamName", format!("flow-{flow}"))],
                _ => Vec::new(),
            };
            let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number as u128);
            made.push(Made { id, stream, position, identity, cause: Cause::None, flows });
        }
        for number in 0..count {
            let mut convention = Convention::of(&mut random);
            if random.below(1_000) < roots {
                continue;
            }
            let cause = match random.below(1_000) {
                rare if rare < roots / 4 => {
                    made[number].cause = Cause::Absent(convention);
                    continue;
                }
                // Any message, also a later one or itself.
                rare if rare < roots / 2 => random.below(count as u64) as usize,
                // Mostly one of the last ones.
                _ if number > 0 => number - 1 - random.below((number as u64).min(30)) as usize,
                _ => continue,
            };
            if convention == Convention::Protean && made[cause].identity.is_none() {
                convention = Convention::Eventide;
            }
            made[number].cause = Cause::Of(cause, convention);
        }
        let numbers = made.iter().enumerate().map(|(number, made)| (made.id, number)).collect();
        Self { made, numbers }
    }

    pub(super) fn number(&self, id: Uuid) -> usize {
        self.numbers[&id]
    }

    pub(super) async fn write(&self, namespace: &Namespace) {
        self.write_some(namespace, 0..self.made.len()).await;
    }

    /// Writes a range of the messages. The ones before it were written.
    pub(super) async fn write_some(&self, namespace: &Namespace, range: Range<usize>) {
        let time: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let messages: Vec<ImportedMessage> = self
            .made
            .iter()
            .enumerate()
            .take(range.end)
            .skip(range.start)
            .map(|(number, made)| ImportedMessage {
                id: made.id,
                stream: StreamName::stored(made.stream.clone()),
                message_type: "Happened".to_owned(),
                data: Some("{}".to_owned()),
                metadata: self.metadata(made),
                placement: Placement::Kept {
                    position: made.position,
                    global_position: None,
                    time: time + SignedDuration::from_secs(number as i64),
                },
            })
            .collect();
        namespace.import(&messages).await.unwrap();
        let last = &self.made[range.end - 1];
        let stored = namespace.message_by_id(last.id).await.unwrap().unwrap();
        assert_eq!(stored.global_position, range.end as i64, "global positions begin at 1");
    }

    fn metadata(&self, made: &Made) -> Option<String> {
        let mut metadata = json!({"note": {"causationId": "not here"}});
        if let Some(identity) = &made.identity {
            metadata["headers"]["id"] = json!(identity);
        }
        for (path, value) in &made.flows {
            let value =
                if *path == "$.traceparent" { format!("00-{value}-00f067aa0ba902b7-01") } else { value.clone() };
            match path[2..].split_once('.') {
                Some((outer, inner)) => metadata[outer][inner] = json!(value),
                None => metadata[&path[2..]] = json!(value),
            }
        }
        let absent = Made {
            id: Uuid::from_u128(77),
            stream: "gone-1".to_owned(),
            position: 3,
            identity: Some("nothing-5".to_owned()),
            cause: Cause::None,
            flows: Vec::new(),
        };
        let (cause, global_position, convention) = match made.cause {
            Cause::None if made.flows.is_empty() && made.identity.is_none() => return None,
            Cause::None => return Some(metadata.to_string()),
            Cause::Absent(convention) => (&absent, 1_000_000, convention),
            Cause::Of(cause, convention) => (&self.made[cause], cause as i64 + 1, convention),
        };
        if matches!(convention, Convention::Eventide | Convention::EventideWithoutGlobalPosition) {
            metadata["causationMessageStreamName"] = json!(cause.stream);
            metadata["causationMessagePosition"] = json!(cause.position);
        }
        match convention {
            Convention::Eventide | Convention::OnlyGlobalPosition => {
                metadata["causationMessageGlobalPosition"] = json!(global_position);
            }
            Convention::EventideWithoutGlobalPosition => {}
            Convention::Protean => metadata["domain"]["causation_id"] = json!(cause.identity),
            Convention::Id(spelling) => {
                let (name, below) = SPELLINGS[spelling];
                if below {
                    metadata["headers"][name] = json!(cause.id.to_string().to_uppercase());
                } else {
                    metadata[name] = json!(cause.id.to_string());
                }
            }
            Convention::Ours => metadata["ours"]["parent"] = json!(format!("{}@{}", cause.stream, cause.position)),
        }
        Some(metadata.to_string())
    }

    /// Returns the messages with a value in their workflow, in order.
    pub(super) fn sharing(&self, path: &str, value: &str) -> Vec<usize> {
        let shares = |made: &Made| made.flows.iter().any(|(at, of)| *at == path && of == value);
        (0..self.made.len()).filter(|number| shares(&self.made[*number])).collect()
    }

    /// Returns what a search around a message finds of its cause, without an index.
    pub(super) fn cause_of(&self, number: usize) -> Known {
        match self.made[number].cause {
            Cause::None => Known::None,
            Cause::Absent(_) => Known::Absent,
            Cause::Of(cause, Convention::Protean) => {
                let made = &self.made[cause];
                let is_probed = made.identity.as_ref() == Some(&format!("{}-{}", made.stream, made.position));
                if is_probed || cause < number { Known::Message(cause) } else { Known::Absent }
            }
            // A trace would call it a cycle.
            Cause::Of(cause, _) => Known::Message(cause),
        }
    }

    /// Returns the later messages that name a message as their cause.
    pub(super) fn direct_effects(&self, number: usize) -> Vec<usize> {
        let is_effect = |effect: &usize| matches!(self.made[*effect].cause, Cause::Of(cause, _) if cause == number);
        (number + 1..self.made.len()).filter(is_effect).collect()
    }

    /// Returns what a trace of a message finds within an extent.
    pub(super) fn truth(&self, start: usize, extent: i64, indexed: bool) -> Truth {
        let mut tree: BTreeMap<usize, Option<usize>> = BTreeMap::from([(start, None)]);
        let mut root = start;
        let top = loop {
            let (cause, convention) = match self.made[root].cause {
                Cause::None => break "root",
                Cause::Absent(_) => break "missing",
                Cause::Of(cause, convention) => (cause, convention),
            };
            // Only a probe or an index finds an identity that is not shortly before the effect.
            let identity = self.made[cause].identity.as_deref().unwrap_or_default();
            let probed = identity == format!("{}-{}", self.made[cause].stream, self.made[cause].position);
            let near = cause < root && root as i64 - cause as i64 <= extent;
            if tree.contains_key(&cause) {
                break "cycle";
            }
            if convention == Convention::Protean && !probed && !near && !indexed {
                break "missing";
            }
            tree.insert(root, Some(cause));
            tree.insert(cause, None);
            root = cause;
        };
        let within =
            |number: usize| [root, start].iter().any(|from| number > *from && number as i64 - *from as i64 <= extent);
        loop {
            let before = tree.len();
            for (number, made) in self.made.iter().enumerate() {
                let Cause::Of(cause, convention) = made.cause else { continue };
                let found = within(number) || (indexed && convention.is_indexed());
                if found && tree.contains_key(&cause) && !tree.contains_key(&number) {
                    tree.insert(number, Some(cause));
                }
            }
            if tree.len() == before {
                return Truth { tree, top };
            }
        }
    }
}
