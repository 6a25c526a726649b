//! Numbers for people: thousands are grouped, and nouns agree with them. This module never rounds.

/// Formats a number with grouped thousands: `1,234,567`.
#[must_use]
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats a number with its noun: `1 message`, `1,234 messages`.
#[must_use]
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Formats a number with its noun and the past of "to be": `1 message was`, `1,234 messages were`.
#[cfg(feature = "cli")]
#[must_use]
pub(crate) fn count_were(number: u64, noun: &str) -> String {
    format!("{} {}", count(number, noun), if number == 1 { "was" } else { "were" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn nouns_agree_in_number() {
        assert_eq!([0, 1, 2_000].map(|number| count(number, "message")), ["0 messages", "1 message", "2,000 messages"]);
    }
}
