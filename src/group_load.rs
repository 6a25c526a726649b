//! How the messages of a category divide among the members of a consumer group. Which member gets a stream depends only
//! on its name.

use crate::message::{ConsumerGroup, StreamName};

/// The messages and streams of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub messages: u64,
    pub streams: u64,
    /// The stream with the most messages, and how many it has.
    pub hottest: Option<(StreamName, u64)>,
}

/// Returns the load of each member, and at the end that of streams without a member.
#[must_use]
pub(crate) fn loads<'a>(streams: impl IntoIterator<Item = (&'a StreamName, u64)>, size: i64) -> Vec<Load> {
    let members = usize::try_from(size).unwrap_or(1);
    let mut loads = vec![Load::default(); members + 1];
    for (stream, messages) in streams {
        let member = ConsumerGroup::member_of(stream.as_str(), size).and_then(|member| usize::try_from(member).ok());
        let load = &mut loads[member.unwrap_or(members)];
        load.messages += messages;
        load.streams += 1;
        let is_hotter = |(known, most): &(StreamName, u64)| (messages, known) > (*most, stream);
        if load.hottest.as_ref().is_none_or(is_hotter) {
            load.hottest = Some((stream.clone(), messages));
        }
    }
    loads
}

/// Returns hundredths of `part / whole`, rounded to the nearest.
#[must_use]
pub(crate) fn hundredths(part: u64, whole: u64) -> u128 {
    (u128::from(part) * 100 + u128::from(whole) / 2).checked_div(u128::from(whole)).unwrap_or(0)
}

/// Formats the share of the busiest member as a multiple of an even share.
#[must_use]
pub(crate) fn skew(members: &[Load]) -> String {
    let total: u64 = members.iter().map(|load| load.messages).sum();
    let most = members.iter().map(|load| load.messages).max().unwrap_or(0);
    let hundredths = hundredths(most.saturating_mul(members.len() as u64), total).max(if total == 0 { 100 } else { 0 });
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_has_one_member_or_none() {
        let streams = ["account-1", "account-2", "account-3", "account"].map(StreamName::stored);
        for size in 1..=16 {
            let loads = loads(streams.iter().map(|stream| (stream, 10)), size);
            assert_eq!(loads.iter().map(|load| load.streams).sum::<u64>(), 4);
            let without = Load { messages: 10, streams: 1, hottest: Some((StreamName::stored("account"), 10)) };
            assert_eq!(loads.last(), Some(&without), "the stream without an ID");
        }
        let load = |messages| Load { messages, ..Load::default() };
        assert_eq!(skew(&[load(30), load(10)]), "1.50");
        assert_eq!(skew(&[load(0), load(0), load(0)]), "1.00", "nothing is even");
    }

    #[test]
    fn shares_and_the_skew_are_rounded_to_the_nearest() {
        assert_eq!([27, 34].map(|part| hundredths(part, 61)), [44, 56], "44.26 % and 55.74 %");
        assert_eq!([0, 1, 200].map(|part| hundredths(part, 200)), [0, 1, 100]);
        let load = |messages| Load { messages, ..Load::default() };
        assert_eq!(skew(&[load(8), load(3), load(0)]), "2.18", "2.1818");
        assert_eq!(skew(&[load(7), load(2), load(2)]), "1.91", "1.9090");
    }

    #[test]
    fn the_hottest_stream_has_the_most_messages() {
        let streams = ["account-2", "account-1", "account-3"].map(StreamName::stored);
        let loads = loads(streams.iter().zip([5, 5, 4]), 1);
        assert_eq!(loads[0].hottest, Some((StreamName::stored("account-1"), 5)));
    }
}
