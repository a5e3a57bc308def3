//! The command line.

mod help;
mod story;
