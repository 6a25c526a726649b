//! Streams rows from the server, and cancels the query if the stream is dropped before its end. Buffers no rows of its
//! own.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::{BoxFuture, join};
use futures_util::{Stream, poll};
use tokio::time::Sleep;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, RowStream};

use super::error::QueryError;
use super::in_flight::{InFlight, SessionState};
use crate::store::error::Result;

/// A parameter of a statement, with the type to send it as.
pub type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Streamed rows, the commit of the transaction around them (if there is one), and the guard.
pub(super) struct RowsInner {
    /// `None` after the last row, because the stream must not be polled again.
    rows: Option<Pin<Box<RowStream>>>,
    commit: Option<BoxFuture<'static, Result<(), tokio_postgres::Error>>>,
    in_flight: Option<InFlight>,
    timeout: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
    state: Arc<SessionState>,
}

impl RowsInner {
    /// Sends a query. With an `opening`, sends it in a transaction of its own, all at once.
    pub(super) async fn start(
        state: &Arc<SessionState>,
        client: &Arc<Client>,
        opening: Option<&str>,
        timeout: Option<Duration>,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Self, QueryError> {
        let in_flight = InFlight::new(state);
        let query = client.query_typed_raw(sql, parameters.iter().map(|(value, kind)| (*value, kind.clone())));
        let (rows, commit) = if let Some(opening) = opening {
            // Each future sends at its first poll, so the three are sent in order without waiting for each other's
            // answers.
            let mut both = Box::pin(join(client.batch_execute(opening), query));
            let mut commit: BoxFuture<'static, _> = {
                let client = Arc::clone(client);
                Box::pin(async move { client.batch_execute("commit").await })
            };
            let first = poll!(both.as_mut());
            let early = poll!(commit.as_mut());
            let (begun, rows) = if let Poll::Ready(parts) = first { parts } else { both.await };
            let commit = if early.is_ready() { None } else { Some(commit) };
            (begun.and(rows), commit)
        } else {
            (query.await, None)
        };
        match rows {
            Ok(rows) => Ok(Self {
                rows: Some(Box::pin(rows)),
                commit,
                in_flight: Some(in_flight),
                timeout,
                timer: None,
                state: Arc::clone(state),
            }),
            Err(error) => {
                in_flight.settle(&error);
                Err(error.into())
            }
        }
    }

    pub(super) async fn collect(mut self) -> Result<Vec<Row>, QueryError> {
        // The caller applies the session's timeout to the whole collection.
        self.timeout = None;
        let mut rows = Vec::new();
        while let Some(row) = std::future::poll_fn(|context| self.poll_row(context)).await.transpose()? {
            rows.push(row);
        }
        Ok(rows)
    }

    fn poll_row(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Row, QueryError>>> {
        if self.in_flight.is_none() {
            return Poll::Ready(None);
        }
        let mut next = match &mut self.rows {
            Some(rows) => rows.as_mut().poll_next(context),
            None => Poll::Ready(None),
        };
        if matches!(next, Poll::Ready(None)) {
            self.rows = None;
            next = match self.commit.as_mut().map(|commit| commit.as_mut().poll(context)) {
                None | Some(Poll::Ready(Ok(()))) => Poll::Ready(None),
                Some(Poll::Ready(Err(error))) => Poll::Ready(Some(Err(error))),
                Some(Poll::Pending) => Poll::Pending,
            };
        }
        if next.is_pending() {
            return self.poll_timeout(context);
        }
        self.timer = None;
        let next = ready!(next);
        match &next {
            Some(Ok(_)) => self.in_flight.iter_mut().for_each(InFlight::answered),
            None => self.in_flight.take().into_iter().for_each(InFlight::finish),
            Some(Err(error)) => {
                if let Some(in_flight) = self.in_flight.take() {
                    in_flight.settle(error);
                }
            }
        }
        Poll::Ready(next.map(|row| row.map_err(QueryError::from)))
    }

    fn poll_timeout(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Row, QueryError>>> {
        let Some(timeout) = self.timeout else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(timer.as_mut().poll(context));
        self.in_flight = None;
        Poll::Ready(Some(Err(QueryError::TimedOut(timeout))))
    }
}

/// A stream of rows that borrows its session. Dropping it before its end cancels the query on the server.
pub struct Rows<'a> {
    rows: RowsInner,
    session: PhantomData<&'a ()>,
}

impl Rows<'_> {
    pub(super) fn new(rows: RowsInner) -> Self {
        Self { rows, session: PhantomData }
    }
}

impl Stream for Rows<'_> {
    type Item = Result<Row>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let rows = &mut self.get_mut().rows;
        rows.poll_row(context).map(|next| next.map(|row| row.map_err(|error| rows.state.store_error(&error))))
    }
}

/// A stream of rows that owns its session.
pub(super) struct OwnedRows<S> {
    // Dropped in this order, so that the guard marks the session before the session is returned.
    rows: Option<RowsInner>,
    session: Option<S>,
}

impl<S> OwnedRows<S> {
    pub(super) fn new(rows: RowsInner, session: S) -> Self {
        Self { rows: Some(rows), session: Some(session) }
    }
}

impl<S: Unpin> Stream for OwnedRows<S> {
    type Item = Result<Row>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(rows) = &mut self.rows else { return Poll::Ready(None) };
        let next = ready!(rows.poll_row(context));
        let next = next.map(|row| row.map_err(|error| rows.state.store_error(&error)));
        if !matches!(next, Some(Ok(_))) {
            self.rows = None;
            self.session = None;
        }
        Poll::Ready(next)
    }
}
