//! `allin serve` as programs and browsers meet it.

mod health;
mod keys;
mod pages;
mod upload;
