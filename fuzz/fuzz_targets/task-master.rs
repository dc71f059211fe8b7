#![no_main]

#[path = "../../tests/support/packed.rs"]
mod packed;

use git_enact::plan::Dialect;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    packed::answer(text, Dialect::TaskMaster);
});
