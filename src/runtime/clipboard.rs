//! Copying to the clipboard: that of the system, or else that of the terminal through OSC 52, which also works over
//! SSH. Nothing is ever read from the clipboard.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::terminal;
use crate::pasteable::caution;

/// The length of an OSC 52 sequence that every terminal accepts.
const OSC_52_LIMIT: usize = 74_994;

/// Copies text. Returns a phrase for the toast if it did not use the clipboard of the system, or the reason why it
/// failed.
pub(crate) fn copy(text: &str) -> Result<&'static str, String> {
    let remote = std::env::var_os("SSH_CONNECTION").is_some();
    if !remote && arboard::Clipboard::new().and_then(|mut clipboard| clipboard.set_text(text)).is_ok() {
        return Ok("");
    }
    let encoded = STANDARD.encode(text);
    if encoded.len() > OSC_52_LIMIT {
        return Err("the text is too long for the clipboard of the terminal (OSC 52)".to_owned());
    }
    terminal::write(format!("\x1b]52;c;{encoded}\x1b\\").as_bytes()).map_err(|error| error.to_string())?;
    Ok(" through the terminal (OSC 52)")
}

/// Returns the toast of a copy, with a warning if pasting the text could be dangerous.
#[must_use]
pub(crate) fn report(what: &str, how: &str, text: &str) -> String {
    let caution = caution(text).map(|caution| format!(" · {caution}")).unwrap_or_default();
    format!("Copied {what}{how}{caution}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warns_if_a_terminal_would_act_on_the_copied_text() {
        assert_eq!(report("ID", "", "0190"), "Copied ID");
        assert!(report("value", "", "a\u{1b}[201~\r").contains("do not paste it into a terminal"));
    }
}
