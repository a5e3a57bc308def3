//! Posts.
mod life;
