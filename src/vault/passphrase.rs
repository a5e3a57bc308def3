//! The key that a person's passphrase gives. The passphrase is kept nowhere, and neither is the key: what is stored is
//! the public half, which tells a right passphrase from a wrong one and checks what was signed.

use argon2::{Algorithm, Argon2, Params, Version};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use secrecy::{ExposeSecret as _, SecretString};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// RFC 9106, second recommended choice with one lane: 64 MiB, 3 passes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// Shortest passphrase, in characters.
pub const PASSPHRASE_MIN: usize = 10;
/// Longest, in bytes.
const PASSPHRASE_MAX: usize = 1000;

/// Signs for a person, for as long as a call takes.
pub struct PersonKey(SigningKey);

impl PersonKey {
    /// Takes about a tenth of a second and 64 MiB: never on a thread that others wait for.
    pub fn derive(passphrase: &SecretString, salt: &[u8]) -> Result<Self> {
        // The same text typed on another keyboard may come in another composition (RFC 8265).
        let text = Zeroizing::new(passphrase.expose_secret().nfc().collect::<String>());
        let params =
            Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(|error| Error::internal(error.to_string()))?;
        let mut seed = Zeroizing::new([0_u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(text.as_bytes(), salt, seed.as_mut())
            .map_err(|error| Error::internal(error.to_string()))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text).to_bytes()
    }
}

/// Whether whoever holds the key of `public` signed this.
pub fn signed_by(public: &[u8], text: &[u8], signature: &[u8]) -> bool {
    let key = public.try_into().ok().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
    let signature = Signature::from_slice(signature).ok();
    key.zip(signature).is_some_and(|(key, signature)| key.verify_strict(text, &signature).is_ok())
}

/// Refuses what is too easily guessed.
pub fn check_passphrase(passphrase: &SecretString) -> Result<()> {
    let text = passphrase.expose_secret();
    let mut kinds: Vec<char> = text.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    if text.chars().count() >= PASSPHRASE_MIN && text.len() <= PASSPHRASE_MAX && kinds.len() >= 5 {
        return Ok(());
    }
    Err(Error::invalid(
        "passphrase_weak",
        format!("A passphrase has at least {PASSPHRASE_MIN} characters, five of them different, and at most {PASSPHRASE_MAX} bytes."),
    )
    .next("Take a sentence or several words that nobody else would put together.")
    .field("passphrase", "is too short or too simple"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_give_the_same_key_and_nothing_else_does() {
        let key = |text: &str, salt: u8| PersonKey::derive(&SecretString::from(text), &[salt; 16]).expect("a key");
        let first = key("grüne Äpfel im Schnee", 1);
        assert_eq!(first.public(), key("gru\u{308}ne A\u{308}pfel im Schnee", 1).public());
        assert_ne!(first.public(), key("grüne Äpfel im Schnee", 2).public());
        assert_ne!(first.public(), key("grüne Äpfel im Schnee ", 1).public());
        let signature = first.sign(b"text");
        assert!(signed_by(&first.public(), b"text", &signature));
        assert!(!signed_by(&first.public(), b"texu", &signature));
        assert!(!signed_by(&key("another one, longer", 1).public(), b"text", &signature));
        assert!(!signed_by(&[1], b"text", &signature) && !signed_by(&first.public(), b"text", &[0; 3]));
    }

    #[test]
    fn what_is_easily_guessed_is_refused() {
        let check = |text: &str| check_passphrase(&SecretString::from(text)).is_ok();
        assert!(check("apple tree in snow"));
        assert!(!check("short") && !check("aaaaaaaaaaaaaaaa") && !check(&"ab cd ef ".repeat(200)));
    }
}
