//! Starts the program, which is in the library.

use std::process::ExitCode;

fn main() -> color_eyre::eyre::Result<ExitCode> {
    streamscope::program::main()
}
