//! stub
pub mod links;
pub struct JsonProblem;
impl std::fmt::Display for JsonProblem { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
pub fn check(_: &str) -> Result<(), JsonProblem> { Ok(()) }
pub fn pretty(t: &str) -> String { t.to_owned() }
