//! The mistakes that authors of connectors make most: each is told with what to write instead.
//!
//! The texts depend on the compiler. After an upgrade, `TRYBUILD=overwrite cargo test -p connector-core --test mistakes`
//! writes them anew; look whether the first lines still say what to do.

#[test]
fn the_compiler_says_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/mistakes/*.rs");
}
