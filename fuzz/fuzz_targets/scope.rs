#![no_main]

#[path = "../../tests/support/anything/mod.rs"]
mod anything;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    anything::answer("scope", bytes);
});
