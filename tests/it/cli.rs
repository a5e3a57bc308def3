//! The command line.

#[cfg(target_os = "linux")]
mod alone;
#[cfg(target_os = "linux")]
mod background;
mod crisis;
mod help;
mod joining;
mod privacy;
mod story;
