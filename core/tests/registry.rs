//! Two apps of one name.

use bpfapps_core::{App, Needs, Registration, Result, Session, inventory, registry};

#[derive(clap::Args)]
struct Twin;

impl App for Twin {
    const NAME: &'static str = "twin";
    const NEEDS: Needs = Needs {
        kernel: "5.8",
        btf: false,
        tracefs: false,
        capabilities: &[],
        keeps: &[],
    };

    fn run(self, _: &Session) -> Result<()> {
        Ok(())
    }
}

// as `register!` does in two packages
inventory::submit! { Registration::of::<Twin>("bpfapps-castor") }
inventory::submit! { Registration::of::<Twin>("bpfapps-pollux") }

#[test]
fn two_apps_of_one_name_are_refused_and_both_are_named() {
    let error = registry().expect_err("there are two").to_string();
    assert_eq!(
        error,
        "two apps are called `twin`, in the packages bpfapps-castor and bpfapps-pollux: rename one"
    );
}
