//! stub
use super::*; use crate::message::*; use jiff::Timestamp; use super::browse::Scope;
#[derive(Debug, Clone, Copy, PartialEq, Eq)] pub enum TailFrom { Now, Start, After(GlobalPosition) }
#[derive(Debug, Clone, Copy, PartialEq, Eq)] pub enum Settling { ShowAtOnce, HoldBack }
#[derive(Debug, Clone)] pub struct TailOptions { pub scope: Scope, pub from: TailFrom, pub settling: Settling, pub batch: usize }
#[derive(Debug, Clone)] pub struct Tailed<M> { pub message: M, pub late: bool }
#[derive(Debug, Clone)] pub struct Holder { pub pid: Option<i32>, pub since: Timestamp }
#[derive(Debug, Clone)] pub struct TailBatch<M> { pub messages: Vec<Tailed<M>>, pub complete_to: GlobalPosition, pub last_value: GlobalPosition, pub waiting_for: Vec<Holder>, pub server_time: Timestamp, pub standby: bool }
pub struct Tail<M>(M);
impl<M> Tail<M> { pub async fn next(&mut self) -> Result<TailBatch<M>> { todo!() } }
impl Namespace { pub fn tail_heads(&self, _: TailOptions) -> Tail<MessageHead> { todo!() } }
