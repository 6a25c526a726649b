//! stub
pub struct SafeText(String);
impl SafeText { pub fn line(t: &str) -> Self { Self(t.to_owned()) } pub fn cut(&self, w: usize) -> Self { Self(self.0.chars().take(w).collect()) } pub fn as_str(&self) -> &str { &self.0 } pub fn width(&self) -> usize { self.0.chars().count() } }
