//! Verifier logs as loaders print them: the same explanation, whatever is around the log.

use bpfapps_explain::Code;
use bpfapps_explain::verifier::{Diagnosis, NoLines, explain_log};

/// `refused/src/bpf/bpf0001.bpf.c` on Linux 6.18.
const LOG: &str = "\
0: R1=ctx() R10=fp0
; __u32 pid = bpf_get_current_pid_tgid() >> 32; @ bpf0001.bpf.c:17
0: (85) call bpf_get_current_pid_tgid#14      ; R0=scalar()
1: (77) r0 >>= 32                     ; R0=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))
2: (63) *(u32 *)(r10 -4) = r0         ; R0=scalar() R10=fp0 fp-8=mmmm????
3: (bf) r2 = r10                      ; R2=fp0 R10=fp0
;  @ bpf0001.bpf.c:0
4: (07) r2 += -4                      ; R2=fp-4
; count = bpf_map_lookup_elem(&counts, &pid); @ bpf0001.bpf.c:20
5: (18) r1 = 0xffff888122e1fc00       ; R1=map_ptr(map=counts,ks=4,vs=8)
7: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=counts,ks=4,vs=8)
; *count += 1; @ bpf0001.bpf.c:21
8: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
verification time 76 usec
stack depth 8
processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
";

/// The same on Linux 5.10, without lines of source.
const OLD: &str = "\
0: (85) call bpf_get_current_pid_tgid#14
1: R0_w=inv(id=0) R10=fp0
7: (85) call bpf_map_lookup_elem#1
8: R0_w=map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0) R10=fp0 fp-8=mmmm????
8: (79) r1 = *(u64 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
";

fn explained(text: &str) -> Diagnosis {
    explain_log(text, |_| None, &NoLines).unwrap_or_else(|| panic!("not explained: {text}"))
}

fn line(diagnosis: &Diagnosis) -> Option<(&str, usize)> {
    let place = diagnosis.place()?;
    Some((&place.file, place.line))
}

#[test]
fn every_loader_s_text_is_understood() {
    let indented: String = LOG.lines().map(|line| format!("\t{line}\n")).collect();
    let cases = [
        LOG.to_owned(),
        // libbpf and bpftool
        format!(
            "libbpf: prog 'handle_enter': BPF program load failed: -EACCES\n\
             libbpf: prog 'handle_enter': -- BEGIN PROG LOAD LOG --\n{LOG}-- END PROG LOAD LOG --\n\
             libbpf: failed to load object 'bpf0001'\n"
        ),
        // aya
        format!("Error: the BPF_PROG_LOAD syscall failed. Verifier output: {LOG}\nCaused by: x\n"),
        // bcc
        format!("bpf: Failed to load program: Permission denied\n{LOG}\nTraceback: R1 x\n"),
        // cilium/ebpf, %+v
        format!("program handle_enter: load program: permission denied:\n{indented}"),
        // cut at the start
        LOG[LOG.find("5: (18)").expect("a line")..].to_owned(),
    ];
    for text in cases {
        let diagnosis = explained(&text);
        assert_eq!(diagnosis.code, Code::NULL_CHECK, "{text}");
        assert_eq!(line(&diagnosis), Some(("bpf0001.bpf.c", 21)), "{text}");
    }
}

#[test]
fn summary_of_cilium_ebpf_is_understood() {
    let text = "load program: permission denied: 8: (79) r1 = *(u64 *)(r0 +0): R0 invalid mem access \
                'map_value_or_null' (12 line(s) omitted)";
    let diagnosis = explained(text);
    assert_eq!(diagnosis.code, Code::NULL_CHECK);
    let drawn = diagnosis.draw(&NoLines, false);
    assert!(
        drawn.contains("instruction 8: r1 = *(u64 *)(r0 +0)"),
        "{drawn}"
    );
}

#[test]
fn old_log_has_no_lines_but_a_cause() {
    let diagnosis = explained(OLD);
    assert_eq!(diagnosis.code, Code::NULL_CHECK);
    assert_eq!(line(&diagnosis), None);
    assert!(
        diagnosis.message.starts_with("the program uses"),
        "{}",
        diagnosis.message
    );
}

#[test]
fn the_program_is_named_if_the_text_names_it() {
    let text = format!(
        "libbpf: prog 'other': x\nlibbpf: prog 'mine': -- BEGIN PROG LOAD LOG --\n{LOG}\
         -- END PROG LOAD LOG --\n"
    );
    assert!(explained(&text).message.starts_with("`mine` "));
    let given = explain_log(LOG, |_| Some("given"), &NoLines).expect("an explanation");
    assert!(given.message.starts_with("`given` "));
}

/// With a log level, libbpf prints the logs of programs that load, too. It stops at the one that does
/// not.
#[test]
fn the_last_of_several_logs_is_explained() {
    let loaded = "0: (b7) r0 = 0\n1: (95) exit\nprocessed 2 insns (limit 1000000) max_states_per_insn \
                  0 total_states 0 peak_states 0 mark_read 0\n";
    let framed = |name: &str, log: &str| {
        format!("libbpf: prog '{name}': -- BEGIN PROG LOAD LOG --\n{log}-- END PROG LOAD LOG --\n")
    };
    let text = framed("first", loaded) + &framed("mine", LOG);
    let diagnosis = explained(&text);
    assert!(diagnosis.message.starts_with("`mine` "), "{diagnosis:?}");
    assert_eq!(line(&diagnosis), Some(("bpf0001.bpf.c", 21)));
}

/// Of a log of tens of megabytes only the end is read.
#[test]
fn long_log_is_explained_from_its_end() {
    let round = "1: (07) r0 += 1                       ; R0=0x6ddcf\n";
    let text = format!("0: (b7) r0 = 0\n{}{LOG}", round.repeat(90_000));
    let diagnosis = explained(&text);
    assert_eq!(diagnosis.code, Code::NULL_CHECK);
    assert_eq!(line(&diagnosis), Some(("bpf0001.bpf.c", 21)));
}

#[test]
fn messages_of_libbpf_are_understood_without_a_log() {
    let text =
        "libbpf: map 'counts': failed to create: -EINVAL\nlibbpf: failed to load object 'x'\n";
    assert_eq!(explained(text).code, Code::MAP_DEFINITION);
    let text = "libbpf: prog 'h': missing BPF prog type, check ELF section name 'tracpoint/a/b'\n";
    let diagnosis = explained(text);
    assert_eq!(diagnosis.code, Code::SECTION);
    assert!(
        diagnosis.fix.contains("SEC(\"tracepoint/a/b\")"),
        "{}",
        diagnosis.fix
    );
}

#[test]
fn other_text_is_no_log() {
    for text in [
        "",
        "\n",
        "hello",
        "1: 2: 3",
        "processed food",
        "warning: (x) y",
    ] {
        assert_eq!(explain_log(text, |_| None, &NoLines), None, "{text:?}");
    }
}
