//! Who a person is, beyond the membership: the passphrase that proves it, and how somebody becomes a member.

pub mod join;
mod known;
pub mod passphrase;
pub mod proof;
