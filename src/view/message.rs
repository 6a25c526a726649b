//! stub
use super::theme::Theme; use crate::app::State; use ratatui::{Frame, layout::Rect};
pub fn draw(_: &mut Frame, _: Rect, _: &State, _: &Theme) {}
