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

/// Breaks the paragraphs and lists of a page in Markdown anew, so that they fit into `width` columns.
/// Code and tables stay as they are; without a limit, all does.
pub fn wrap_page(page: &str, width: usize) -> String {
    if width == usize::MAX {
        return page.to_owned();
    }
    let mut wrapped = String::new();
    let mut paragraph = String::new();
    let mut is_code = false;
    for line in page.lines() {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        let is_item = line.starts_with("- ");
        let is_text = !(is_code || is_fence || line.is_empty() || line.starts_with(['#', '|']));
        if is_item || !is_text {
            end(&mut paragraph, &mut wrapped, width);
        }
        if is_text {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph += line.trim_start();
        } else {
            wrapped += line;
            wrapped.push('\n');
        }
    }
    end(&mut paragraph, &mut wrapped, width);
    wrapped
}

/// Moves a paragraph, or an item of a list, over.
fn end(paragraph: &mut String, wrapped: &mut String, width: usize) {
    if !paragraph.is_empty() {
        let indent = if paragraph.starts_with("- ") { 2 } else { 0 };
        // the first line begins at the left
        *wrapped += &wrap(paragraph, indent, width);
        wrapped.push('\n');
        paragraph.clear();
    }
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

    #[test]
    fn page_is_wrapped_but_for_code_and_tables() {
        let page = "# A title that is long\n\nSome words\nof a line.\n\n- an item of\n  two \
                    lines\n- next\n\n```c\nint a_long_line;\n```\n| a | long table |\n";
        assert_eq!(
            wrap_page(page, 12),
            "# A title that is long\n\nSome words\nof a line.\n\n- an item\n  of two\n  lines\n- next\n\n\
             ```c\nint a_long_line;\n```\n| a | long table |\n"
        );
        assert_eq!(wrap_page(page, usize::MAX), page);
        for code in crate::Code::ALL {
            let mut rows = code.page().lines().filter(|line| line.starts_with('|'));
            assert!(rows.all(|row| row.chars().count() <= 80), "{code}");
            let same = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(
                same(&wrap_page(code.page(), 60)),
                same(code.page()),
                "{code}"
            );
        }
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
