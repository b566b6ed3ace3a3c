//! An unwinder that knows no frames.
//!
//! A stripped binary that aborts when it panics has no use for a real one: each line of its
//! backtraces would be `<unknown>`. Without it the standard library's readers of debug information
//! are not linked, nor the tables about frames: a sixth of the binary.
//!
//! The C library refers to unwinding for cancelled threads, and nothing here cancels one. These are
//! all functions of libgcc's unwinder, or the linker would add it and find each twice.
#![allow(unsafe_code, reason = "functions under names that the C library uses")]

use std::ffi::{c_int, c_void};
use std::process::abort;

/// `_URC_END_OF_STACK`
const END_OF_STACK: c_int = 5;

// SAFETY: as libgcc's, but that it never calls `_trace`.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_trace: *const c_void, _argument: *mut c_void) -> c_int {
    END_OF_STACK
}

macro_rules! never {
    ($($name:ident)*) => {$(
        // SAFETY: it is called while something unwinds only, and does not return.
        #[unsafe(no_mangle)]
        extern "C" fn $name() -> ! {
            abort()
        }
    )*};
}

never! {
    _Unwind_DeleteException _Unwind_FindEnclosingFunction _Unwind_ForcedUnwind _Unwind_GetCFA
    _Unwind_GetDataRelBase _Unwind_GetGR _Unwind_GetIP _Unwind_GetIPInfo
    _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart _Unwind_GetTextRelBase
    _Unwind_RaiseException _Unwind_Resume _Unwind_Resume_or_Rethrow _Unwind_SetGR _Unwind_SetIP
}
