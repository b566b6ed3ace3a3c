//! Words for the numbers in a tracepoint's records: enums and flags, as its format names them.
//!
//! The kernel prints a record by C code in `print fmt`, with `__print_symbolic(REC->vec, { 0, "HI" },
//! …)` and `__print_flags(REC->flags, "|", { 0x1, "A" }, …)`. Numbers in it are constant expressions.

use std::iter::Peekable;
use std::str::Chars;

/// The words for one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    /// `None`: the number is one of an enum.
    separator: Option<String>,
    /// The bits of the field that have words.
    mask: u64,
    words: Vec<(u64, String)>,
}

impl Words {
    /// The words for a number of `size` bytes; `None` if it has none.
    pub(super) fn of(&self, number: u64, size: usize) -> Option<String> {
        let bits = u64::MAX >> (64 - 8 * size.clamp(1, 8) as u32);
        let number = number & bits;
        let Some(separator) = &self.separator else {
            let masked = number & self.mask;
            let mut all = self.words.iter();
            let (_, word) = all.find(|(value, _)| value & bits == masked)?;
            return Some(word.clone());
        };
        let mut rest = number;
        let mut found = Vec::new();
        for (value, word) in &self.words {
            let value = value & bits;
            if value != 0 && rest & self.mask & value == value {
                found.push(word.clone());
                rest &= !value;
            }
        }
        if found.is_empty() {
            return None;
        }
        if rest != 0 {
            found.push(format!("{rest:#x}"));
        }
        Some(found.join(separator))
    }
}

/// The fields that have words in a format, by name.
pub(super) fn parse(format: &str) -> Vec<(String, Words)> {
    let code = format.split_once("print fmt:").map_or("", |(_, code)| code);
    let mut found = Vec::new();
    for (function, is_flags) in [("__print_symbolic", false), ("__print_flags", true)] {
        for (at, _) in code.match_indices(function) {
            let call = &code[at + function.len()..];
            let call = ["64", "_u64"]
                .iter()
                .find_map(|end| call.strip_prefix(end))
                .unwrap_or(call);
            found.extend(call.strip_prefix('(').and_then(|call| one(call, is_flags)));
        }
    }
    found
}

/// The arguments of one call.
fn one(call: &str, is_flags: bool) -> Option<(String, Words)> {
    let (field, mut rest) = argument(call)?;
    let (name, mask) = masked(field)?;
    let mut separator = None;
    if is_flags {
        let (text, behind) = string(rest)?;
        separator = Some(text.to_owned());
        rest = behind.trim_start().strip_prefix(',')?;
    }
    let mut words = Vec::new();
    while let Some(entry) = rest.trim_start().strip_prefix('{') {
        let (number, behind) = argument(entry)?;
        let Some((word, behind)) = string(behind) else {
            // the last one of some lists has NULL
            break;
        };
        words.push((constant(number)?, word.to_owned()));
        rest = behind.trim_start().strip_prefix('}')?.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    let words = Words {
        separator,
        mask,
        words,
    };
    Some((name, words))
}

/// The text before the next comma that is in no parentheses, and what is behind it.
fn argument(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    let end = text.find(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth < 0 || (depth == 0 && c == ',')
    })?;
    Some((&text[..end], text[end..].strip_prefix(',')?))
}

fn string(text: &str) -> Option<(&str, &str)> {
    text.trim_start().strip_prefix('"')?.split_once('"')
}

/// The field in an expression, and its bits that the expression leaves: `REC->state & 0xff`.
fn masked(expression: &str) -> Option<(String, u64)> {
    let (_, rest) = expression.split_once("REC->")?;
    let is_part = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let name = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
    let of = |value| evaluate(expression, Some((name, value)));
    let mask = of(u64::MAX)?;
    // an expression that does anything else is not shown as words
    let samples = [0, 0x5555_5555_5555_5555, 0xaaaa_aaaa_aaaa_aaaa];
    let is_mask = samples.iter().all(|&value| of(value) == Some(value & mask));
    is_mask.then(|| (name.to_owned(), mask))
}

fn constant(expression: &str) -> Option<u64> {
    evaluate(expression, None)
}

/// The value of an expression in C; `None` for one with more than integers, their operators, casts
/// and the one field that has a value.
fn evaluate(expression: &str, field: Option<(&str, u64)>) -> Option<u64> {
    let mut reader = Reader {
        text: expression.chars().peekable(),
        field,
    };
    let value = reader.binary(0)?;
    reader.spaces();
    reader.text.next().is_none().then_some(value)
}

/// The operators of two numbers, by precedence.
const OPERATORS: [&[&str]; 6] = [&["|"], &["^"], &["&"], &["<<", ">>"], &["+", "-"], &["*"]];

struct Reader<'a> {
    text: Peekable<Chars<'a>>,
    field: Option<(&'a str, u64)>,
}

