//! Reads and empties a per-CPU hash, many keys a system call: libbpf-rs has no batches of these.
#![allow(unsafe_code)]

use std::io::Error;
use std::os::fd::AsRawFd as _;

use anyhow::{Context as _, Result, ensure};
use libbpf_rs::libbpf_sys::{bpf_map_batch_opts, bpf_map_lookup_and_delete_batch};
use libbpf_rs::{MapCore, MapType, num_possible_cpus};
use nix::libc::{ENOENT, ENOSPC};

/// Bytes that are read at once, unless keys of one hash need more.
const ROOM: usize = 1 << 20;

/// The buffers for one map.
#[derive(Debug)]
pub(super) struct Drain {
    key_size: usize,
    /// Words of a value, on one CPU.
    words: usize,
    cpus: usize,
    /// Keys that fit.
    count: usize,
    keys: Vec<u8>,
    values: Vec<u64>,
    sum: Vec<u64>,
}

impl Drain {
    /// # Errors
    ///
    /// The map is of another type.
    pub(super) fn of(map: &impl MapCore) -> Result<Self> {
        let (key, value) = (map.key_size() as usize, map.value_size() as usize);
        ensure!(
            map.map_type() == MapType::PercpuHash && value.is_multiple_of(8),
            "map {} is not one of BPFAPPS_COUNTS",
            map.name().display()
        );
        let cpus = num_possible_cpus().context("failed to count CPUs")?;
        let words = value / 8;
        let mut drain = Self {
            key_size: key,
            words,
            cpus,
            count: 0,
            keys: Vec::new(),
            values: Vec::new(),
            sum: vec![0; words],
        };
        drain.make_room((ROOM / (key + value * cpus)).max(16));
        Ok(drain)
    }

    fn make_room(&mut self, count: usize) {
        self.count = count;
        // the kernel writes keys of less than four bytes as four
        self.keys.resize(count * self.key_size.max(4), 0);
        self.values.resize(count * self.words * self.cpus, 0);
    }

    /// Removes each key, and passes it to `each` with the sum of its counts on all CPUs. Returns the
    /// number of keys.
    ///
    /// # Errors
    ///
    /// The kernel refuses.
    pub(super) fn drain(
        &mut self,
        map: &impl MapCore,
        mut each: impl FnMut(&[u8], &[u64]),
    ) -> Result<usize> {
        let mut total = 0;
        let mut next = 0_u32;
        let mut is_first = true;
        loop {
            let (count, error) = self.batch(map, (!is_first).then_some(next), &mut next);
            match error.as_ref().and_then(Error::raw_os_error) {
                None | Some(ENOENT) => {}
                // one bucket of the hash has more keys than fit
                Some(ENOSPC) if count == 0 => {
                    self.make_room(self.count * 2);
                    continue;
                }
                Some(_) => {
                    let name = map.name().display().to_string();
                    return Err(error.unwrap_or_else(Error::last_os_error))
                        .with_context(|| format!("failed to read map {name}"));
                }
            }
            total += count;
            let keys = self.keys.chunks_exact(self.key_size);
            let values = self.values.chunks_exact(self.words * self.cpus);
            for (key, values) in keys.zip(values).take(count) {
                self.sum.fill(0);
                for cpu in values.chunks_exact(self.words) {
                    for (sum, one) in self.sum.iter_mut().zip(cpu) {
                        *sum = sum.wrapping_add(*one);
                    }
                }
                each(key, &self.sum);
            }
            if error.is_some() {
                return Ok(total);
            }
            is_first = false;
        }
    }

    /// The number of keys that were read, and the error: ENOENT after the last ones.
    fn batch(
        &mut self,
        map: &impl MapCore,
        from: Option<u32>,
        next: &mut u32,
    ) -> (usize, Option<Error>) {
        let options = bpf_map_batch_opts {
            sz: size_of::<bpf_map_batch_opts>() as _,
            ..Default::default()
        };
        let mut from = from;
        let begin = from
            .as_mut()
            .map_or(std::ptr::null_mut(), std::ptr::from_mut);
        let mut count = self.count as u32;
        // SAFETY: the buffers have room for `count` keys and their values on all possible CPUs, each
        // value a multiple of eight bytes; of a hash, `from` and `next` are numbers of four bytes.
        let result = unsafe {
            bpf_map_lookup_and_delete_batch(
                map.as_fd().as_raw_fd(),
                begin.cast(),
                std::ptr::from_mut(next).cast(),
                self.keys.as_mut_ptr().cast(),
                self.values.as_mut_ptr().cast(),
                &raw mut count,
                &raw const options,
            )
        };
        match result {
            0 => (count as usize, None),
            // the count is valid for ENOENT only
            error => {
                let error = Error::from_raw_os_error(-error);
                let is_end = error.raw_os_error() == Some(ENOENT);
                (if is_end { count as usize } else { 0 }, Some(error))
            }
        }
    }
}
