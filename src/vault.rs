//! Keys that never enter the database: sealing of network tokens, signing of confirmations and cursors, signing of
//! the audit log's heads, what a passphrase gives. Knows nothing of what it seals.

pub mod passphrase;

use chacha20poly1305::{
    XChaCha20Poly1305,
    aead::{Aead, KeyInit, Payload},
};
pub use ed25519_dalek::VerifyingKey as PublicKey;
use ed25519_dalek::{Signature, Signer, SigningKey};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, Result},
    ids::{AccountId, LetterId, WorkspaceId, fill_random},
};

const VERSION: u8 = 1;
const KEY_ID_LEN: usize = 8;
const NONCE_LEN: usize = 24;

/// The master key and what derives from it.
pub struct Vault {
    master: SecretSlice<u8>,
    key_id: [u8; KEY_ID_LEN],
    audit: SigningKey,
}

/// What a sealed value belongs to; it opens under no other.
#[derive(Debug, Clone, Copy)]
pub struct SealedFor {
    pub workspace: WorkspaceId,
    pub owner: Owner,
    pub field: &'static str,
}

/// Whose secret it is. The ids' prefixes keep one kind from passing as another.
#[derive(Debug, Clone, Copy)]
pub enum Owner {
    Account(AccountId),
    Letter(LetterId),
}

impl SealedFor {
    fn associated_data(&self) -> Vec<u8> {
        let (workspace, field) = (self.workspace, self.field);
        match self.owner {
            Owner::Account(account) => format!("allin/1|{workspace}|{account}|{field}"),
            Owner::Letter(letter) => format!("allin/1|{workspace}|{letter}|{field}"),
        }
        .into_bytes()
    }
}

impl Vault {
    /// `master` and `audit_seed` are 32 random bytes each.
    pub fn new(master: &[u8; 32], audit_seed: &[u8; 32]) -> Self {
        let mut key_id = [0; KEY_ID_LEN];
        key_id.copy_from_slice(&derive(master, b"key id")[..KEY_ID_LEN]);
        Self { master: SecretSlice::from(master.to_vec()), key_id, audit: SigningKey::from_bytes(audit_seed) }
    }

    /// Names the master key; safe to show.
    pub fn key_id(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.key_id)
    }

    /// A value that only this master key gives; kept in the database, so that a wrong key is refused at start.
    pub fn check_value(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.derived(b"key check"))
    }

    fn derived(&self, purpose: &[u8]) -> [u8; 32] {
        derive(self.master.expose_secret(), purpose)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.derived(b"seal").into())
    }

    /// Encrypts a secret for one place.
    pub fn seal(&self, place: SealedFor, secret: &SecretString) -> Result<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        fill_random(&mut nonce);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: &place.associated_data() };
        let sealed = self.cipher().encrypt(&nonce.into(), payload).map_err(|_| Error::internal("sealing failed"))?;
        let mut out = Vec::with_capacity(1 + KEY_ID_LEN + NONCE_LEN + sealed.len());
        out.push(VERSION);
        out.extend_from_slice(&self.key_id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// Decrypts what [`Vault::seal`] made for the same place under the same key.
    pub fn open(&self, place: SealedFor, sealed: &[u8]) -> Result<SecretString> {
        let broken = || {
            Error::operator("secret_unreadable", "A stored token cannot be opened with this installation's key.")
                .next("Restore the master key this database was used with, or connect the account again.")
        };
        let (version, rest) = sealed.split_first().ok_or_else(broken)?;
        let (key_id, rest) = rest.split_at_checked(KEY_ID_LEN).ok_or_else(broken)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE_LEN).ok_or_else(broken)?;
        if *version != VERSION || key_id != self.key_id {
            return Err(broken());
        }
        let nonce: [u8; NONCE_LEN] = nonce.try_into().map_err(|_| broken())?;
        let payload = Payload { msg: ciphertext, aad: &place.associated_data() };
        let plain = self.cipher().decrypt(&nonce.into(), payload).map_err(|_| broken())?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| broken())
    }

    /// Signs short-lived text for ourselves. `purpose` keeps one use from passing as another.
    pub fn sign(&self, purpose: &str, text: &[u8]) -> [u8; 32] {
        let mut mac = keyed(&self.derived(b"sign"));
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text);
        mac.finalize().into_bytes().into()
    }

    /// Checks [`Vault::sign`] in constant time.
    pub fn verify(&self, purpose: &str, text: &[u8], signature: &[u8]) -> bool {
        let mut mac = keyed(&self.derived(b"sign"));
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text);
        mac.verify_slice(signature).is_ok()
    }

    /// Signs what others can check: heads of the audit log, receipts. The text begins with what it is.
    pub fn attest(&self, text: &[u8]) -> [u8; 64] {
        self.audit.sign(text).to_bytes()
    }

    pub fn audit_key(&self) -> PublicKey {
        self.audit.verifying_key()
    }

    /// Names the audit key; safe to show.
    pub fn audit_key_id(&self) -> String {
        public_key_id(&self.audit_key())
    }
}

