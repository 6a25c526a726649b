//! `trace --correlated`: the messages that share the correlation value of a message, in order of global position.

use super::{continued, print, search, searching};
use crate::cli::error::{CommandError, Result, Status};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::Output;
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
    let begin = async { Ok(namespace.correlated(start, workflow, options.extent, options.messages).await?) };
    let mut correlated = interrupt.unless_signalled(begin).await?;
    let mut messages: Vec<Traced> = Vec::new();
    let step = async || {
        let Some(found) = correlated.step().await? else { return Ok(None) };
        messages.extend(found);
        Ok(Some(searching(messages.len(), Some(correlated.searched()))))
    };
    let ended = search(interrupt, step).await;
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
    print(namespace, &Top::Unknown, &branches, output).await?;
    let continued = Continued { more: "raise --limit".to_owned(), ..continued(options.extent) };
    stderr::line(&format!("streamscope: {}", workflow_line(&correlated, &continued)));
    ended
}
