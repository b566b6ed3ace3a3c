//! Edits of BPF C, found by what a line says. `None`: there is no place for one.

/// A source with a mistake in it.
pub struct Edited {
    /// The source.
    pub text: String,
    /// The lines that may be marked, from 1: all that follow from the one edit.
    pub lines: Vec<usize>,
    /// What the message or the fix has to name.
    pub names: String,
    /// The line that has to be shown as where the value comes from.
    pub from: Option<usize>,
}

/// Calls and fields whose result may be NULL, beside a new record.
const LOOKUPS: [&str; 6] = [
    " = bpf_map_lookup_elem(",
    " = bpfapps_counts(",
    " = bpf_sk_storage_get(",
    " = bpf_skc_to_tcp_sock(",
    " = ctx->task;",
    " = ctx->sk_common;",
];

/// Nobody looks whether a record was reserved.
pub(super) fn record_unchecked(source: &str) -> Option<Edited> {
    unchecked(source, &[" = bpfapps_reserve("])
}

/// Nobody looks whether something was found.
pub(super) fn lookup_unchecked(source: &str) -> Option<Edited> {
    unchecked(source, &LOOKUPS)
}

fn unchecked(source: &str, calls: &[&str]) -> Option<Edited> {
    let mut lines = owned(source);
    let is_one = |line: &String| calls.iter().any(|call| line.contains(call));
    // a result that is only compared is no pointer any more
    let found = |line: &String| is_one(line) && !line.contains("!= 0");
    let call = lines.iter().position(found)?;
    let (before, _) = lines[call].split_once(" = ")?;
    let name = before.rsplit([' ', '\t', '*']).next()?.to_owned();
    let at = drop_check(&mut lines, call, &name)?;
    // the compiler may give the first access the line of a condition right before the call
    let marked = (call - 2..=call).chain(uses(&lines, at, &name)).collect();
    Some(Edited {
        from: Some(call + 1),
        ..edited(lines, marked)?
    })
}

/// Drops the check of a pointer behind line `from`, and returns where it was.
fn drop_check(lines: &mut Vec<String>, from: usize, name: &str) -> Option<usize> {
    let (missing, or) = (format!("if (!{name})"), format!("!{name} || "));
    let there = format!("if ({name})");
    for at in from + 1..lines.len() {
        let line = lines[at].clone();
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        if text == missing {
            let is_comment = |line: &String| line.trim_start().starts_with("/*");
            let statement = (at + 1..).find(|&at| !is_comment(&lines[at]))?;
            lines.drain(at..=statement);
        } else if text == format!("{missing} {{") {
            let end = (at..).find(|&at| lines[at] == format!("{indent}}}"))?;
            lines.drain(at..=end);
        } else if text == there {
            lines.remove(at);
        } else if text == format!("{there} {{") {
            lines[at] = format!("{indent}{{");
        } else if line.contains(&or) {
            lines[at] = line.replace(&or, "");
        } else {
            continue;
        }
        return Some(at);
    }
    None
}

/// The uses of a pointer from line `from` on: it is the compiler that orders them.
fn uses(lines: &[String], from: usize, name: &str) -> Vec<usize> {
    let forms = [
        format!("{name}->"),
        format!("*{name}"),
        format!("({name},"),
        format!("({name})"),
        format!(" {name},"),
        format!(" {name})"),
    ];
    let is_use = |line: &str| forms.iter().any(|form| line.contains(form));
    let end = (from..lines.len()).find(|&at| lines[at] == "}");
    let mut uses: Vec<_> = (from..end.unwrap_or(lines.len()))
        .filter(|&at| is_use(&lines[at]))
        .collect();
    // and in the function here that it is passed to, by the same name
    let first = uses.first().map_or("", |&at| lines[at].trim_start());
    let called = first.split('(').next().unwrap_or_default();
    let defines = |line: &String| {
        line.starts_with("static ") && line.contains(&format!(" {called}(")) && !called.is_empty()
    };
    if let Some(begin) = lines.iter().position(defines) {
        let body = (begin + 1..lines.len()).take_while(|&at| lines[at] != "}");
        uses.extend(body.filter(|&at| is_use(&lines[at])));
    }
    uses
}

/// A packet is read before its end was looked at.
pub(super) fn bound_dropped(source: &str) -> Option<Edited> {
    let mut lines = owned(source);
    let is_bound = |line: &String| line.contains("if ((void *)(") && line.ends_with(" > end)");
    let at = lines.iter().position(is_bound)?;
    let (_, rest) = lines[at].split_once("if ((void *)(")?;
    let name = rest.split(' ').next()?.to_owned();
    lines.drain(at..at + 2);
    let marked = uses(&lines, at, &name);
    edited(lines, marked)
}

/// A helper is told that a member is as large as the record that it is in.
pub(super) fn size_too_large(source: &str) -> Option<Edited> {
    let mut lines = owned(source);
    let is_call = |line: &String| line.contains("bpf_") && line.contains(", sizeof(e->");
    let at = lines.iter().position(is_call)?;
    let (before, rest) = lines[at].split_once(", sizeof(e->")?;
    let (_, after) = rest.split_once(')')?;
    lines[at] = format!("{before}, sizeof(*e){after}");
    edited(lines, vec![at])
}

