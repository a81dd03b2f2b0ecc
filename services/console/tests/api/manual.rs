//! docs/api.md tells of every address.

use oncepost_console::openapi;

#[test]
fn every_address_is_in_the_manual() {
    let manual = include_str!("../../../../docs/api.md");
    for (path, operations) in openapi()["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let address = format!("`{} {path}`", method.to_uppercase());
            assert!(manual.contains(&address), "docs/api.md does not speak of {address}");
        }
    }
}
