//! The clipboard: the system's where there is one, else the terminal's by OSC 52, which also works over SSH.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::terminal;
use crate::pasteable::caution;

/// What terminals take in one OSC 52 sequence at least.
const OSC_52_LIMIT: usize = 74_994;

/// Copies text; gives how, where it was not the system's own clipboard.
///
/// # Errors
/// Why it was not copied.
pub fn copy(text: &str) -> Result<&'static str, String> {
    let remote = std::env::var_os("SSH_CONNECTION").is_some();
    if !remote && arboard::Clipboard::new().and_then(|mut clipboard| clipboard.set_text(text)).is_ok() {
        return Ok("");
    }
    let encoded = STANDARD.encode(text);
    if encoded.len() > OSC_52_LIMIT {
        return Err("too long for the terminal's clipboard (OSC 52)".to_owned());
    }
    terminal::write(format!("\x1b]52;c;{encoded}\x1b\\").as_bytes()).map_err(|error| error.to_string())?;
    Ok(" through the terminal (OSC 52)")
}

/// What is said of a copy: what was copied, how, and what pasting it could do.
#[must_use]
pub fn report(what: &str, how: &str, text: &str) -> String {
    let caution = caution(text).map(|caution| format!(" · {caution}")).unwrap_or_default();
    format!("{what} copied{how}{caution}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_a_terminal_would_act_on_comes_with_a_caution() {
        assert_eq!(report("id", "", "0190"), "id copied");
        assert!(report("value", "", "a\u{1b}[201~\r").contains("do not paste it into a terminal"));
    }
}
