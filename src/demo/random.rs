//! Random numbers and IDs for the sample data.

use jiff::Timestamp;
use uuid::Uuid;

/// Pseudo-random numbers, the same in every run and every version (`SplitMix64`). A library for random numbers does not
/// promise the latter.
pub(super) struct SeededRandom(pub(super) u64);

impl SeededRandom {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(super) fn seconds(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from).unsigned_abs()).cast_signed()
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = usize::try_from(self.next() % from.len() as u64).expect("the remainder is less than the length");
        &from[index]
    }
}

/// Returns an ID that contains a time.
pub(super) fn uuid_v7_at(time: Timestamp, random: &mut SeededRandom) -> Uuid {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&random.next().to_be_bytes());
    bytes[8..].copy_from_slice(&random.next().to_be_bytes()[..2]);
    uuid::Builder::from_unix_timestamp_millis(time.as_millisecond().unsigned_abs(), &bytes).into_uuid()
}

/// Returns the ID of an order or a transfer.
pub(super) fn order_id(number: u64) -> String {
    format!("{:08x}", number >> 32)
}
