//! The command line.

#[cfg(target_os = "linux")]
mod background;
mod help;
mod joining;
mod story;
