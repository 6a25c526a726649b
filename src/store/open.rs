//! Lists and opens namespaces. Unless the user has chosen a namespace by name, nothing here calls code that belongs to
//! it.

use super::registry::{self, Candidate, LostNamespace, Survey};
use super::session::Session;
use super::{Namespace, NamespaceInfo, Result, Store, StoreError};

impl Store {
    pub(super) async fn session(&self) -> Result<Session> {
        Ok(self.sessions.acquire().await?.with_system_path())
    }

    /// Lists all namespaces by ID: those in the registry, and every other schema that contains a message store. Calls
    /// no code that belongs to a namespace.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn namespaces(&self) -> Result<Vec<NamespaceInfo>> {
        Ok(self.list().await?.into_iter().map(|(info, _)| info).collect())
    }

    /// Lists all namespaces, and the registry's entries whose schema no longer exists.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn survey(&self) -> Result<(Vec<NamespaceInfo>, Vec<LostNamespace>)> {
        let session = self.session().await?;
        let Survey { candidates, lost, .. } = registry::survey(&session, None).await?;
        Ok((candidates.into_iter().map(|candidate| candidate.info).collect(), lost))
    }

    /// Lists all namespaces. If there are only a few, each comes with an open [`Namespace`], unless opening it needs an
    /// explicit choice. Open the others with [`Store::namespace_unasked`].
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn list(&self) -> Result<Vec<(NamespaceInfo, Option<Namespace>)>> {
        let session = self.session().await?;
        let found = registry::find(&session, None).await?;
        let opened = |candidate: Candidate| (candidate.info.clone(), self.open_unasked(candidate).ok());
        Ok(found.into_iter().map(opened).collect())
    }

    /// Opens a namespace by its ID, or by its schema's name if no ID matches, in one round trip. By choosing the
    /// namespace explicitly, the caller accepts that reading it may call its owner's code: see `docs/guarantees.md`.
    ///
    /// # Errors
    /// [`StoreError::NamespaceNotFound`] or [`StoreError::NamespaceClosed`], or any error from the server.
    pub async fn namespace(&self, id: &str) -> Result<Namespace> {
        self.open(self.look_for(id).await?)
    }

    /// Opens a namespace that the user has not chosen explicitly. It stays closed if reading it would call anything but
    /// built-in functions.
    ///
    /// # Errors
    /// As [`Store::namespace`].
    pub async fn namespace_unasked(&self, id: &str) -> Result<Namespace> {
        self.open_unasked(self.look_for(id).await?)
    }

    /// Opens the only namespace, with the rules of [`Store::namespace_unasked`], in one round trip. If there are none
    /// or several, the inner error is their list.
    ///
    /// # Errors
    /// [`StoreError::NamespaceClosed`], or any error from the server.
    pub async fn only_namespace(&self) -> Result<Result<Namespace, Vec<NamespaceInfo>>> {
        let session = self.session().await?;
        let mut found = registry::find(&session, None).await?;
        match found.pop() {
            Some(only) if found.is_empty() => self.open_unasked(only).map(Ok),
            last => Ok(Err(found.into_iter().chain(last).map(|candidate| candidate.info).collect())),
        }
    }

    async fn look_for(&self, id: &str) -> Result<Candidate> {
        let missing = || StoreError::NamespaceNotFound(id.to_owned());
        if id.is_empty() || id.contains('\0') {
            return Err(missing());
        }
        let session = self.session().await?;
        let Survey { candidates, unread, .. } = registry::survey(&session, Some(id)).await?;
        candidates.into_iter().next().ok_or_else(|| match unread {
            // It may be in the registry.
            Some(reason) => StoreError::NamespaceClosed { id: id.to_owned(), reason },
            None => missing(),
        })
    }

    fn open(&self, candidate: Candidate) -> Result<Namespace> {
        let Candidate { info, shape } = candidate;
        match (&info.closed, shape) {
            (None, Some(shape)) => Ok(Namespace::new(&self.sessions, info, shape)),
            (closed, _) => {
                let reason = closed.clone().unwrap_or_else(|| "its table messages cannot be read".to_owned());
                Err(StoreError::NamespaceClosed { id: info.id, reason })
            }
        }
    }

    fn open_unasked(&self, candidate: Candidate) -> Result<Namespace> {
        let Candidate { info, shape } = &candidate;
        match (&info.caution, shape) {
            (Some(caution), Some(shape)) if info.closed.is_none() && !shape.calls.is_empty() => {
                let reason = format!("{caution}. If you trust its owner, name it with -n");
                Err(StoreError::NamespaceClosed { id: info.id.clone(), reason })
            }
            _ => self.open(candidate),
        }
    }
}
