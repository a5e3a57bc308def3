//! Who a person is, beyond the membership: the passphrase that proves it.

pub mod passphrase;
pub mod proof;
