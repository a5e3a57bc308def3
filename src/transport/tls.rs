//! The server's own TLS: certificate and key from PEM files, rustls on ring.
//! Must not know what is served through it.

use std::{path::PathBuf, sync::Arc};

use axum_server::tls_rustls::RustlsConfig;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::error::{Error, Result};

/// Where certificate chain and private key lie.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, our own certificate first.
    pub certificate: PathBuf,
    /// PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// Reads the files and checks that key and certificate belong together.
pub(super) fn load(files: &TlsFiles) -> Result<RustlsConfig> {
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable("certificate", &files.certificate).because(error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| unreadable("private key", &files.key).because(error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| {
            Error::operator("tls_mismatch", format!("Certificate and key cannot be used together: {error}."))
                .next("Check that both files are of the same certificate.")
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

fn unreadable(what: &str, path: &std::path::Path) -> Error {
    Error::operator("tls_unreadable", format!("The TLS {what} in {} cannot be read.", path.display()))
        .next("Name PEM files that this process may read.")
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use ed25519_dalek::{Signer, SigningKey};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::transport::{InMemoryLedger, Open, Options, serve};

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let length = u8::try_from(body.len()).unwrap();
        let head = if length < 128 { vec![tag, length] } else { vec![tag, 0x81, length] };
        [head, body].concat()
    }

    fn pem(kind: &str, der: &[u8]) -> String {
        format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(der))
    }

    /// A certificate for `localhost` that signs itself, and its key. Written out here so that no private key has to
    /// lie in the repository.
    fn certificate(seed: [u8; 32]) -> (String, String) {
        let key = SigningKey::from_bytes(&seed);
        let ed25519 = der(0x30, &[&[0x06, 0x03, 0x2b, 0x65, 0x70]]);
        let common_name = der(0x30, &[&[0x06, 0x03, 0x55, 0x04, 0x03], &der(0x0c, &[b"localhost"])]);
        let name = der(0x30, &[&der(0x31, &[&common_name])]);
        let validity = der(0x30, &[&der(0x17, &[b"200101000000Z"]), &der(0x17, &[b"491231235959Z"])]);
        let public = der(0x30, &[&ed25519, &der(0x03, &[&[0], key.verifying_key().as_bytes()])]);
        let (version, serial) = (der(0xa0, &[&[0x02, 0x01, 0x02]]), [0x02, 0x01, 0x01]);
        let body = der(0x30, &[&version, &serial, &ed25519, &name, &validity, &name, &public]);
        let signature = der(0x03, &[&[0], &key.sign(&body).to_bytes()]);
        let whole = der(0x30, &[&body, &ed25519, &signature]);
        let private = der(0x30, &[&[0x02, 0x01, 0x00], &ed25519, &der(0x04, &[&der(0x04, &[&seed])])]);
        (pem("CERTIFICATE", &whole), pem("PRIVATE KEY", &private))
    }

    fn files(folder: &tempfile::TempDir, certificate: &str, key: &str) -> TlsFiles {
        let files = TlsFiles { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        std::fs::write(&files.certificate, certificate).unwrap();
        std::fs::write(&files.key, key).unwrap();
        files
    }

    #[derive(Clone)]
    struct Nothing;
    impl rmcp::ServerHandler for Nothing {}

    #[tokio::test]
    async fn serves_both_http_versions_and_knows_its_own_pages() {
        let _already = ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = certificate([7; 32]);
        let options = Options { tls: Some(files(&folder, &certificate, &key)), ..Options::default() };
        let extra = axum::Router::new().route("/page", axum::routing::get(|| async { "page" }));
        let shutdown = CancellationToken::new();
        let ledger = Arc::new(InMemoryLedger::default());
        let server = serve(options, Nothing, Arc::new(Open), ledger, extra, shutdown.clone()).await.unwrap();
        assert!(server.url().starts_with("https://127.0.0.1:"));
        let page = server.url().replace("/mcp", "/page");
        let own = page.replace("/page", "");
        for version in [reqwest::Version::HTTP_2, reqwest::Version::HTTP_11] {
            let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true);
            let client = if version == reqwest::Version::HTTP_11 { client.http1_only() } else { client };
            let client = client.build().unwrap();
            let fetch = |origin: &str| client.get(&page).header("origin", origin).send();
            let response = fetch(&own).await.unwrap();
            assert_eq!((response.status().as_u16(), response.version()), (200, version));
            assert_eq!(fetch(&own.replace("https", "http")).await.unwrap().status(), 200, "allowed by default");
            assert_eq!(fetch("https://evil.test").await.unwrap().status(), 403);
        }
        shutdown.cancel();
        server.wait().await.unwrap();
    }

    #[test]
    fn files_that_do_not_fit_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let ((certificate, key), (_, other)) = (certificate([7; 32]), certificate([8; 32]));
        let code = |files: &TlsFiles| load(files).err().map(|error| error.code());
        assert_eq!(code(&files(&folder, &certificate, &key)), None);
        assert_eq!(code(&files(&folder, &certificate, &other)), Some("tls_mismatch"));
        assert_eq!(code(&files(&folder, &certificate, "nothing")), Some("tls_unreadable"));
        assert_eq!(code(&files(&folder, "", &key)), Some("tls_mismatch"), "no certificate at all");
    }
}
