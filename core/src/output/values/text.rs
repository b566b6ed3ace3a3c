use std::borrow::Cow;

use bpfapps_explain::escape;

use super::{Scalar, Value};
use crate::output::{Fields, push_hex};

/// Text from outside, such as a `bpfapps_comm`: what could move a terminal or forge a row is escaped.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(pub &'a [u8]);

impl Value for Text<'_> {
    #[inline]
    fn show(&self, out: &mut Vec<u8>) {
        escape(self.0, out);
    }

    #[inline]
    fn scalar(&self) -> Scalar<'_> {
        Scalar::Text(self.0.into())
    }
}

/// Bytes, two hexadecimal digits each.
#[derive(Debug)]
pub struct HexBytes<'a>(pub &'a [u8]);

impl Value for HexBytes<'_> {
    fn show(&self, out: &mut Vec<u8>) {
        push_hex(self.0, out);
    }

    fn scalar(&self) -> Scalar<'_> {
        let mut text = Vec::new();
        push_hex(self.0, &mut text);
        Scalar::Text(text.into())
    }
}

/// Some values, one after another.
#[derive(Debug)]
pub struct List<I>(pub I);

impl<V: Value, I: Iterator<Item = V> + Clone> Value for List<I> {
    fn show(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        for value in self.0.clone() {
            if out.len() > begin {
                out.push(b' ');
            }
            value.show(out);
        }
        if out.len() == begin {
            out.push(b'-');
        }
    }

    /// Their number.
    fn scalar(&self) -> Scalar<'_> {
        Scalar::Number(self.0.clone().count() as u64)
    }

    fn field(&self, name: &str, fields: &mut Fields<'_>) {
        fields.scalars(name, self.0.clone());
    }
}

/// The first `count` elements of a list.
pub fn counted<T, N: TryInto<usize>>(list: &[T], count: N) -> &[T] {
    let count = count.try_into().unwrap_or(usize::MAX);
    &list[..count.min(list.len())]
}

/// Texts that each end with a NUL, such as the arguments of a program. In the table each is one word:
/// one with a space or a quote in it is quoted.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a>(pub &'a [u8]);

impl<'a> Words<'a> {
    /// The words. The last one may be cut off, with its NUL.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
        let words = self.0.strip_suffix(b"\0").unwrap_or(self.0);
        let none = self.0.is_empty();
        words.split(|&byte| byte == 0).filter(move |_| !none)
    }

    /// Appends a word, which is one wherever it ends.
    pub fn push(word: &[u8], out: &mut Vec<u8>) {
        let is_plain = !word.is_empty() && !word.iter().any(|byte| matches!(byte, b' ' | b'"'));
        if is_plain {
            return escape(word, out);
        }
        out.push(b'"');
        for (index, part) in word.split(|&byte| byte == b'"').enumerate() {
            if index > 0 {
                out.extend_from_slice(b"\\\"");
            }
            escape(part, out);
        }
        out.push(b'"');
    }
}

impl Value for Words<'_> {
    fn show(&self, out: &mut Vec<u8>) {
        for (index, word) in self.iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            Self::push(word, out);
        }
    }

    /// Their number.
    fn scalar(&self) -> Scalar<'_> {
        Scalar::Number(self.iter().count() as u64)
    }

    fn field(&self, name: &str, fields: &mut Fields<'_>) {
        fields.texts(name, self.iter());
    }
}

/// An enum of a header: bpf-build implements it.
pub trait Named {
    /// Each number and its name.
    const NAMES: &'static [(i64, &'static str)];

    /// Which it is.
    fn number(&self) -> i64;
}

/// An enumerator, by its name; a number that has none is one.
#[derive(Debug)]
pub struct Enum<'a, E>(pub &'a E);

impl<E: Named> Enum<'_, E> {
    /// Its name, or its number.
    #[inline]
    pub fn name(&self) -> Cow<'static, str> {
        let number = self.0.number();
        match E::NAMES.iter().find(|(known, _)| *known == number) {
            Some((_, name)) => (*name).into(),
            None => number.to_string().into(),
        }
    }
}

impl<E: Named> Value for Enum<'_, E> {
    #[inline]
    fn show(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.name().as_bytes());
    }

    #[inline]
    fn scalar(&self) -> Scalar<'_> {
        match self.name() {
            Cow::Borrowed(name) => Scalar::Text(name.as_bytes().into()),
            Cow::Owned(number) => Scalar::text(number),
        }
    }
}

