//! Fills in the templates of the SQL files. Knows neither a store nor a namespace.

/// Encodes bytes as lowercase hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Fills in the `{names}` of a template and drops its comments. One pass, so that inserted text is never searched for
/// names.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    for line in template.lines().filter(|line| !line.starts_with("--")) {
        let mut rest = line;
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            let value = values.iter().find_map(|(name, value)| {
                let after = from[1..].strip_prefix(name)?.strip_prefix('}')?;
                Some((value, after))
            });
            if let Some((value, after)) = value {
                out.push_str(value);
                rest = after;
            } else {
                out.push('{');
                rest = &from[1..];
            }
        }
        out.push_str(rest);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserted_text_is_not_filled_in_again() {
        let text =
            fill("-- says {table}\nselect '{}', {table}\nfrom {table}", &[("table", "\"{table}\".m"), ("x", "y")]);
        assert_eq!(text, "select '{}', \"{table}\".m\nfrom \"{table}\".m\n");
    }
}
