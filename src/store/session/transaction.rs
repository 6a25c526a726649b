//! Explicit transactions, which are rolled back unless they are committed, and the `COPY` commands, which exist only
//! inside them.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{join_all, join3};
use futures_util::{FutureExt as _, SinkExt as _, Stream};
use tokio_postgres::{CopyInSink, CopyOutStream, Row, Statement};

use super::active::Session;
use super::error::QueryError;
use super::in_flight::InFlight;
use super::rows::Parameter;
use crate::store::error::Result;

/// Writing relies on each statement seeing everything that was committed before it. Databases and roles can have
/// another default.
const READ_COMMITTED: &str = "begin isolation level read committed";

/// An open transaction, which dereferences to its session. Dropping it rolls it back unless it is committed.
#[derive(Debug)]
pub struct Transaction<'a> {
    session: &'a mut Session,
    open: bool,
}

impl Session {
    /// Begins a transaction, read-only if the store is. Its isolation level is always `read committed`, because a query
    /// after a wait for a lock must see what the lock's holder committed.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn begin(&mut self) -> Result<Transaction<'_>> {
        if self.is_read_only() {
            return self.begin_with("begin isolation level read committed read only").await;
        }
        self.begin_with(READ_COMMITTED).await
    }

    /// Begins a read-only transaction in which all queries see the same snapshot.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn begin_snapshot(&mut self) -> Result<Transaction<'_>> {
        self.begin_with("begin isolation level repeatable read read only").await
    }

    /// Runs a few statements in one `read committed` transaction and returns the rows of each. Everything is sent at
    /// once, in one round trip. The first error is returned and undoes everything.
    pub(in crate::store) async fn run_together(
        &self,
        statements: &[(&str, &[Parameter<'_>])],
    ) -> Result<Vec<Vec<Row>>, QueryError> {
        self.within(async {
            let in_flight = InFlight::new(&self.state);
            let client = self.client();
            let queries = statements.iter().map(|(sql, parameters)| client.query_typed(sql, parameters));
            // The futures are polled, and so sent, in this order, without waiting for each other's answers.
            let parts = join3(client.batch_execute(READ_COMMITTED), join_all(queries), client.batch_execute("commit"));
            let (begun, answers, committed) = parts.await;
            let answers = begun.and_then(|()| answers.into_iter().collect::<Result<_, _>>());
            let done = answers.and_then(|rows| committed.map(|()| rows));
            match &done {
                Ok(_) => in_flight.finish(),
                Err(error) => in_flight.settle(error),
            }
            Ok(done?)
        })
        .await
    }

    async fn begin_with(&mut self, sql: &str) -> Result<Transaction<'_>> {
        // Set first, so that the statement is not wrapped in a transaction, and dropping this future closes the
        // connection.
        self.state.in_transaction.store(true, Ordering::Relaxed);
        let settings = self.planning.settings(self.connection().version);
        let reading = self.settings_for_reading();
        let transaction = Transaction { session: self, open: true };
        transaction.batch(&format!("{sql}; {settings}; {reading}")).await?;
        Ok(transaction)
    }
}

impl Transaction<'_> {
    /// Sets the timeout of later statements, like [`Session::set_timeout`].
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.session.set_timeout(timeout);
    }

    /// Commits and waits for the server's answer.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE. After [`crate::store::StoreError::Unavailable`] it is unknown whether
    /// the transaction was committed.
    pub async fn commit(mut self) -> Result<()> {
        self.session.batch("commit").await?;
        self.close();
        Ok(())
    }

    /// Rolls back and waits for the server's answer.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn rollback(mut self) -> Result<()> {
        self.session.batch("rollback").await?;
        self.close();
        Ok(())
    }

    fn close(&mut self) {
        self.open = false;
        self.session.state.in_transaction.store(false, Ordering::Relaxed);
    }

    /// Prepares `COPY … FROM STDIN`. Errors are the server's original ones.
    ///
    /// The statement borrows the transaction, because tokio-postgres prepares it by name: the name is released before a
    /// pooler can hand the server connection to another client.
    pub(in crate::store) async fn prepare_copy(&self, sql: &str) -> Result<CopyStatement<'_>, QueryError> {
        let in_flight = InFlight::new(&self.session.state);
        match self.session.within(async { Ok(self.session.client().prepare(sql).await?) }).await {
            Ok(statement) => {
                in_flight.finish();
                Ok(CopyStatement { statement, transaction: self })
            }
            Err(error) => Err(in_flight.ended_by(error)),
        }
    }

    /// Starts `COPY … TO STDOUT` and streams its bytes. Dropping the stream before its end cancels the copy.
    ///
    /// # Errors
    /// The server's error, mapped by SQLSTATE.
    pub async fn copy_out(&self, sql: &str) -> Result<CopyOut<'_>> {
        let mut in_flight = InFlight::new(&self.session.state);
        match self.session.client().copy_out(sql).await {
            Ok(bytes) => {
                in_flight.answered();
                Ok(CopyOut { bytes: Box::pin(bytes), in_flight: Some(in_flight), session: self.session })
            }
            Err(error) => {
                in_flight.settle(&error);
                Err(self.session.store_error(&error.into()))
            }
        }
    }
}

