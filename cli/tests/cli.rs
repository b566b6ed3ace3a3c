//! The command line as a user types it; see `tests/cmd`.

#[test]
fn command_line() {
    trycmd::TestCases::new().case("tests/cmd/*.md");
}