impl Reader<'_> {
    fn spaces(&mut self) {
        while self.text.next_if(|c| c.is_whitespace()).is_some() {}
    }

    fn takes(&mut self, token: &str) -> bool {
        self.spaces();
        let rest: String = self.text.clone().take(token.len() + 1).collect();
        let Some(behind) = rest.strip_prefix(token) else {
            return false;
        };
        // && and || are others
        if token.len() == 1 && behind == token && "&|".contains(token) {
            return false;
        }
        self.text.nth(token.len() - 1);
        true
    }

    fn binary(&mut self, level: usize) -> Option<u64> {
        let Some(operators) = OPERATORS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.takes(operator)) {
            let right = self.binary(level + 1)?;
            let bits = || u32::try_from(right).ok();
            left = match *operator {
                "|" => left | right,
                "^" => left ^ right,
                "&" => left & right,
                "<<" => left.checked_shl(bits()?)?,
                ">>" => left.checked_shr(bits()?)?,
                "+" => left.wrapping_add(right),
                "-" => left.wrapping_sub(right),
                _ => left.wrapping_mul(right),
            };
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<u64> {
        if self.takes("~") {
            return Some(!self.unary()?);
        }
        if self.takes("-") {
            return Some(self.unary()?.wrapping_neg());
        }
        if self.takes("(") {
            if self.is_cast() {
                return self.unary();
            }
            let value = self.binary(0)?;
            return self.takes(")").then_some(value);
        }
        self.number()
    }

    /// Takes the type of a cast and its parenthesis, if it is one.
    fn is_cast(&mut self) -> bool {
        let inside: String = self.text.clone().take_while(|c| *c != ')').collect();
        let mut words = inside.split_whitespace().peekable();
        let is_type = |word: &str| {
            let mut all = word.chars();
            all.next()
                .is_some_and(|c| c == '_' || c.is_ascii_alphabetic())
                && all.all(|c| c == '_' || c.is_ascii_alphanumeric())
        };
        let is_cast = words.peek().is_some() && words.all(is_type);
        if is_cast {
            self.text.nth(inside.chars().count());
        }
        is_cast
    }

    fn number(&mut self) -> Option<u64> {
        self.spaces();
        let is_part = |c: &char| c.is_ascii_alphanumeric() || "_->".contains(*c);
        if self.takes("REC->") {
            let mut name = String::new();
            while let Some(c) = self.text.next_if(|c| is_part(c) && !"->".contains(*c)) {
                name.push(c);
            }
            let (field, value) = self.field?;
            return (name == field).then_some(value);
        }
        let mut word = String::new();
        while let Some(c) = self.text.next_if(char::is_ascii_alphanumeric) {
            word.push(c.to_ascii_lowercase());
        }
        let digits = word.trim_end_matches(['u', 'l']);
        match digits.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None if digits.len() > 1 && digits.starts_with('0') => {
                u64::from_str_radix(digits, 8).ok()
            }
            None => digits.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_c_are_evaluated() {
        for (text, value) in [
            ("1", 1),
            (" 0x1f ", 31),
            ("017", 15),
            ("-1", u64::MAX),
            ("1UL << 3 | 2", 10),
            ("(((0x3 | 0x40) + 1) << 1) - 1", 135),
            (
                "( unsigned long)(((( gfp_t)((((1UL))) << (10))) & ~(( gfp_t)0)))",
                1024,
            ),
        ] {
            assert_eq!(constant(text), Some(value), "{text}");
        }
        for text in [
            "",
            "SOME_ENUM",
            "1 ? 2 : 3",
            "sizeof(int)",
            "1 && 2",
            "1 << 64",
            "(1",
        ] {
            assert_eq!(constant(text), None, "{text}");
        }
    }

    #[test]
    fn format_names_numbers() {
        let format = "print fmt: \"%s %s %s %s\", __print_symbolic(REC->vec, { 0, \"HI\" }, { -1, \
                      \"NONE\" }, { -1, ((void *)0) }), REC->a & 0xff ? __print_flags(REC->a & 0xff, \"|\", { 0x01, \"S\" }, \
                      { 1 << 1, \"D\" }, { 0x100, \"X\" }) : \"R\", __print_symbolic(REC->b >> 1, \
                      { 0, \"B\" }), __print_symbolic(REC->c, { UNKNOWN, \"C\" })";
        let all = parse(format);
        let names: Vec<_> = all.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["vec", "a"]);
        let (vec, a) = (&all[0].1, &all[1].1);
        assert_eq!(vec.of(0, 4).as_deref(), Some("HI"));
        assert_eq!(vec.of(0xffff_ffff, 4).as_deref(), Some("NONE"));
        assert_eq!(vec.of(7, 4), None);
        assert_eq!(a.of(3, 8).as_deref(), Some("S|D"));
        // what is left over, and what the expression masks, are numbers
        assert_eq!(a.of(0x109, 8).as_deref(), Some("S|0x108"));
        assert_eq!(a.of(0, 8), None);
    }
}
