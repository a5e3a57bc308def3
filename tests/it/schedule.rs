//! When posts go out: times in words and in all zones, queues, series.

mod dateutil;
mod queue;
mod series;
mod strict;
mod times;