/// A record is neither submitted nor discarded.
pub(super) fn record_kept(source: &str) -> Option<Edited> {
    let mut lines = owned(source);
    let is_submit = |line: &String| line.trim_start().starts_with("bpfapps_submit(");
    let at = lines.iter().position(is_submit)?;
    lines.remove(at);
    let is_reserve = |line: &String| line.contains("bpfapps_reserve(");
    let reserve = lines.iter().position(is_reserve)?;
    // the exit is where the function ends into which it is merged, or that a macro begins
    let ends = |at: usize| lines[at].contains("return ") || lines[at] == "}";
    let begins = |at: usize| at > 0 && lines[at - 1].starts_with("SEC(");
    let marked = (0..lines.len()).filter(|&at| ends(at) || begins(at));
    let marked = marked.collect();
    Some(Edited {
        from: Some(reserve + 1),
        ..edited(lines, marked)?
    })
}

/// The section begins with no program type, but nearly.
pub(super) fn section_misspelt(source: &str) -> Option<Edited> {
    let mut lines = owned(source);
    let at = programs(&lines).next()?;
    let (_, section) = lines[at].split_once('"')?;
    let (section, _) = section.split_once('"')?;
    let kind = section.split(['/', '.']).next()?;
    let (start, end) = kind.split_at(2);
    let swapped: String = start.chars().rev().collect();
    let names = format!("SEC(\"{section}\")");
    lines[at] = format!("SEC(\"{swapped}{end}{}\")", &section[kind.len()..]);
    // where the program begins: its own line, or that of its first statement
    let end = (at..lines.len()).find(|&at| lines[at] == "}")?;
    let marked = (at + 1..end).collect();
    Some(Edited {
        names,
        ..edited(lines, marked)?
    })
}

/// A field is read that no kernel has.
pub(super) fn field_of_no_kernel(source: &str) -> Option<Edited> {
    let mut lines = owned(source);
    let at = programs(&lines).next()?;
    let ty =
        "struct task_struct___any { int no_such_field; } __attribute__((preserve_access_index));";
    lines.insert(at, ty.to_owned());
    let statement = "asm volatile(\"\" : : \"r\"(((struct task_struct___any *)8)->no_such_field));";
    Some(Edited {
        names: "`no_such_field` in `struct task_struct`".to_owned(),
        ..insert(lines, statement)?
    })
}

/// A helper is called that other program types have.
pub(super) fn helper_of_another_type(source: &str) -> Option<Edited> {
    let lines = owned(source);
    let (helper, statement) = match lines[programs(&lines).next()?].as_str() {
        "SEC(\"xdp\")" => ("bpf_skb_pull_data", "bpf_skb_pull_data(0, 0);"),
        _ => ("bpf_xdp_adjust_head", "bpf_xdp_adjust_head(0, 0);"),
    };
    Some(Edited {
        names: format!("`{helper}`"),
        ..insert(lines, statement)?
    })
}

/// A register is used to which nothing was assigned. The compiler leaves out what reads a variable
/// like that, so it is in assembly.
pub(super) fn register_unset(source: &str) -> Option<Edited> {
    insert(owned(source), "asm volatile(\"r7 += 1\" : : : \"r7\");")
}

/// A key, or a member of one, has no value.
pub(super) fn key_unset(source: &str) -> Option<Edited> {
    let mut lines = owned(source);
    let key = |line: &String| {
        let call = line.split_once("bpf_map_");
        let (_, arguments) = call.or_else(|| line.split_once("bpfapps_counts("))?;
        let (_, key) = arguments.split_once(", &")?;
        Some(key.split([',', ')', '.']).next()?.to_owned())
    };
    let used = lines.iter().position(|line| key(line).is_some())?;
    let name = key(&lines[used])?;
    let declared = |line: &String| line.contains(&format!(" {name} = "));
    let at = lines[..used].iter().rposition(declared)?;
    let start = lines[at].find(&format!(" {name} = "))? + 1 + name.len();
    let mut depth = 0;
    let end = lines[at][start..].find(|c| {
        depth += i32::from("({".contains(c)) - i32::from(")}".contains(c));
        depth == 0 && ",;".contains(c)
    })?;
    lines[at].replace_range(start..start + end, "");
    edited(lines, vec![used])
}

/// The lines with the sections of the programs.
fn programs(lines: &[String]) -> impl Iterator<Item = usize> {
    let is_section = |at: &usize| {
        let is_struct = || lines[at + 1].starts_with("struct ");
        lines[*at].starts_with("SEC(\"") && !is_struct()
    };
    (0..lines.len()).filter(is_section)
}

/// With a statement at the begin of each program.
fn insert(mut lines: Vec<String>, statement: &str) -> Option<Edited> {
    let sections: Vec<_> = programs(&lines).collect();
    let mut marked = Vec::new();
    for (already, section) in sections.into_iter().enumerate() {
        let mut after = section + already..lines.len();
        let body = after.find(|&at| lines[at] == "{")?;
        lines.insert(body + 1, format!("\t{statement}"));
        marked.push(body + 1);
    }
    edited(lines, marked)
}

fn owned(source: &str) -> Vec<String> {
    source.lines().map(str::to_owned).collect()
}

/// `marked` are places in `lines`, from 0.
fn edited(lines: Vec<String>, marked: Vec<usize>) -> Option<Edited> {
    let lines_from_1 = marked.iter().map(|at| at + 1).collect();
    (!marked.is_empty()).then(|| Edited {
        text: lines.join("\n") + "\n",
        lines: lines_from_1,
        names: String::new(),
        from: None,
    })
}
