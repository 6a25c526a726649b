//! stub
use super::Effect; use crate::message::*; use crate::store::StoreError;
#[derive(Debug, Default)] pub struct MessagePane;
impl MessagePane {
 pub fn toggle(&mut self) -> Vec<Effect> { vec![] } pub fn fold_all(&mut self) -> Vec<Effect> { vec![] } pub fn unfold_all(&mut self) -> Vec<Effect> { vec![] } pub fn next_form(&mut self) -> Vec<Effect> { vec![] }
 pub fn fail(&mut self, _: &StoreError) {} pub fn step(&mut self, _: isize) {} pub fn reveal(&mut self, _: usize) {} pub fn show(&mut self, _: &str, _: Option<MessageHead>) -> bool { false }
 pub fn awaited(&self) -> Option<i64> { None } pub fn forget(&mut self) {} pub fn selected(&self) -> usize { 0 } pub fn select(&mut self, _: usize) {} pub fn clear_search(&mut self) {}
 pub fn find(&mut self, _: &str, _: usize) -> (usize, usize) { (0,0) } pub fn find_again(&mut self, _: &str, _: bool) -> (usize, usize) { (0,0) } pub fn whole(&self) -> Option<&Message> { None }
 pub fn selected_value(&self) -> Option<String> { None } pub fn selected_path(&self) -> Option<String> { None } pub fn click(&mut self, _: usize) {}
}
impl super::State { pub fn collapse(&mut self) -> Vec<Effect> { vec![] } pub fn expand(&mut self) -> Vec<Effect> { vec![] } pub fn edit_shown(&mut self) -> Vec<Effect> { vec![] } pub fn message_arrived(&mut self, _: Option<Box<Message>>) -> Vec<Effect> { vec![] } pub fn open_link(&mut self) -> Vec<Effect> { vec![] } }
