//! `streams --contains`: searches the names of streams step by step, prints what each step finds, and shows its
//! progress on a terminal. No step reads more than a bounded number of names.

use std::time::{Duration, Instant};

use super::{PAGE, stream};
use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::cli::output::table::Table;
use crate::cli::status_line::StatusLine;
use crate::cli::stderr;
use crate::message::StreamName;
use crate::numbers::{count, grouped};
use crate::pasteable::shell_word;
use crate::store::Namespace;
use crate::store::browse::{NamePart, StreamsOf};

/// The names in the first step, and the most in one step.
const FIRST: u32 = 1_000;
const MOST: u32 = 20_000;
/// A faster step is followed by a larger one.
const QUICK: Duration = Duration::from_millis(150);

/// What to search, and for what.
pub(super) struct Search<'a> {
    pub(super) of: &'a StreamsOf,
    pub(super) part: NamePart,
    pub(super) after: Option<StreamName>,
    pub(super) limit: usize,
}

/// Prints the streams whose names contain the text.
pub(super) async fn run(
    namespace: &Namespace,
    search: Search<'_>,
    mut table: Table,
    output: &mut Output,
) -> Result<()> {
    let Search { of, part, mut after, limit } = search;
    let status = StatusLine::new();
    let estimate =
        if status.is_shown() && *of == StreamsOf::Namespace { namespace.estimate_streams().await? } else { None };
    let (mut names, mut searched, mut found) = (FIRST, 0, 0);
    while found < limit {
        let begun = Instant::now();
        let step = namespace.streams_containing(of, &part, after.as_ref(), names, PAGE.min(limit - found)).await?;
        searched += step.searched;
        found += step.streams.len();
        after = step.next;
        if !step.streams.is_empty() {
            status.clear();
            for row in &step.streams {
                stream(row, &mut table, output)?;
            }
            table.flush(output, &mut |_| ())?;
            output.finish()?;
        }
        if after.is_none() {
            break;
        }
        status.draw(|| progress(searched, estimate, found));
        names = if begun.elapsed() < QUICK { (names * 2).min(MOST) } else { (names / 2).max(FIRST) };
    }
    status.clear();
    if let Some(last) = after {
        let after = shell_word(last.as_str()).map(|last| format!("--after {last} or ")).unwrap_or_default();
        let streams = count(found as u64, "stream");
        stderr::line(&format!(
            "streamscope: stopped after {streams} of {} searched, so more may follow; continue with {after}--limit -1",
            grouped(searched)
        ));
    } else if found == 0 {
        output.note(&format!("No match in {}", count(searched, "stream")));
    }
    Ok(())
}

fn progress(searched: u64, estimate: Option<u64>, found: usize) -> String {
    let total = estimate.filter(|estimate| *estimate > searched);
    let total = total.map(|total| format!(" of ~{}", grouped(total))).unwrap_or_default();
    format!("searched {}{total} streams, {} found", grouped(searched), grouped(found as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_never_claims_more_than_the_estimate() {
        assert_eq!(progress(120_000, Some(500_000), 3), "searched 120,000 of ~500,000 streams, 3 found");
        assert_eq!(progress(600_000, Some(500_000), 3), "searched 600,000 streams, 3 found");
        assert_eq!(progress(1_000, None, 0), "searched 1,000 streams, 0 found");
    }
}
