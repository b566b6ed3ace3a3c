//! What a reserved record holds before it is written.

use std::cell::RefCell;

use anyhow::{Context, Result, ensure};
use bpfapps_refused::RECORDS;
use bpfapps_testkit::{Test, test};
use libbpf_rs::{MapCore as _, Object, ObjectBuilder, ProgramInput, RingBufferBuilder};

pub(crate) const TESTS: &[Test] = &[
    test!(reserved_record_has_nothing_of_others),
    test!(reserved_raw_record_holds_what_the_ring_held),
];

fn reserved_record_has_nothing_of_others() -> Result<()> {
    for (program, size) in [("reserve_small", 21), ("reserve_large", 1027)] {
        let record = reserved(program)?;
        ensure!(record.len() >= size, "{program}: {}", record.len());
        let written = usize::from(u16::from_ne_bytes([record[0], record[1]]));
        ensure!(written == record.len(), "{program}: {written}");
        ensure!(
            record[2..].iter().all(|&byte| byte == 0),
            "{program}: {record:?}"
        );
    }
    Ok(())
}

/// Otherwise the test above would prove nothing.
fn reserved_raw_record_holds_what_the_ring_held() -> Result<()> {
    let record = reserved("reserve_raw")?;
    ensure!(record[2..].contains(&0xff), "{record:?}");
    Ok(())
}

/// The record of a program that runs once in a ring full of old bytes.
fn reserved(program: &str) -> Result<Vec<u8>> {
    let object = ObjectBuilder::default().open_memory(RECORDS)?.load()?;
    let records = RefCell::new(Vec::new());
    let rb = object.maps().find(|map| map.name() == "rb");
    let rb = rb.context("no map rb")?;
    let mut builder = RingBufferBuilder::new();
    builder.add(&rb, |record| {
        records.borrow_mut().push(record.to_vec());
        0
    })?;
    let ring = builder.build()?;
    // twice: where one round ends, its last bytes may not be written
    for program in ["dirty", "dirty", program] {
        records.borrow_mut().clear();
        run(&object, program)?;
        ring.consume()?;
    }
    let record = records.borrow_mut().pop();
    record.context("no record")
}

fn run(object: &Object, name: &str) -> Result<()> {
    let mut all = object.progs_mut();
    let program = all.find(|program| program.name() == name);
    let output = program.context("no such program")?.test_run(ProgramInput {
        data_in: Some(&[0; 64]),
        ..ProgramInput::default()
    })?;
    ensure!(output.return_value == 0, "{name}: {}", output.return_value);
    Ok(())
}
