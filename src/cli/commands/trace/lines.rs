//! Traces as JSON lines: the tree, or whole messages that `import` accepts.

use crate::cli::error::Result;
use crate::cli::output::{Output, json};
use crate::cli::unreadable::Unreadable;
use crate::store::Namespace;
use crate::store::trace::{Branch, Top, Traced};
use crate::trace_text::delay;

/// Prints one object per message, in the order of the tree.
pub(super) fn tree(top: &Top, tree: &[Branch<'_>], output: &mut Output) -> Result<()> {
    let missing = match top {
        Top::Missing { cause, .. } => Some(cause),
        _ => None,
    };
    if let Some(cause) = missing {
        json::Object::begin(output.buffer())
            .string("missing", &cause.reference.to_string())
            .number("depth", 0)
            .string("link", &cause.link)
            .end();
    }
    for branch in tree {
        let link = branch.link.or(missing.filter(|_| branch.cause.is_none()).map(|cause| cause.link.as_str()));
        let depth = branch.depth + usize::from(missing.is_some());
        line(branch.message, branch.cause, depth, link, output)?;
    }
    Ok(())
}

/// Prints the line of one message.
pub(super) fn line(
    message: &Traced,
    cause: Option<&Traced>,
    depth: usize,
    link: Option<&str>,
    output: &mut Output,
) -> Result<()> {
    let head = &message.head;
    json::Object::begin(output.buffer())
        .string("id", &head.id.to_string())
        .string("stream", head.stream.as_str())
        .number("pos", head.position)
        .number("gpos", head.global_position)
        .string("type", &head.message_type)
        .time("time", head.time)
        .string_or_null("cause", cause.map(|cause| cause.head.id.to_string()).as_deref())
        .number("depth", depth)
        .number_or_null("delayMs", cause.and_then(|cause| delay(cause, message)).map(|delay| delay.as_millis()))
        .string_or_null("link", link)
        .end();
    Ok(output.line_done()?)
}

/// Prints whole messages in order of global position, which keeps the order of each stream.
pub(super) async fn messages<'a>(
    namespace: &Namespace,
    messages: impl Iterator<Item = &'a Traced>,
    output: &mut Output,
) -> Result<()> {
    let mut numbers: Vec<i64> = messages.map(|message| message.head.global_position).collect();
    numbers.sort_unstable();
    let (terminal, mut unreadable) = (output.terminal, Unreadable::default());
    for number in numbers {
        // A message can have been deleted since.
        let Some(message) = namespace.message(number).await? else { continue };
        unreadable.see(&message);
        json::message(output.buffer(), &message, terminal);
        output.line_done()?;
    }
    output.finish()?;
    unreadable.print_report();
    Ok(())
}
