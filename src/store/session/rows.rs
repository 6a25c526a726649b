//! Rows on their way from the server, and the watch over them: whoever drops them before their end has the query cancelled.
//! Never collects more than it is asked for.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::{BoxFuture, join};
use futures_util::{Stream, poll};
use tokio::time::Sleep;
use tokio_postgres::{Client, Row, RowStream};

use super::{CANCEL_LIMIT, Parameter, QueryError, Session, State};
use crate::store::Result;

/// A statement that the server has not finished. Dropped before it is settled, it is cancelled.
#[derive(Debug)]
pub(super) struct InFlight {
    state: Option<Arc<State>>,
}

impl InFlight {
    pub(super) fn new(state: &Arc<State>) -> Self {
        Self { state: Some(Arc::clone(state)) }
    }

    /// The statement came to its end.
    pub(super) fn finish(mut self) {
        self.state = None;
    }

    /// The server's error ends a statement too; any other one leaves it unfinished.
    pub(super) fn settle(self, error: &tokio_postgres::Error) {
        if error.as_db_error().is_some() {
            self.finish();
        }
    }

    /// The same with an error that is passed on.
    pub(super) fn ended_by(self, error: QueryError) -> QueryError {
        if let QueryError::Postgres(error) = &error {
            self.settle(error);
        }
        error
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let Some(state) = self.state.take() else { return };
        state.abandoned.store(true, Ordering::Relaxed);
        let canceller = state.canceller.clone();
        if let (Some(canceller), Ok(runtime)) = (canceller, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { canceller.cancel(CANCEL_LIMIT).await });
        }
    }
}

/// Rows, the end of the transaction around them (where there is one), and the watch.
pub(super) struct RowsInner {
    /// None after the last one: the stream must not be asked again.
    rows: Option<Pin<Box<RowStream>>>,
    commit: Option<BoxFuture<'static, Result<(), tokio_postgres::Error>>>,
    in_flight: Option<InFlight>,
    limit: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
    state: Arc<State>,
}

impl RowsInner {
    /// Sends a query; with an `opening` in a transaction of its own that begins so, all in one go.
    pub(super) async fn start(
        state: &Arc<State>,
        client: &Arc<Client>,
        opening: Option<&str>,
        limit: Option<Duration>,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Self, QueryError> {
        let in_flight = InFlight::new(state);
        let query = client.query_typed_raw(sql, parameters.iter().map(|(value, kind)| (*value, kind.clone())));
        let (rows, commit) = if let Some(opening) = opening {
            // Each future sends at its first poll: the three go out in order, and none waits for another's answer.
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
                limit,
                timer: None,
                state: Arc::clone(state),
            }),
            Err(error) => {
                in_flight.settle(&error);
                Err(error.into())
            }
        }
    }

    /// All rows that are left.
    pub(super) async fn collect(mut self) -> Result<Vec<Row>, QueryError> {
        // The session's limit lies around the whole of this.
        self.limit = None;
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
            return self.poll_limit(context);
        }
        self.timer = None;
        let next = ready!(next);
        match &next {
            Some(Ok(_)) => {}
            None => self.in_flight.take().into_iter().for_each(InFlight::finish),
            Some(Err(error)) => {
                if let Some(in_flight) = self.in_flight.take() {
                    in_flight.settle(error);
                }
            }
        }
        Poll::Ready(next.map(|row| row.map_err(QueryError::from)))
    }

    fn poll_limit(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Row, QueryError>>> {
        let Some(limit) = self.limit else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(timer.as_mut().poll(context));
        self.in_flight = None;
        Poll::Ready(Some(Err(QueryError::TimedOut(limit))))
    }
}

/// Rows of a session, as they arrive.
pub struct Rows<'a> {
    rows: RowsInner,
    session: PhantomData<&'a Session>,
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

/// Rows with the session that they come from.
pub(super) struct OwnedRows {
    // Dropped in this order: the watch marks the session before it goes back.
    rows: Option<RowsInner>,
    session: Option<Session>,
}

impl OwnedRows {
    pub(super) fn new(rows: RowsInner, session: Session) -> Self {
        Self { rows: Some(rows), session: Some(session) }
    }
}

impl Stream for OwnedRows {
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
