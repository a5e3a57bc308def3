//! `allin serve` as programs and browsers meet it.

mod calendar;
mod health;
mod keys;
mod pages;
mod upload;
