//! Writes the backend message `ErrorResponse` of PostgreSQL's protocol. Sends nothing itself.

/// Returns the complete message with its header. `code` is an SQLSTATE.
pub(super) fn error_response(severity: &str, code: &str, reason: &str) -> Vec<u8> {
    let mut fields = Vec::new();
    for (field, value) in [(b'S', severity), (b'V', severity), (b'C', code), (b'M', reason)] {
        fields.push(field);
        fields.extend(value.bytes().filter(|byte| *byte != 0));
        fields.push(0);
    }
    fields.push(0);
    let length = u32::try_from(fields.len() + 4).unwrap_or(u32::MAX);
    let mut message = vec![b'E'];
    message.extend(length.to_be_bytes());
    message.extend(fields);
    message
}
