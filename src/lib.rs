//! AllIN: plan, schedule and publish on social networks through the Model Context Protocol.
//!
//! Read downwards: each module knows only those above it.

pub mod error;
pub mod clock;
pub mod ids;
pub mod vault;
pub mod model;
pub mod store;
pub mod clients;
pub mod app;
pub mod tools;
pub mod resources;
pub mod transport;
pub mod mcp;
pub mod jobs;
pub mod pages;
pub mod rest;
pub mod sandbox;
pub mod platform;
pub mod backup;
pub mod config;
pub mod boot;
pub mod cli;
