//! The keys of a home, and how they travel: sealed under a key that a passphrase gives. Nobody without the passphrase
//! learns or changes them, nor can they be joined to another backup's data. Knows nothing of the file.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    XChaCha20Poly1305,
    aead::{Aead as _, KeyInit as _, Payload},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    error::{Error, Result},
    ids::fill_random,
    platform::Home,
    vault::{self, Vault},
};

/// Their names among the home's secrets.
pub(super) const MASTER: &str = "master.key";
pub(super) const AUDIT: &str = "audit.key";

/// Shortest passphrase for a new backup, in characters: the file can be attacked at leisure.
const PASSPHRASE_MIN: usize = 12;

/// RFC 9106, second recommended choice: 64 MiB, 3 passes, 4 lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// A file must not be able to take the machine's memory or an hour.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
const PASSES_MAX: u32 = 32;
const LANES_MAX: u32 = 64;

/// How the keys in a backup are wrapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrapping {
    /// `argon2id`.
    pub kdf: String,
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
    /// 16 bytes in hexadecimal.
    pub salt: String,
    /// `xchacha20poly1305`.
    pub cipher: String,
    /// 24 bytes in hexadecimal.
    pub nonce: String,
}

impl Wrapping {
    pub(super) fn new() -> Self {
        let (mut salt, mut nonce) = ([0_u8; 16], [0_u8; 24]);
        fill_random(&mut salt);
        fill_random(&mut nonce);
        Self {
            kdf: "argon2id".into(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: data_encoding::HEXLOWER.encode(&salt),
            cipher: "xchacha20poly1305".into(),
            nonce: data_encoding::HEXLOWER.encode(&nonce),
        }
    }

    fn cipher(&self, passphrase: &SecretString) -> Result<(XChaCha20Poly1305, [u8; 24])> {
        let known = self.kdf == "argon2id" && self.cipher == "xchacha20poly1305";
        if !known || self.memory_kib > MEMORY_KIB_MAX || self.passes > PASSES_MAX || self.lanes > LANES_MAX {
            return Err(unknown("out of bounds"));
        }
        let salt = data_encoding::HEXLOWER.decode(self.salt.as_bytes()).map_err(unknown)?;
        let nonce = data_encoding::HEXLOWER.decode(self.nonce.as_bytes()).map_err(unknown)?;
        let nonce = <[u8; 24]>::try_from(nonce).map_err(|_| unknown("a nonce of another length"))?;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|error| unknown(error.to_string()))?;
        let mut key = Zeroizing::new([0_u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose_secret().as_bytes(), &salt, key.as_mut())
            .map_err(|error| unknown(error.to_string()))?;
        Ok((XChaCha20Poly1305::new((&*key).into()), nonce))
    }
}

fn unknown(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::operator("backup_damaged", "The backup's keys are wrapped in a way this AllIN does not know.")
        .next("Restore it with a newer AllIN, or with --without-keys.")
        .because(cause)
}

/// What makes the sealed values of a database readable, and its audit log trustworthy.
pub struct Keys {
    pub(super) master: SecretString,
    pub(super) audit: SecretString,
}

#[derive(Serialize)]
struct Plain<'a> {
    master: &'a str,
    audit: &'a str,
}

#[derive(Deserialize)]
struct Opened {
    master: SecretString,
    audit: SecretString,
}

impl Keys {
    /// The home's; `None` when it has none yet. Makes none.
    pub fn read(home: &Home) -> Result<Option<Self>> {
        match (home.secret(MASTER)?, home.secret(AUDIT)?) {
            (Some(master), Some(audit)) => Ok(Some(Self { master, audit })),
            (None, None) => Ok(None),
            _ => {
                Err(Error::operator("key_missing", "The home has only one of its two keys, master.key and audit.key.")
                    .next("Put the missing file back into the home's secrets folder."))
            }
        }
    }

    /// The vault that the program makes of them.
    pub fn vault(&self) -> Vault {
        let key = |secret: &SecretString| vault::sha256(secret.expose_secret().as_bytes());
        Vault::new(&key(&self.master), &key(&self.audit))
    }