/// The name of the public half of an audit key.
pub fn public_key_id(key: &PublicKey) -> String {
    data_encoding::HEXLOWER.encode(&sha256(key.as_bytes())[..KEY_ID_LEN])
}

/// Reads a public key from its 32 bytes.
pub fn public_key(bytes: &[u8]) -> Option<PublicKey> {
    PublicKey::from_bytes(bytes.try_into().ok()?).ok()
}

/// Checks [`Vault::attest`].
pub fn attested(key: &PublicKey, text: &[u8], signature: &[u8]) -> bool {
    Signature::from_slice(signature).is_ok_and(|signature| key.verify_strict(text, &signature).is_ok())
}

/// The public half of the audit key that the home keeps as this secret.
pub fn public_half(secret: &SecretString) -> PublicKey {
    SigningKey::from_bytes(&sha256(secret.expose_secret().as_bytes())).verifying_key()
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("any length")
}

fn derive(master: &[u8], purpose: &[u8]) -> [u8; 32] {
    let mut mac = keyed(master);
    mac.update(b"allin/1/");
    mac.update(purpose);
    mac.finalize().into_bytes().into()
}

/// SHA-256, as the database keeps it.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A fresh bearer secret: `<prefix>_` and 43 characters that carry 256 bits.
pub fn new_token(prefix: &str) -> SecretString {
    let mut bytes = [0; 32];
    fill_random(&mut bytes);
    SecretString::from(format!("{prefix}_{}", data_encoding::BASE64URL_NOPAD.encode(&bytes)))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn place(field: &'static str) -> SealedFor {
        let owner = Owner::Account(AccountId(Uuid::from_u128(2)));
        SealedFor { workspace: WorkspaceId(Uuid::from_u128(1)), owner, field }
    }

    #[test]
    fn sealed_values_open_only_in_their_place_and_under_their_key() {
        let vault = Vault::new(&[7; 32], &[8; 32]);
        let sealed = vault.seal(place("credentials"), &SecretString::from("token")).expect("seal");
        assert!(!sealed.windows(5).any(|window| window == b"token"));
        assert_eq!(vault.open(place("credentials"), &sealed).expect("open").expose_secret(), "token");
        assert!(vault.open(place("other"), &sealed).is_err());
        let letter = SealedFor { owner: Owner::Letter(LetterId(Uuid::from_u128(2))), ..place("credentials") };
        assert!(vault.open(letter, &sealed).is_err());
        assert!(Vault::new(&[9; 32], &[8; 32]).open(place("credentials"), &sealed).is_err());
        for cut in 0..sealed.len() {
            assert!(vault.open(place("credentials"), &sealed[..cut]).is_err());
        }
        let mut changed = sealed.clone();
        *changed.last_mut().expect("byte") ^= 1;
        assert!(vault.open(place("credentials"), &changed).is_err());
    }

    #[test]
    fn signatures_hold_for_one_purpose() {
        let vault = Vault::new(&[7; 32], &[8; 32]);
        let signature = vault.sign("cursor", b"text");
        assert!(vault.verify("cursor", b"text", &signature));
        assert!(!vault.verify("confirmation", b"text", &signature));
        assert!(!vault.verify("cursor", b"texu", &signature));
    }
}
