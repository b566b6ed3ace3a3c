//! Each format has the same truth.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use bpfapps_testkit::{Process, Test, many, test};

use crate::fixtures::{count, expect_seventy, profile_split};
use crate::pprof;

pub(crate) const TESTS: &[Test] = &[
    test!(folded_stacks_have_the_split),
    test!(flame_graph_has_the_split),
    test!(page_has_the_split_in_its_graph_and_in_its_table),
    test!(pprof_has_the_split),
    test!(two_runs_are_compared),
];

/// Many samples, of a program that ends before its functions get their names.
const RATE: [&str; 2] = ["--hz", "997"];

fn folded_stacks_have_the_split() -> Result<()> {
    let exit = Process::run(&mut profile_split(&RATE, "2")?)?.expect_code(0)?;
    let (seventy, all) = count(&exit.stdout, "spins_seventy")?;
    let (thirty, _) = count(&exit.stdout, "spins_thirty")?;
    expect_seventy(seventy, thirty)?;
    // 2 s of CPU time, as the kernel counts it; a busy emulator leaves out ticks
    let least = many(1700) as u64;
    ensure!((least..2300).contains(&all), "{all} samples: {exit:#?}");
    // marks in files of arm64 are no functions
    ensure!(!exit.stdout.concat().contains(";$"), "{exit:#?}");
    Ok(())
}

/// The samples of a function in the titles of a flame graph: `name (12 samples, 3.4%)`.
fn in_graph(svg: &str, function: &str) -> Result<u64> {
    let titles = svg.split("<title>").skip(1);
    let start = format!("{function} (");
    let counts = titles.filter_map(|title| title.strip_prefix(&start)?.split_once(" samples"));
    let counts = counts.map(|(count, _)| count.replace(',', "").parse::<u64>());
    counts.sum::<Result<_, _>>().context("no number")
}

fn flame_graph_has_the_split() -> Result<()> {
    let args = [&RATE[..], &["-o", "svg"]].concat();
    let exit = Process::run(&mut profile_split(&args, "2")?)?.expect_code(0)?;
    let svg = exit.stdout.join("\n");
    ensure!(svg.starts_with("<?xml") && svg.ends_with("</svg>"), "{svg}");
    expect_seventy(
        in_graph(&svg, "spins_seventy")?,
        in_graph(&svg, "spins_thirty")?,
    )
}

/// Own and all samples of a function in the table.
fn in_table(page: &str, function: &str) -> Result<(u64, u64)> {
    let name = format!("<a>{function}</a>");
    let mut rows = page.lines().filter(|line| line.contains(&name));
    let row = rows.next().with_context(|| format!("no {function}"))?;
    ensure!(rows.next().is_none(), "two rows of {function}");
    let cells: Vec<_> = row.split("<td>").collect();
    Ok((cells[1].parse()?, cells[3].parse()?))
}

fn page_has_the_split_in_its_graph_and_in_its_table() -> Result<()> {
    let args = [&RATE[..], &["-o", "html"]].concat();
    let exit = Process::run(&mut profile_split(&args, "2")?)?.expect_code(0)?;
    let page = exit.stdout.join("\n");
    ensure!(!page.contains("{{ ") && page.ends_with("</html>"), "{page}");
    let (seventy, with_called) = in_table(&page, "spins_seventy")?;
    expect_seventy(seventy, in_table(&page, "spins_thirty")?.0)?;
    ensure!(seventy <= with_called, "{seventy} of {with_called}");
    let drawn = in_graph(&page, "spins_seventy")?;
    ensure!(drawn == with_called, "{drawn} and {with_called}");
    Ok(())
}

fn pprof_has_the_split() -> Result<()> {
    let folder = tempfile::tempdir_in("/tmp")?;
    open_to_all(folder.path())?;
    let file = folder.path().join("profile.pb.gz");
    let name = file.to_str().context("UTF-8")?;
    let args = [&RATE[..], &["-o", "pprof", "--output-file", name]].concat();
    Process::run(&mut profile_split(&args, "2")?)?.expect_code(0)?;
    let profile = pprof::Profile::read(&fs::read(&file)?)?;
    let seventy = profile.samples_in("spins_seventy")?;
    expect_seventy(seventy, profile.samples_in("spins_thirty")?)?;
    ensure!(
        profile.values == ["samples count", "cpu nanoseconds"],
        "{:?}",
        profile.values
    );
    let own = std::env::current_exe()?;
    let own = own.to_str().context("UTF-8")?;
    ensure!(
        profile.strings.iter().any(|text| text == own),
        "{own} is no mapping"
    );
    Ok(())
}

/// Folders of tests are root's alone, and the program continues as nobody.
pub(crate) fn open_to_all(folder: &std::path::Path) -> Result<()> {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(folder, mode).context("failed to open a folder to all")
}

fn two_runs_are_compared() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("before");
    // the same stacks, the other way round
    let mut lines = Vec::new();
    // a busy emulator may leave out nearly all ticks of a run
    for _ in 0..3 {
        lines = Process::run(&mut profile_split(&RATE, "1")?)?
            .expect_code(0)?
            .stdout;
        if count(&lines, "spins_seventy")?.0 > many(500) as u64 {
            break;
        }
    }
    let text = lines.join("\n").replace("spins_seventy", "it");
    let text = text.replace("spins_thirty", "spins_seventy");
    fs::write(&file, text.replace(";it", ";spins_thirty"))?;
    let before = [&RATE[..], &["--compare", file.to_str().context("UTF-8")?]].concat();
    let exit = Process::run(&mut profile_split(&before, "1")?)?.expect_code(0)?;
    let mut stacks = exit.stdout.iter();
    let stack = stacks.find_map(|line| line.split_once(";spins_thirty "));
    let (_, numbers) = stack.context("no such stack")?;
    let numbers: Vec<u64> = numbers
        .split(' ')
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    ensure!(
        numbers.len() == 2 && numbers[0] > numbers[1],
        "{:#?}",
        exit.stdout
    );

    let args = [&before[..], &["-o", "svg"]].concat();
    let exit = Process::run(&mut profile_split(&args, "1")?)?.expect_code(0)?;
    let svg = exit.stdout.join("\n");
    // red has grown, blue has shrunk
    let colour = |function: &str| -> Result<Vec<u8>> {
        let frames = svg.split("<title>").skip(1);
        // without callers it may be in several stacks: the widest one counts
        let frame = frames.max_by_key(|frame| in_graph(&format!("<title>{frame}"), function).ok());
        let (_, rest) = frame
            .and_then(|frame| frame.split_once("fill=\"rgb("))
            .context("no colour")?;
        let (numbers, _) = rest.split_once(')').context("no colour")?;
        let numbers = numbers.split(',').map(str::parse);
        numbers.collect::<Result<_, _>>().context("no number")
    };
    let (grown, shrunk) = (colour("spins_seventy")?, colour("spins_thirty")?);
    ensure!(grown[0] > grown[2], "{grown:?}");
    ensure!(shrunk[0] < shrunk[2], "{shrunk:?}");
    Ok(())
}
