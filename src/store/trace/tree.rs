//! The tree of a trace: every message after its cause, siblings by global position. Does no I/O and does not recurse,
//! because a chain can be thousands of messages long.

use std::collections::HashMap;

use super::{Links, Trace, Traced};

/// A message in the tree.
#[derive(Debug, Clone, Copy)]
pub struct Branch<'a> {
    /// The message.
    pub message: &'a Traced,
    /// Its cause. `None` for the root.
    pub cause: Option<&'a Traced>,
    /// The convention that links it to its cause.
    pub link: Option<&'a str>,
    /// Its distance from the root.
    pub depth: usize,
    /// Whether the trace began with it.
    pub is_start: bool,
}

impl Trace {
    /// Returns the messages found so far in the order of the tree, from the root to all effects.
    #[must_use]
    pub fn tree(&self) -> Vec<Branch<'_>> {
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            if let Some((cause, _)) = &node.cause {
                children[*cause].push(index);
            }
        }
        for siblings in &mut children {
            // Reversed, because the last one pushed is visited first.
            siblings.sort_by_key(|child| std::cmp::Reverse(self.nodes[*child].traced.head.global_position));
        }
        let mut tree = Vec::with_capacity(self.nodes.len());
        let mut waiting = vec![(self.root, 0)];
        while let Some((index, depth)) = waiting.pop() {
            let node = &self.nodes[index];
            tree.push(Branch {
                message: &node.traced,
                cause: node.cause.as_ref().map(|(cause, _)| &self.nodes[*cause].traced),
                link: node.cause.as_ref().map(|(_, link)| link.as_str()),
                depth,
                is_start: index == 0,
            });
            waiting.extend(children[index].iter().map(|child| (*child, depth + 1)));
        }
        tree
    }
}

/// Returns the index of the cause of each message, if it is among the messages.
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "only the screen and the commands use it"))]
pub(crate) fn causes(messages: &[Traced], links: &Links) -> Vec<Option<usize>> {
    let mut named: HashMap<String, usize> = HashMap::new();
    for (index, message) in messages.iter().enumerate() {
        for key in links.names_of(message) {
            named.entry(key).or_insert(index);
        }
    }
    let cause = |message: &Traced| links.cause(message.metadata.as_deref()?);
    messages
        .iter()
        .map(|message| cause(message).and_then(|cause| named.get(&links.name(&cause.reference)).copied()))
        .collect()
}