/// An enum whose enumerators are bits: the names of the set bits, and the remaining bits as a
/// number.
#[derive(Debug)]
pub struct Flags<'a, E>(pub &'a E);

impl<E: Named> Flags<'_, E> {
    fn names(&self) -> Vec<String> {
        let bits = self.0.number();
        let set = |(flag, _): &&(i64, &str)| *flag != 0 && bits & flag == *flag;
        let set = E::NAMES.iter().filter(set);
        let mut names: Vec<_> = set.clone().map(|(_, name)| (*name).to_owned()).collect();
        let rest = set.fold(bits, |rest, (flag, _)| rest & !flag);
        if rest != 0 {
            names.push(format!("{rest:#x}"));
        }
        names
    }
}

impl<E: Named> Value for Flags<'_, E> {
    fn show(&self, out: &mut Vec<u8>) {
        let names = self.names();
        List(names.iter().map(|name| Text(name.as_bytes()))).show(out);
    }

    fn scalar(&self) -> Scalar<'_> {
        Scalar::Signed(self.0.number())
    }

    fn field(&self, name: &str, fields: &mut Fields<'_>) {
        let names = self.names();
        fields.texts(name, names.iter().map(String::as_bytes));
    }
}

/// A kind of BPF program, map or link by the name in bpftool: `RawTracepoint` is `raw_tracepoint`.
pub fn snake(kind: impl std::fmt::Debug) -> String {
    let mut text = String::new();
    for letter in format!("{kind:?}").chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text.replace("ring_buf", "ringbuf")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{one, shown};
    use super::*;

    struct Open(i64);

    impl Named for Open {
        const NAMES: &'static [(i64, &'static str)] =
            &[(0, "none"), (1, "write"), (0x40, "create")];

        fn number(&self) -> i64 {
            self.0
        }
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(one(&Text(b"a\nb")), ("a\\nb".into(), "\"a\\nb\"".into()));
        assert_eq!(
            one(&HexBytes(&[0, 0xbe])),
            ("00be".into(), "\"00be\"".into())
        );
    }

    #[test]
    fn lists_are_lists() {
        let numbers = [7_i64, -1];
        assert_eq!(
            one(&List(numbers.iter().copied())),
            ("7 -1".into(), "[7,-1]".into())
        );
        assert_eq!(
            one(&List(numbers[..0].iter().copied())),
            ("-".into(), "[]".into())
        );
        let texts = [&b"a"[..], b"\xff"].map(Text);
        let json = "\"value\":[\"a\",\"\u{fffd}\"],\"value_hex\":[\"61\",\"ff\"]";
        assert_eq!(shown(&List(texts.into_iter())).1, json);
    }

    #[test]
    fn words_are_quoted() {
        let words = Words(b"echo\0a b\0\0say \"x\"\n\0");
        let json = "[\"echo\",\"a b\",\"\",\"say \\\"x\\\"\\n\"]";
        assert_eq!(
            one(&words),
            (r#"echo "a b" "" "say \"x\"\n""#.into(), json.into())
        );
        assert_eq!(one(&Words(b"")), (String::new(), "[]".into()));
    }

    #[test]
    fn flags_have_names_and_what_has_none_a_number() {
        let flags = |bits| one(&Flags(&Open(bits)));
        assert_eq!(
            flags(0x41),
            ("write create".into(), "[\"write\",\"create\"]".into())
        );
        assert_eq!(flags(0x81).0, "write 0x80");
        assert_eq!(flags(0).0, "-");
    }

    #[test]
    fn enumerators_have_names() {
        assert_eq!(one(&Enum(&Open(1))), ("write".into(), "\"write\"".into()));
        assert_eq!(one(&Enum(&Open(2))), ("2".into(), "\"2\"".into()));
    }

    #[test]
    fn kinds_have_the_names_that_others_give_them() {
        use libbpf_rs::{MapType, ProgramType};
        assert_eq!(snake(ProgramType::RawTracepoint), "raw_tracepoint");
        assert_eq!(snake(MapType::LruHash), "lru_hash");
        assert_eq!(snake(MapType::UserRingBuf), "user_ringbuf");
    }
}
