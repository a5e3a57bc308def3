//! `allin serve` as programs and browsers meet it.

mod calendar;
mod health;
mod join;
mod keys;
mod pages;
mod upload;
