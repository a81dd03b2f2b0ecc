//! What browsers bring back from a platform.

use channels::Returned;
use domain::{Landed, PlatformWords};
use url::Url;

/// Whatever stands behind the address, there is a code, or a failure in short words; and neither code nor state is empty.
pub fn returned(bytes: &[u8]) {
    let mut address = Url::parse("https://oncepost.example/v1/oauth/callback").expect("this is an address");
    address.set_query(Some(&String::from_utf8_lossy(bytes)));
    let Returned { state, code } = Returned::of(&address);
    assert!(state.is_none_or(|state| !state.reveal().trim().is_empty()));
    match code {
        Ok(code) => assert!(!code.reveal().trim().is_empty()),
        Err(failure) => {
            assert!(failure.landed == Landed::No);
            assert!(failure.said.text.chars().count() <= PlatformWords::LONGEST);
            assert!(failure.said.code.is_none_or(|code| code.chars().count() <= 100));
        }
    }
}
