/// Breaks a line between words so that it fits into `width` columns behind an indentation of
/// `indent`, which all lines but the first get. A word that is longer stays whole.
pub fn wrap(text: &str, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent);
    let mut wrapped = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let cells = word.chars().count();
        if used > 0 && used + 1 + cells > room {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            used = 0;
        } else if !wrapped.is_empty() {
            wrapped.push(' ');
            used += 1;
        }
        wrapped += word;
        used += cells;
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_break_between_words_and_are_indented() {
        assert_eq!(
            wrap("needs Linux 5.8, BTF", 2, 14),
            "needs Linux\n  5.8, BTF"
        );
        assert_eq!(wrap("needs Linux 5.8", 2, 17), "needs Linux 5.8");
        assert_eq!(
            wrap("/a/long/path and more", 1, 9),
            "/a/long/path\n and more"
        );
        assert_eq!(wrap("", 3, 2), "");
    }

    proptest! {
        #[test]
        fn only_a_word_is_wider_than_its_line(
            text in "[a-zä]{1,9}( [a-zä]{1,9}){0,9}", indent in 0_usize..9, width in 1_usize..40
        ) {
            let wrapped = wrap(&text, indent, width);
            let words: Vec<_> = wrapped.split_whitespace().collect();
            prop_assert_eq!(words.join(" "), text);
            for line in format!("{}{wrapped}", " ".repeat(indent)).lines() {
                let fits = line.chars().count() <= width;
                prop_assert!(fits || !line.trim_start().contains(' '), "{:?}", line);
            }
        }
    }
}
