//! Arguments, then the screen or a subcommand.

fn main() {}
