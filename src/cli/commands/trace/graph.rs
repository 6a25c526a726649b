//! A trace as a graph for Graphviz or Mermaid. Names from the store are escaped, so they cannot end a label.

use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::safe_text::safe;
use crate::store::trace::{Branch, Top};
use crate::trace_text::{delay, delay_text, name};

/// Prints the tree in the DOT language.
pub(super) fn dot(top: &Top, tree: &[Branch<'_>], output: &mut Output) -> Result<()> {
    let quoted = |text: &str| safe(text).to_string().replace('\\', "\\\\").replace('"', "\\\"");
    output.line("digraph trace {")?;
    output.line("  node [shape=box, fontname=\"sans-serif\"];")?;
    if let (Top::Missing { cause, .. }, Some(root)) = (top, tree.first()) {
        output.line(&format!(
            "  missing [label=\"{}\\nmissing\", style=dashed];",
            quoted(&cause.reference.to_string())
        ))?;
        output.line(&format!("  missing -> {};", node(root.message.head.global_position)))?;
    }
    for branch in tree {
        let head = &branch.message.head;
        let bold = if branch.is_start { ", style=bold" } else { "" };
        let label = format!("{}\\n{}", quoted(&head.message_type), quoted(&name(branch.message)));
        output.line(&format!("  {} [label=\"{label}\"{bold}];", node(head.global_position)))?;
        if let Some(cause) = branch.cause {
            let delay = delay(cause, branch.message).map(delay_text).unwrap_or_default();
            let (from, to) = (node(cause.head.global_position), node(head.global_position));
            output.line(&format!("  {from} -> {to} [label=\"{delay}\"];"))?;
        }
    }
    Ok(output.line("}")?)
}

/// Prints the tree as a Mermaid flowchart.
pub(super) fn mermaid(top: &Top, tree: &[Branch<'_>], output: &mut Output) -> Result<()> {
    output.line("flowchart TD")?;
    if let (Top::Missing { cause, .. }, Some(root)) = (top, tree.first()) {
        output.line(&format!("  missing[\"{}<br>missing\"]", entities(&cause.reference.to_string())))?;
        output.line(&format!("  missing -.-> {}", node(root.message.head.global_position)))?;
    }
    for branch in tree {
        let head = &branch.message.head;
        let label = format!("{}<br>{}", entities(&head.message_type), entities(&name(branch.message)));
        let this = node(head.global_position);
        output.line(&format!("  {this}[\"{label}\"]"))?;
        if let Some(cause) = branch.cause {
            let delay = delay(cause, branch.message).map(delay_text);
            let label = delay.map(|delay| format!("|{delay}|")).unwrap_or_default();
            output.line(&format!("  {} -->{label} {this}", node(cause.head.global_position)))?;
        }
        if branch.is_start {
            output.line(&format!("  style {this} stroke-width:3px"))?;
        }
    }
    Ok(())
}

/// Returns the name of a node. A global position can be negative, and neither language has a minus in names.
fn node(global_position: i64) -> String {
    format!("m{global_position}").replace('-', "_")
}

/// Escapes a label as Mermaid does: every character that could end it becomes its number.
fn entities(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '@' | ':' | '.' | '_' | '/' | '+');
    safe(text)
        .to_string()
        .chars()
        .map(|c| if plain(c) { c.to_string() } else { format!("#{};", u32::from(c)) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_end_a_label() {
        assert_eq!(entities("a\"] --> b"), "a#34;#93; --#62; b");
        assert_eq!(node(-5), "m_5");
    }
}
