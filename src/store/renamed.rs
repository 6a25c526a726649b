//! Refuses writes through functions that name another schema. The functions of our own namespaces contain the schema's
//! name, so after a rename they fail, or write to the schema that took the old name.

use super::{Flavour, Namespace, Result, StoreError, schema};
use crate::invocation::suggested;

impl Namespace {
    /// Fails if the schema was renamed and its functions still use the old name.
    pub(super) async fn refuse_if_renamed(&self) -> Result<()> {
        // Only a renamed namespace and one of an older version are outdated, so the others cost no round trip. It may
        // have been repaired since it was opened.
        if self.info().flavour != Flavour::Streamscope || !self.info().outdated {
            return Ok(());
        }
        self.renamed().await?.map_or(Ok(()), Err)
    }

    /// Returns the error for a schema that has another name now, or that was renamed before this namespace was opened.
    pub(super) async fn renamed(&self) -> Result<Option<StoreError>> {
        let info = self.info();
        let session = self.session().await?;
        if !schema::exists(&session, &info.schema).await? {
            return Ok(Some(StoreError::NamespaceNotFound(info.id.clone())));
        }
        Ok(schema::old_name(&session, &info.schema).await?.map(|former| StoreError::SchemaRenamed {
            schema: info.schema.clone(),
            former,
            repair: suggested(&["ns", "migrate"], Some(&info.id), &[]),
        }))
    }
}
