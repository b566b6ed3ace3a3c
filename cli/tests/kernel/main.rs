//! `bpfapps doctor` on the running kernel, healthy and ill in each way that it knows; what every app
//! does as a service; and the console blocks of the pages.

mod effort;
mod fixing;
mod foreign;
mod lent;
mod machine;
mod metrics;
mod narrow;
mod objects;
mod otlp;
mod pages;
mod report;
mod service;
mod shells;

use std::process::ExitCode;

fn main() -> ExitCode {
    bpfapps_testkit::main(
        &[
            machine::TESTS,
            objects::TESTS,
            effort::TESTS,
            fixing::TESTS,
            foreign::TESTS,
            lent::TESTS,
            metrics::TESTS,
            metrics::counted::TESTS,
            metrics::fields::TESTS,
            narrow::TESTS,
            otlp::TESTS,
            pages::TESTS,
            service::disk::TESTS,
            service::files::TESTS,
            service::notify::TESTS,
            service::outside::TESTS,
            shells::TESTS,
        ],
        &[service::disk::FIXTURES],
    )
}
