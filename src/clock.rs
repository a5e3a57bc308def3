//! Time as the rest of the program sees it: instants with microseconds, and a clock that tests can move.
//! Nothing else in the crate may ask the operating system for the time (`clippy.toml` enforces it).

use std::{
    borrow::Cow,
    fmt,
    str::FromStr,
    sync::{Arc, Mutex},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef},
};

use crate::error::Error;

/// An instant in UTC with the resolution of PostgreSQL's `timestamptz`, microseconds. On the wire: RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Truncates to microseconds.
    pub fn new(instant: jiff::Timestamp) -> Self {
        Self(jiff::Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn from_micros(micros: i64) -> Result<Self, Error> {
        jiff::Timestamp::from_microsecond(micros).map(Self).map_err(|error| {
            Error::invalid("time_out_of_range", "That instant is outside the years -9999 to 9999.").because(error)
        })
    }

    pub fn as_micros(self) -> i64 {
        self.0.as_microsecond()
    }

    pub fn jiff(self) -> jiff::Timestamp {
        self.0
    }

    pub fn in_zone(self, zone: &jiff::tz::TimeZone) -> jiff::Zoned {
        self.0.to_zoned(zone.clone())
    }

    /// Adds a signed number of milliseconds, stopping at the ends of the calendar.
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(jiff::SignedDuration::from_millis(millis)).unwrap_or(self.0))
    }

    pub fn plus_secs(self, secs: i64) -> Self {
        self.plus_millis(secs.saturating_mul(1000))
    }

    /// `self - earlier` in milliseconds; negative when `earlier` is later.
    pub fn millis_since(self, earlier: Self) -> i64 {
        (self.as_micros() - earlier.as_micros()) / 1000
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse::<jiff::Timestamp>().map(Self::new).map_err(|error| {
            Error::invalid(
                "time_malformed",
                format!("`{text}` is not an RFC 3339 instant such as 2026-12-01T09:00:00Z."),
            )
            .because(error)
        })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(|error: Error| serde::de::Error::custom(error.message()))
    }
}

impl JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// PostgreSQL counts microseconds from 2000-01-01T00:00:00Z.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

impl Type<Postgres> for Timestamp {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("TIMESTAMPTZ")
    }
}

impl PgHasArrayType for Timestamp {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("_TIMESTAMPTZ")
    }
}

impl Encode<'_, Postgres> for Timestamp {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode_by_ref(&(self.as_micros() - POSTGRES_EPOCH_MICROS), buffer)
    }
}

impl Decode<'_, Postgres> for Timestamp {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.format() {
            sqlx::postgres::PgValueFormat::Binary => {
                let micros: i64 = Decode::<Postgres>::decode(value)?;
                Ok(Self(jiff::Timestamp::from_microsecond(micros.saturating_add(POSTGRES_EPOCH_MICROS))?))
            }
            sqlx::postgres::PgValueFormat::Text => {
                // `2026-11-23 17:25:36.5+00`: only met in unprepared queries.
                Ok(Self::new(value.as_str()?.parse()?))
            }
        }
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;

    /// Milliseconds on a clock that never jumps and counts the time a machine is suspended. Its zero means nothing.
    fn boot_millis(&self) -> u64;
}

/// The machine's clocks.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's time")]
    fn now(&self) -> Timestamp {
        Timestamp::new(jiff::Timestamp::now())
    }

    fn boot_millis(&self) -> u64 {
        boot_millis()
    }
}

#[cfg(target_os = "linux")]
fn boot_millis() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}

/// Elsewhere the wall clock stands in: it also runs on while the machine sleeps, though it can be set.
#[cfg(not(target_os = "linux"))]
fn boot_millis() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0)
}

/// A clock that stands still until it is moved.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: Arc<Mutex<Timestamp>>,
}

impl ManualClock {
    pub fn at(start: Timestamp) -> Self {
        Self { now: Arc::new(Mutex::new(start)) }
    }

    pub fn set(&self, instant: Timestamp) {
        *self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = instant;
    }

    pub fn advance_secs(&self, secs: i64) {
        let mut now = self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = now.plus_secs(secs);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn boot_millis(&self) -> u64 {
        u64::try_from(self.now().as_micros() / 1000).unwrap_or(0)
    }
}
