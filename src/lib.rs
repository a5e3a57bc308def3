//! AllIN: plan, schedule and publish on social networks through the Model Context Protocol.
//!
//! Read downwards: each module knows only those above it.

pub mod app;
pub mod backup;
pub mod boot;
pub mod cli;
pub mod clients;
pub mod clock;
pub mod config;
pub mod documents;
pub mod error;
pub mod ids;
pub mod jobs;
pub mod mcp;
pub mod model;
pub mod pages;
pub mod platform;
pub mod resources;
pub mod rest;
pub mod sandbox;
pub mod store;
pub mod tools;
pub mod transport;
pub mod vault;
