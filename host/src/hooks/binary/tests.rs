#![allow(unsafe_code, reason = "the address of a C function")]
#![allow(clippy::print_stderr, reason = "a test says why it is skipped")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio, id};
use std::{env, fs, str};

use object::Object as _;

use super::*;

fn own() -> String {
    let own = env::current_exe().expect("a path");
    own.to_str().expect("UTF-8").to_owned()
}

fn refused(binary: &str, function: &str) -> (String, String) {
    let absent = locate(binary, function, None).expect_err(function);
    (absent.message.clone(), absent.hint())
}

#[test]
fn function_is_found_or_what_is_near_it() {
    let own = own();
    assert_eq!(function(&own, "main"), Finding::There);
    let Finding::Absent(absent) = function(&own, "mian") else {
        panic!("it is there")
    };
    assert_eq!(absent.code, Code::NO_SYMBOL);
    assert!(absent.near.contains(&"main".to_owned()), "{absent:?}");
}

#[test]
fn missing_file_is_compared_with_those_beside_it() {
    let own = own();
    let (folder, name) = own.rsplit_once('/').expect("a path");
    let (message, hint) = refused(&format!("{folder}/x{name}"), "main");
    assert_eq!(message, "there is no such program or library");
    assert!(
        hint.starts_with("did you mean ") && hint.contains(name),
        "{hint}"
    );

    let (_, hint) = refused("/no/such/library.so", "main");
    assert_eq!(hint, "ldd PROGRAM shows the libraries that it uses");
    let (_, hint) = refused("no_such_program", "main");
    assert_eq!(hint, "name it by its path");
}

#[test]
fn rust_names_need_no_mangling() {
    let own = own();
    let name = format!(
        "{}::rust_names_need_no_mangling",
        "bpfapps_host::hooks::binary::tests"
    );
    let place = locate(&own, &name, None).expect("a place");
    assert!(place.offset > 0 && place.about == name, "{place:?}");
    let (_, hint) = refused(&own, &name.replace("names", "nmaes"));
    assert!(hint.contains(&name), "{hint}");
}

#[test]
fn places_are_addresses_and_behind_names() {
    let own = own();
    let main = locate(&own, "main", None).expect("main");
    let behind = locate(&own, "main+0x4", None).expect("a place in main");
    assert_eq!(behind.offset, main.offset + 4);
    let (message, _) = refused(&own, "main+100000");
    assert!(message.starts_with("main has 0x"), "{message}");
    let bytes = files::read(Path::new(&own), LARGEST).expect("own bytes");
    let elf = Elf::parse(&bytes).expect("an ELF file");
    let address = elf.address_of(main.offset).expect("an address");
    let place = locate(&own, &format!("{address:#x}"), None).expect("a place");
    assert_eq!(place.offset, main.offset);
    assert!(main.is_start && place.is_start && !behind.is_start);
    assert_eq!(refused(&own, "0x0").0, "0x0 is not in its code");
}

#[test]
fn imported_function_is_in_its_library() {
    let own = own();
    let bytes = files::read(Path::new(&own), LARGEST).expect("own bytes");
    let elf = Elf::parse(&bytes).expect("an ELF file");
    if elf.needed.iter().all(|library| *library != "libc.so.6") {
        eprintln!("skipped: this test is linked statically, or with another C library");
        return;
    }
    let (message, hint) = refused(&own, "malloc");
    assert_eq!(message, "it calls that function of a library");
    assert_eq!(hint, "trace it in libc.so.6");
}

#[test]
fn starts_of_functions_are_known_without_symbols() {
    let stripped = fs::read("/proc/self/exe").expect("own bytes");
    let elf = Elf::parse(&stripped).expect("an ELF file");
    let starts = elf.starts().expect("a table");
    let main = names::matching(&elf.functions, "main", None)[0].address;
    assert!(starts.contains(&main) && !starts.contains(&(main + 4)));
}

#[test]
fn chosen_implementation_is_the_one_that_runs() {
    unsafe extern "C" {
        fn strlen(text: *const std::ffi::c_char) -> usize;
    }
    let address = strlen as *const () as usize as u64;
    let all = mapped::of(id());
    let its = |one: &&mapped::Mapping| (one.start..one.end).contains(&address);
    let Some(library) = all
        .iter()
        .find(its)
        .filter(|one| one.path.contains("/libc.so"))
    else {
        eprintln!("skipped: strlen of this test is not in libc.so");
        return;
    };
    let place = locate("libc.so.6", "strlen", None).expect("a place");
    assert_eq!(
        place.offset,
        address - library.start + library.offset,
        "{place:?}"
    );
    assert!(place.about.starts_with("strlen@@GLIBC_"), "{place:?}");
}

#[test]
fn file_of_a_process_is_found_in_its_mount_namespace() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root may create a mount namespace");
        return;
    }
    let cat = resolve("cat").expect("cat");
    let script = format!(
        "mount -t tmpfs none /mnt && cp {} /mnt/only-there && exec /mnt/only-there",
        cat.display()
    );
    let mut child = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("unshare");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"\n").expect("a line");
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut line).expect("the line");
    assert_eq!(line, "\n", "a mount was refused");

    let bytes = fs::read(cat).expect("cat");
    let entry = object::File::parse(&*bytes).expect("an ELF file").entry();
    let pid = i32::try_from(child.id()).expect("a pid");
    let place = locate("only-there", &format!("{entry:#x}"), Some(pid));
    let without = locate("only-there", &format!("{entry:#x}"), None);
    let read = place.as_ref().map(|place| fs::read(&place.file));
    drop(stdin);
    child.wait().expect("its end");

    let place = place.as_ref().expect("a place");
    let expected = format!("/proc/{pid}/root/mnt/only-there");
    assert_eq!(place.file, Path::new(&expected));
    assert_eq!(read.expect("a place").expect("its bytes"), bytes);
    let absent = without.expect_err("it is not here");
    assert_eq!(absent.code, Code::NO_BINARY);
}
