//! `trace --correlated`: the messages that share the correlation value of a message, in global order.

use super::{continued, graph, lines, searching, text};
use crate::cli::error::{CommandError, Result, Status};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::{Format, Output};
use crate::cli::status_line::StatusLine;
use crate::cli::stderr;
use crate::store::Namespace;
use crate::store::trace::{Branch, Top, TraceOptions, Traced, causes};
use crate::trace_text::{Continued, name, workflow_line};

/// Prints the messages of the workflow.
///
/// # Errors
/// [`Status::NotFound`] if the message has no correlation value, and the errors of the store.
pub(super) async fn run(
    namespace: &Namespace,
    start: &Traced,
    options: &TraceOptions,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let workflows = options.links.workflows(start.metadata.as_deref().unwrap_or_default());
    let Some(workflow) = workflows.into_iter().next() else {
        return Err(CommandError::new(Status::NotFound, format!("{} has no correlation value", name(start)))
            .remedy("Omit --correlated to follow its causes and effects"));
    };
    let link = workflow.link.clone();
    let search = async { Ok(namespace.correlated(start, workflow, options.extent, options.messages).await?) };
    let mut search = interrupt.unless_signalled(search).await?;
    let mut messages: Vec<Traced> = Vec::new();
    let status = StatusLine::new();
    let ended = loop {
        match interrupt.unless_signalled(async { Ok(search.step().await?) }).await {
            Ok(Some(found)) => {
                messages.extend(found);
                status.draw(|| searching(messages.len(), Some(search.searched())));
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    drop(status);
    if messages.is_empty() {
        return ended;
    }
    let causes = causes(&messages, &options.links);
    let branches: Vec<Branch<'_>> = messages
        .iter()
        .zip(causes)
        .map(|(message, cause)| Branch {
            message,
            cause: cause.map(|index| &messages[index]),
            link: Some(&link),
            depth: 0,
            is_start: message.head.global_position == start.head.global_position,
        })
        .collect();
    match output.format {
        Format::Text => text::tree(&Top::Unknown, &branches, output)?,
        Format::Json => lines::tree(&Top::Unknown, &branches, output)?,
        Format::Ndjson => lines::messages(namespace, messages.iter(), output).await?,
        Format::Dot => graph::dot(&Top::Unknown, &branches, output)?,
        Format::Mermaid => graph::mermaid(&Top::Unknown, &branches, output)?,
    }
    output.finish()?;
    let continued = Continued { more: "raise --limit".to_owned(), ..continued(options.extent) };
    stderr::line(&format!("streamscope: {}", workflow_line(&search, &continued)));
    ended
}
