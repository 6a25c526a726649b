//! stub
pub fn write(_: &mut Vec<u8>, _: &crate::message::Message) {}
