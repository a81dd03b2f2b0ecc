//! The files of certificates and keys that PostgreSQL's address names. The driver reads them while it connects, and does not say which of them it
//! could not read.

use std::sync::Arc;

use url::Url;

use crate::LedgerError;

/// How the driver spells what may name such a file.
const PARAMETERS: [&str; 7] = ["sslrootcert", "ssl-root-cert", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key"];

/// The first file that `address` names and that cannot be read.
pub(super) async fn unreadable(address: &str) -> Option<LedgerError> {
    let address = Url::parse(address).ok()?;
    let named = address.query_pairs().filter(|(name, value)| {
        // A certificate may stand in the address itself.
        PARAMETERS.contains(&&**name) && !value.trim_start().starts_with("-----BEGIN")
    });
    for (parameter, path) in named {
        if let Err(cause) = tokio::fs::read(&*path).await {
            let (parameter, path) = (parameter.into_owned(), path.into_owned());
            return Some(LedgerError::Certificate { parameter, path, cause: Arc::new(cause) });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("ca.crt");
        std::fs::write(&authority, "a certificate").unwrap();
        let authority = authority.to_str().unwrap();
        let told = async |query: &str| {
            let error = unreadable(&format!("postgres://me:hunter2@localhost/db?{query}")).await;
            error.map(|error| (error.needs_a_person(), error.to_string()))
        };
        assert_eq!(told("sslmode=verify-full").await, None);
        assert_eq!(told(&format!("sslrootcert={authority}")).await, None);
        assert_eq!(told("sslcert=-----BEGIN%20CERTIFICATE-----").await, None);
        let missing = told(&format!("sslrootcert={authority}&sslkey=/run/secrets/mine/client.key")).await;
        let words = "the ledger's address says sslkey=/run/secrets/mine/client.key, a file that cannot be read";
        assert_eq!(missing, Some((true, words.to_owned())));
    }
}
