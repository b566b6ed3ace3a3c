use bpfapps_explain::verifier::Place;

/// The lines of a source file.
pub(super) struct Source(pub(super) Vec<String>);

impl Source {
    /// Line `number`.
    pub(super) fn line(&self, number: usize) -> Option<&str> {
        self.0.get(number.checked_sub(1)?).map(String::as_str)
    }

    /// The first call of `function` from `place` on, in the same function or else the only one in
    /// the file.
    pub(super) fn call(&self, function: &str, place: &Place) -> Option<Place> {
        let calls: Vec<_> = self
            .0
            .iter()
            .zip(1..)
            .filter_map(|(text, line)| Some((text, line, column(text, function)?)))
            .collect();
        // the end of a function, as most people write it
        let body = self.0.iter().zip(1..).skip(place.line.saturating_sub(1));
        let end = body.clone().find(|(text, _)| text.starts_with('}'));
        let end = end.map_or(usize::MAX, |(_, line)| line);
        let near = calls
            .iter()
            .find(|(_, line, _)| (place.line..end).contains(line));
        let only = || (calls.len() == 1).then(|| calls.first()).flatten();
        let &(text, line, column) = near.or_else(only)?;
        Some(Place {
            file: place.file.clone(),
            line,
            column,
            text: text.clone(),
        })
    }
}

/// The column of a call of `function`.
fn column(text: &str, function: &str) -> Option<usize> {
    let code = text.split("//").next().unwrap_or(text);
    let code = code.split("/*").next().unwrap_or(code);
    let mut found = code.match_indices(function).filter(|&(at, name)| {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        !code[..at].ends_with(is_name) && code[at + name.len()..].starts_with('(')
    });
    found.next().map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
static void first(void)
{
	if (a)
		return;
	/* my_call(1) */
	x = my_call(2) + not_my_call(3);
}

void second(void)
{
	my_call(4);
	rare(5);
}";

    fn line_of(function: &str, line: usize) -> Option<(usize, usize)> {
        let source = Source(TEXT.lines().map(str::to_owned).collect());
        let text = source.line(line).expect("a line").to_owned();
        let file = "a.bpf.c".to_owned();
        let column = 1;
        let place = Place {
            file,
            line,
            column,
            text,
        };
        let found = source.call(function, &place)?;
        Some((found.line, found.column))
    }

    #[test]
    fn calls_are_found_behind_a_line() {
        assert_eq!(line_of("my_call", 3), Some((6, 6)));
        assert_eq!(line_of("my_call", 9), Some((11, 2)));
        // the other one is another function's
        assert_eq!(line_of("my_call", 12), None);
        assert_eq!(line_of("rare", 3), Some((12, 2)));
        assert_eq!(line_of("call", 3), None);
        assert_eq!(line_of("not_my_call", 3), Some((6, 19)));
    }
}
