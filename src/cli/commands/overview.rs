//! The overview that is printed if there is neither a command nor a terminal: every category of every namespace. It
//! never opens a namespace that would run code of other roles.

use crate::cli::database::no_namespaces;
use crate::cli::error::Result;
use crate::cli::output::json::Object;
use crate::cli::output::table::{Column, Table};
use crate::cli::output::{Output, estimate};
use crate::store::{Store, StoreError};

pub(super) async fn run(store: &Store, output: &mut Output) -> Result<()> {
    let mut table = Table::new(&[Column::text("NAMESPACE"), Column::text("CATEGORY"), Column::number("MESSAGES")]);
    let namespaces = store.list().await?;
    if namespaces.is_empty() {
        output.note(&no_namespaces());
    }
    for (info, namespace) in &namespaces {
        let namespace = match namespace {
            Some(namespace) => Ok(namespace.clone()),
            None => store.namespace_unasked(&info.id).await,
        };
        let categories = match namespace {
            Err(error @ StoreError::NamespaceClosed { .. }) => {
                output.note(&error.to_string());
                continue;
            }
            namespace => namespace?.categories().await?,
        };
        for row in categories {
            if output.is_json() {
                Object::begin(output.buffer())
                    .string("namespace", &info.id)
                    .string("category", row.category.as_str())
                    .number_or_null("estimate", row.estimate)
                    .end();
                output.line_done()?;
            } else {
                table.row(output, &[&info.id, row.category.as_str(), &estimate(row.estimate)])?;
            }
        }
    }
    Ok(table.finish(output)?)
}