impl Deref for Transaction<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        // One poll sends the statement; tokio-postgres skips its answer.
        let _ = self.session.client().batch_execute("rollback").now_or_never();
        self.close();
    }
}

/// A prepared `COPY … FROM STDIN`.
pub(in crate::store) struct CopyStatement<'a> {
    statement: Statement,
    pub(in crate::store) transaction: &'a Transaction<'a>,
}

impl<'a> CopyStatement<'a> {
    /// Starts the copy. The returned sink must be finished. Errors are the server's original ones.
    pub(in crate::store) async fn start(&self) -> Result<CopyIn<'a>, QueryError> {
        let session: &Session = self.transaction.session;
        let mut in_flight = InFlight::new(&session.state);
        match session.within(async { Ok(session.client().copy_in(&self.statement).await?) }).await {
            Ok(sink) => {
                in_flight.answered();
                Ok(CopyIn { sink: Box::pin(sink), in_flight, session })
            }
            Err(error) => Err(in_flight.ended_by(error)),
        }
    }
}

/// The sink of `COPY … FROM STDIN`. Dropping it before it is finished cancels the copy on the server and undoes it.
pub(in crate::store) struct CopyIn<'a> {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    in_flight: InFlight,
    session: &'a Session,
}

impl CopyIn<'_> {
    pub(in crate::store) async fn send(&mut self, bytes: Bytes) -> Result<(), QueryError> {
        self.session.within(async { Ok(self.sink.feed(bytes).await?) }).await
    }

    /// Ends the copy, waits for the server, and returns the number of stored rows.
    pub(in crate::store) async fn finish(self) -> Result<u64, QueryError> {
        let Self { mut sink, in_flight, session } = self;
        match session.within(async { Ok(sink.as_mut().finish().await?) }).await {
            Ok(rows) => {
                in_flight.finish();
                Ok(rows)
            }
            Err(error) => Err(in_flight.ended_by(error)),
        }
    }
}

/// The bytes of `COPY … TO STDOUT`, as they arrive.
pub struct CopyOut<'a> {
    bytes: Pin<Box<CopyOutStream>>,
    in_flight: Option<InFlight>,
    session: &'a Session,
}

impl Stream for CopyOut<'_> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.in_flight.is_none() {
            return Poll::Ready(None);
        }
        let next = ready!(self.bytes.as_mut().poll_next(context));
        match (&next, self.in_flight.take()) {
            (Some(Ok(_)), in_flight) => self.in_flight = in_flight,
            (Some(Err(error)), Some(in_flight)) => in_flight.settle(error),
            (None, Some(in_flight)) => in_flight.finish(),
            (_, None) => {}
        }
        let session = self.session;
        Poll::Ready(next.map(|bytes| bytes.map_err(|error| session.store_error(&QueryError::from(error)))))
    }
}
