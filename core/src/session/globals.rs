//! Global variables of a BPF object, as its skeleton has them. bpf-build implements the traits for
//! each section that an object has.

use anyhow::{Context, Result};

macro_rules! section {
    ($name:literal, $section:ident, $function:ident, $what:literal) => {
        #[doc = concat!("A skeleton whose object has the section `", $name, "`.")]
        pub trait $section {
            /// The variables in it.
            type Globals;

            /// The variables, which libbpf maps when it opens the object.
            fn globals(&mut self) -> Option<&mut Self::Globals>;
        }

        #[doc = $what]
        ///
        /// # Errors
        ///
        /// libbpf has not mapped them.
        pub fn $function<S: $section>(skeleton: &mut S) -> Result<&mut S::Globals> {
            let globals = skeleton.globals();
            globals.context(concat!("the BPF object has no ", $name))
        }
    };
}

section!(
    ".rodata",
    Rodata,
    rodata,
    "The `const volatile` variables of an opened object: they are fixed once it is loaded."
);
section!(
    ".data",
    Data,
    data,
    "The initialised variables of an object, which the kernel shares once it is loaded."
);
section!(
    ".bss",
    Bss,
    bss,
    "The variables of an object that start as zero, which the kernel shares once it is loaded."
);
