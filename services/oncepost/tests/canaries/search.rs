//! Looking for a text in whatever form it may have been written.

use std::collections::BTreeMap;

use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use url::form_urlencoded::byte_serialize;

/// What was found where: by place, its bytes.
#[derive(Default)]
pub struct Places(BTreeMap<&'static str, Vec<u8>>);

impl Places {
    /// What a place shows. A place may be added to.
    pub fn add(&mut self, place: &'static str, shown: impl AsRef<[u8]>) {
        let all = self.0.entry(place).or_default();
        all.extend_from_slice(shown.as_ref());
        all.push(b'\n');
    }

    /// The places' names.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }

    /// Where a text is, in any form, and what stands around it.
    pub fn holding(&self, text: &str) -> BTreeMap<&'static str, String> {
        let forms = forms(text);
        let found = |bytes: &Vec<u8>| forms.iter().find_map(|form| find(bytes, form).map(|at| around(bytes, at)));
        self.0.iter().filter_map(|(place, bytes)| Some((*place, found(bytes)?))).collect()
    }
}

/// A text as it is, in Base64 wherever in a longer text it may stand, as it stands in addresses, and in hexadecimal.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut forms = vec![bytes.to_vec()];
    forms.push(byte_serialize(bytes).collect::<String>().into_bytes());
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    forms.extend([hex.to_uppercase().into_bytes(), hex.into_bytes()]);
    for before in 0..3 {
        for engine in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
            let whole = engine.encode([vec![0; before], bytes.to_vec()].concat());
            // What also holds bits of the neighbours says nothing.
            let first = (before * 8).div_ceil(6);
            let last = if (before + bytes.len()).is_multiple_of(3) { whole.len() } else { whole.len() - 1 };
            forms.push(whole.as_bytes()[first..last].to_vec());
        }
    }
    forms
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == first) {
        let at = from + at;
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn around(bytes: &[u8], at: usize) -> String {
    let (start, end) = (at.saturating_sub(300), (at + 200).min(bytes.len()));
    String::from_utf8_lossy(&bytes[start..end]).into_owned()
}

/// What binary columns of a dump hold, beside the dump itself.
pub fn decoded(dump: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in dump.split("\\x").skip(1) {
        let digits: Vec<u8> = piece.bytes().take_while(u8::is_ascii_hexdigit).collect();
        let pairs = digits.chunks_exact(2).filter_map(|pair| std::str::from_utf8(pair).ok());
        bytes.extend(pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()));
        bytes.push(b'\n');
    }
    bytes
}

#[test]
fn every_form_is_found_and_nothing_else() {
    let secret = "token+k9/ä=secret";
    let bytes = secret.as_bytes();
    for before in ["", "x", "xy", "xyz"] {
        let whole = [before.as_bytes(), bytes, b" and more"].concat();
        let hex: String = whole.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown = [
            String::from_utf8_lossy(&whole).into_owned(),
            BASE64_STANDARD_NO_PAD.encode(&whole),
            BASE64_URL_SAFE_NO_PAD.encode(&whole),
            byte_serialize(&whole).collect(),
            hex.to_uppercase(),
            hex,
        ];
        for shown in shown {
            let mut places = Places::default();
            places.add("here", format!("{{\"a\": \"{shown}\"}}"));
            places.add("there", "nothing of it");
            assert_eq!(places.holding(secret).keys().collect::<Vec<_>>(), [&"here"], "{shown}");
            assert!(places.holding("token+k9/a=secret").is_empty(), "{shown}");
        }
    }
    assert_eq!(decoded("insert (1, '\\x6869', \"\\\\x68\")"), b"hi\nh\n");
}
