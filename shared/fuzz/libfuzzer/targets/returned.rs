#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oncepost_fuzz::returned(bytes));
