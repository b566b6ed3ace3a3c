//! vmlinux.h, for `cargo xtask vmlinux`.
#![allow(unsafe_code)]

mod kfuncs;

use std::ffi::{CString, c_char, c_void};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::ptr::{self, NonNull};

use anyhow::{Context, Result, ensure};
use libbpf_rs::libbpf_sys::{
    __va_list_tag, btf, btf__free, btf__parse, btf__type_cnt, btf_dump, btf_dump__dump_type,
    btf_dump__emit_type_decl, btf_dump__free, btf_dump__new, btf_dump_emit_type_decl_opts,
};

const HEAD: &str = "\
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif
";

const TAIL: &str = "
#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
";

/// The types and kfuncs of a kernel of that `release` as a C header, from its BTF, or from the
/// vmlinux that holds it: through libbpf's own dumper.
pub fn header(btf: &Path, release: &str) -> Result<Vec<u8>> {
    // our own error replaces libbpf's message
    libbpf_rs::set_print(None);
    let mut out = Vec::new();
    writeln!(
        out,
        "/* The types of Linux {release}, from its BTF: made by `cargo xtask vmlinux`. */"
    )?;
    out.write_all(HEAD.as_bytes())?;
    dump(btf, &mut out).with_context(|| format!("failed to dump the BTF in {}", btf.display()))?;
    out.write_all(TAIL.as_bytes())?;
    Ok(out)
}

fn dump(file: &Path, out: &mut dyn Write) -> Result<()> {
    let path = CString::new(file.as_os_str().as_bytes())?;
    // SAFETY: `path` is a C string; the second argument may be null.
    let types = NonNull::new(unsafe { btf__parse(path.as_ptr(), ptr::null_mut()) });
    // the number that libbpf gives for a reason is its own
    let types = OwnedBtf(types.context("it is neither a BTF file nor an ELF file with BTF")?);
    let mut sink = Sink { out, error: None };
    // SAFETY: the types and the sink outlive the dumper, which is freed below.
    let dumper = check(unsafe {
        btf_dump__new(
            types.0.as_ptr(),
            Some(write_piece),
            (&raw mut sink).cast(),
            ptr::null(),
        )
    })?;
    let dumper = OwnedDump(dumper);
    // SAFETY: `types` is alive.
    for id in 1..unsafe { btf__type_cnt(types.0.as_ptr()) } {
        // SAFETY: the dumper is alive and `id` is one of its types.
        let status = unsafe { btf_dump__dump_type(dumper.0.as_ptr(), id) };
        ensure!(
            status == 0,
            "type {id}: {}",
            io::Error::from_raw_os_error(-status)
        );
    }
    declare_kfuncs(&dumper, file, &mut sink)?;
    drop(dumper);
    sink.error
        .map_or(Ok(()), |err| Err(err).context("failed to write the header"))
}

/// Declares the kfuncs as bpftool does. They are weak, because a program that includes the header
/// also has to load on older kernels. Before Linux 6.10 BTF does not tell kfuncs from other
/// functions, and nothing is written.
fn declare_kfuncs(dumper: &OwnedDump, file: &Path, sink: &mut Sink<'_>) -> Result<()> {
    let kfuncs = kfuncs::read(file)?;
    if kfuncs.is_empty() {
        return Ok(());
    }
    sink.write(kfuncs::HEAD.as_bytes());
    for (name, prototype) in kfuncs {
        sink.write(b"extern ");
        let field_name = CString::new(name.as_str())?;
        let options = btf_dump_emit_type_decl_opts {
            sz: size_of::<btf_dump_emit_type_decl_opts>() as _,
            field_name: field_name.as_ptr(),
            ..Default::default()
        };
        // SAFETY: the dumper is alive, `prototype` is one of its types, and the name outlives the
        // call.
        let status = unsafe {
            btf_dump__emit_type_decl(dumper.0.as_ptr(), prototype.into(), &raw const options)
        };
        ensure!(
            status == 0,
            "kfunc {name}: {}",
            io::Error::from_raw_os_error(-status)
        );
        sink.write(b" __weak __ksym;\n");
    }
    sink.write(kfuncs::TAIL.as_bytes());
    Ok(())
}

/// libbpf returns null and sets errno.
fn check<T>(pointer: *mut T) -> Result<NonNull<T>> {
    NonNull::new(pointer).ok_or_else(|| io::Error::last_os_error().into())
}

struct OwnedBtf(NonNull<btf>);

impl Drop for OwnedBtf {
    fn drop(&mut self) {
        // SAFETY: owned, and freed once.
        unsafe { btf__free(self.0.as_ptr()) }
    }
}

struct OwnedDump(NonNull<btf_dump>);

impl Drop for OwnedDump {
    fn drop(&mut self) {
        // SAFETY: owned, and freed once.
        unsafe { btf_dump__free(self.0.as_ptr()) }
    }
}

struct Sink<'a> {
    out: &'a mut dyn Write,
    error: Option<io::Error>,
}

impl Sink<'_> {
    fn write(&mut self, text: &[u8]) {
        if self.error.is_none() {
            self.error = self.out.write_all(text).err();
        }
    }
}

/// Takes one piece of the header; libbpf's dumper speaks in `vprintf` arguments.
unsafe extern "C" fn write_piece(
    ctx: *mut c_void,
    format: *const c_char,
    args: *mut __va_list_tag,
) {
    // SAFETY: `ctx` is the sink that `dump` handed over, and nobody else uses it meanwhile.
    let sink = unsafe { &mut *ctx.cast::<Sink<'_>>() };
    // SAFETY: the format and its arguments are libbpf's, and belong together.
    match unsafe { vsprintf::vsprintf_raw(format, args.cast::<c_void>()) } {
        Ok(text) => sink.write(&text),
        Err(err) => sink.error = sink.error.take().or(Some(err)),
    }
}
