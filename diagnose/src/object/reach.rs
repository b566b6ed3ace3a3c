//! How far a program reads into its context.

use super::code::{
    CALL, Code, Function, INSTRUCTION, LOAD, STORE, STORE_REGISTER, destination, source,
};

/// Classes of jumps and calls.
const JUMP: u8 = 5;
const JUMP_32: u8 = 6;

/// The lowest opcode of an atomic operation.
const ATOMIC: u8 = 0xc0;

/// Opcode that copies a register.
const MOVE: u8 = 0xbf;

/// The register with a program's context, and the last one that a call overwrites.
const CONTEXT: u8 = 1;
const LAST_OF_CALLS: u8 = 5;

impl Code<'_> {
    /// How far a program reads into its context: the end of its last access, in bytes. Only
    /// accesses for which `counts` their offset in the section. A register counts as the context
    /// if nothing else is ever written to it, so that no branch has to be followed.
    pub(super) fn reach(&self, function: Function, counts: impl Fn(u64) -> bool) -> u64 {
        let all: Vec<_> = self.instructions(function).collect();
        let writes = |instruction: &[u8], register: u8| match instruction[0] & 7 {
            // an atomic operation may return the old value
            STORE_REGISTER if instruction[0] >= ATOMIC => source(instruction[1]) == register,
            STORE | STORE_REGISTER => false,
            JUMP | JUMP_32 => instruction[0] == CALL && register <= LAST_OF_CALLS,
            _ => destination(instruction[1]) == register,
        };
        let is_jump = |it: &[u8]| matches!(it[0] & 7, JUMP | JUMP_32);
        // in the first block, before anything overwrites the argument
        let start = all
            .iter()
            .take_while(|it| !is_jump(it) && !writes(it, CONTEXT));
        let start = start.count();
        let is_loop = all.iter().enumerate().any(|(at, it)| {
            let offset = isize::from(i16::from_ne_bytes([it[2], it[3]]));
            is_jump(it) && offset < 0 && at.saturating_add_signed(offset + 1) <= start
        });
        if is_loop {
            return 0;
        }
        let mut holders: Vec<u8> = Vec::new();
        for it in &all[..start] {
            let register = destination(it[1]);
            let is_copy = it[0] == MOVE && source(it[1]) == CONTEXT && register > LAST_OF_CALLS;
            let once = all.iter().filter(|it| writes(it, register)).count() == 1;
            if is_copy && once {
                holders.push(register);
            }
        }
        let mut end = 0;
        for (at, it) in all.iter().enumerate() {
            let register = source(it[1]);
            let is_context = holders.contains(&register) || (at <= start && register == CONTEXT);
            let is_load = it[0] & 7 == LOAD;
            let offset = i16::from_ne_bytes([it[2], it[3]]);
            let place = function.begin + at as u64 * INSTRUCTION;
            if let (true, Ok(offset)) = (
                is_load && is_context && counts(place),
                u64::try_from(offset),
            ) {
                let size = [4, 2, 1, 8][usize::from(it[0] >> 3 & 3)];
                end = end.max(offset + size);
            }
        }
        end
    }
}
