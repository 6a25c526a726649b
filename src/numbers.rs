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

/// Returns the digits of a whole number that is written with or without grouped thousands.
#[must_use]
pub(crate) fn digits(text: &str) -> Option<String> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = text.split(',');
    let first = groups.next().filter(|first| is_number(first))?;
    let mut digits = first.to_owned();
    for group in groups {
        if first.len() > 3 || group.len() != 3 || !is_number(group) {
            return None;
        }
        digits.push_str(group);
    }
    Some(digits)
}

/// Formats a number with its noun: `1 message`, `1,234 messages`.
#[must_use]
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn reads_back_grouped_numbers_and_nothing_similar() {
        for number in [0, 999, 1_000, 1_234_567, u64::MAX] {
            let plain = Some(number.to_string());
            assert_eq!((digits(&grouped(number)), digits(&number.to_string())), (plain.clone(), plain));
        }
        for text in ["", ",", "1,", ",100", "1,23", "1234,567", "1,2345", "1,,234", "1.000", "a,100", "-1"] {
            assert_eq!(digits(text), None, "{text}");
        }
    }

    #[test]
    fn nouns_agree_in_number() {
        assert_eq!([0, 1, 2_000].map(|number| count(number, "message")), ["0 messages", "1 message", "2,000 messages"]);
    }
}