    /// Sealed together with `manifest`. Takes about half a second, on purpose.
    pub(super) fn wrap(&self, wrapping: &Wrapping, passphrase: &SecretString, manifest: &[u8]) -> Result<Vec<u8>> {
        let plain = Plain { master: self.master.expose_secret(), audit: self.audit.expose_secret() };
        let text = Zeroizing::new(serde_json::to_vec(&plain).map_err(Error::internal)?);
        let (cipher, nonce) = wrapping.cipher(passphrase)?;
        cipher
            .encrypt(&nonce.into(), Payload { msg: &text, aad: manifest })
            .map_err(|_| Error::internal("sealing the keys failed"))
    }

    /// Errors: `passphrase_wrong`, also when keys or manifest were changed.
    pub(super) fn unwrap(
        wrapping: &Wrapping,
        passphrase: &SecretString,
        manifest: &[u8],
        sealed: &[u8],
    ) -> Result<Self> {
        let (cipher, nonce) = wrapping.cipher(passphrase)?;
        let text = cipher.decrypt(&nonce.into(), Payload { msg: sealed, aad: manifest }).map_err(|_| {
            Error::invalid("passphrase_wrong", "The passphrase does not open this backup.")
                .next("Try again with the passphrase it was made with; or add --without-keys, and connect the accounts anew. Nothing was changed.")
        })?;
        let opened: Opened = serde_json::from_slice(&Zeroizing::new(text)).map_err(Error::internal)?;
        Ok(Self { master: opened.master, audit: opened.audit })
    }
}

/// Refuses what could be guessed.
pub(super) fn check_passphrase(passphrase: &SecretString) -> Result<()> {
    if passphrase.expose_secret().chars().count() >= PASSPHRASE_MIN {
        return Ok(());
    }
    Err(Error::invalid("passphrase_short", format!("The passphrase has fewer than {PASSPHRASE_MIN} characters."))
        .next("Take four or five random words, and keep them apart from the backup."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick() -> Wrapping {
        Wrapping { memory_kib: 64, passes: 1, lanes: 1, ..Wrapping::new() }
    }

    #[test]
    fn keys_open_with_their_passphrase_and_manifest_only() {
        let keys = Keys { master: "m".repeat(64).into(), audit: "a".repeat(64).into() };
        let (wrapping, passphrase) = (quick(), SecretString::from("correct horse battery"));
        let sealed = keys.wrap(&wrapping, &passphrase, b"manifest").unwrap();
        assert!(!sealed.windows(8).any(|window| window == b"mmmmmmmm"));
        let opened = Keys::unwrap(&wrapping, &passphrase, b"manifest", &sealed).unwrap();
        assert_eq!(opened.vault().key_id(), keys.vault().key_id());
        assert_eq!(opened.vault().audit_key_id(), keys.vault().audit_key_id());
        let code = |wrapping: &Wrapping, passphrase: &str, manifest: &[u8], sealed: &[u8]| {
            Keys::unwrap(wrapping, &passphrase.into(), manifest, sealed).err().map(|error| error.code())
        };
        let good = "correct horse battery";
        assert_eq!(code(&wrapping, "another", b"manifest", &sealed), Some("passphrase_wrong"));
        assert_eq!(code(&wrapping, good, b"manifesto", &sealed), Some("passphrase_wrong"));
        assert_eq!(code(&wrapping, good, b"manifest", &sealed[1..]), Some("passphrase_wrong"));
        let greedy = Wrapping { memory_kib: u32::MAX, ..wrapping };
        assert_eq!(code(&greedy, good, b"manifest", &sealed), Some("backup_damaged"));
    }

    #[test]
    fn short_passphrases_are_refused() {
        assert_eq!(check_passphrase(&"elevenchars".into()).unwrap_err().code(), "passphrase_short");
        check_passphrase(&"twelve chars".into()).unwrap();
    }
}
