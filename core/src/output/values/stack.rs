use std::rc::Rc;

use super::{Scalar, Value, symbols};
use crate::output::{Fields, escape};

/// `bpfapps_kernel_stack`: addresses of functions in the kernel, the innermost first, up to a 0.
#[derive(Debug)]
pub struct KernelStack<'a>(pub &'a [u64]);

/// `bpfapps_user_stack`: the same in the program that a process runs.
#[derive(Debug)]
pub struct UserStack<'a>(pub u32, pub &'a [u64]);

impl Value for KernelStack<'_> {
    fn show(&self, out: &mut Vec<u8>) {
        show(&symbols::kernel(frames(self.0)), out);
    }

    fn scalar(&self) -> Scalar<'_> {
        depth(self.0)
    }

    fn field(&self, name: &str, fields: &mut Fields<'_>) {
        field(name, &symbols::kernel(frames(self.0)), fields);
    }
}

impl Value for UserStack<'_> {
    fn show(&self, out: &mut Vec<u8>) {
        show(&symbols::process(self.0, frames(self.1)), out);
    }

    fn scalar(&self) -> Scalar<'_> {
        depth(self.1)
    }

    fn field(&self, name: &str, fields: &mut Fields<'_>) {
        field(name, &symbols::process(self.0, frames(self.1)), fields);
    }
}

fn frames(stack: &[u64]) -> &[u64] {
    let end = stack.iter().position(|&address| address == 0);
    &stack[..end.unwrap_or(stack.len())]
}

fn depth(stack: &[u64]) -> Scalar<'static> {
    Scalar::Number(frames(stack).len() as u64)
}

fn show(functions: &[Rc<str>], out: &mut Vec<u8>) {
    if functions.is_empty() {
        out.push(b'-');
    }
    for (index, function) in functions.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b" < ");
        }
        escape(function.as_bytes(), out);
    }
}

fn field(name: &str, functions: &[Rc<str>], fields: &mut Fields<'_>) {
    fields.texts(name, functions.iter().map(|function| function.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::super::tests::one;
    use super::*;

    #[test]
    fn stacks_are_addresses_without_symbols() {
        // a process that does not exist has none
        let stack = UserStack(u32::MAX, &[0x1f, 0x2a, 0, 7]);
        assert_eq!(
            one(&stack),
            ("0x1f < 0x2a".into(), "[\"0x1f\",\"0x2a\"]".into())
        );
        assert_eq!(one(&KernelStack(&[0, 0])), ("-".into(), "[]".into()));
    }
}
