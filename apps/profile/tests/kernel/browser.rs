//! Graph and page in a browser: text is there, a search marks, a click zooms.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bpfapps_testkit::{Process, Test, skip, test};

use crate::fixtures::profile_split;

pub(crate) const TESTS: &[Test] = &[
    test!(graph_searches_and_zooms),
    test!(page_searches_and_sorts_by_its_table),
];

/// After the script of the graph has begun, does what a user does, and says what is seen then.
const USER: &str = r##"
const frame = (name) => [...document.querySelectorAll("#frames > g")]
	.find((it) => it.querySelector("title").textContent.startsWith(name + " ("));
const rect = (name) => frame(name).querySelector("rect");
const click = (target) => target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
const say = (what, value) => {
	const said = document.documentElement.getAttribute("said") || "";
	document.documentElement.setAttribute("said", said + what + "=" + value + "|");
};
window.addEventListener("load", () => setTimeout(() => {
	say("text", frame("spins_seventy").querySelector("text").textContent.trim());
	USES
}, 0));
"##;

/// Opens a file in a browser, with a user who does that; returns what the user says.
fn browse(format: &str, uses: &str) -> Result<Option<Vec<String>>> {
    if Command::new("chromium").arg("--version").output().is_err() {
        skip("needs the browser chromium")?;
        return Ok(None);
    }
    let args = ["--hz", "997", "-o", format];
    let exit = Process::run(&mut profile_split(&args, "1")?)?.expect_code(0)?;
    let end = if format == "svg" { "</svg>" } else { "</html>" };
    let text = exit.stdout.join("\n");
    let (text, _) = text.rsplit_once(end).context("no end")?;
    let user = USER.replace("USES", uses);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join(format!("it.{format}"));
    let script = format!("<script><![CDATA[{user}]]></script>");
    let script = match format {
        "svg" => script,
        _ => format!("<script>{user}</script>"),
    };
    fs::write(&file, format!("{text}{script}{end}"))?;
    let mut chromium = Command::new("chromium");
    chromium.args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]);
    // scripts run before the page is dumped, and time does not pass for nothing
    chromium.arg("--virtual-time-budget=10000");
    chromium.arg(format!("--user-data-dir={}", folder.path().display()));
    chromium.arg(format!("file://{}", file.display()));
    let exit = Process::run(&mut chromium)?.expect_code(0)?;
    let page = exit.stdout.join("\n");
    let (_, said) = page.split_once(" said=\"").context("nothing was said")?;
    let (said, _) = said.split_once('"').context("no end")?;
    Ok(Some(
        said.split_terminator('|').map(str::to_owned).collect(),
    ))
}

fn graph_searches_and_zooms() -> Result<()> {
    let uses = r#"
	search("spins_seventy");
	say("marked", rect("spins_seventy").getAttribute("fill"));
	say("other", rect("spins_thirty").getAttribute("fill") == searchcolor);
	say("matched", document.getElementById("matched").textContent);
	say("before", parseFloat(rect("spins_thirty").getAttribute("width")) < 40);
	click(rect("spins_thirty"));
	say("zoomed", rect("spins_thirty").getAttribute("width"));
	say("hidden", frame("spins_seventy").classList.contains("hide"));
	click(document.getElementById("unzoom"));
	say("back", frame("spins_seventy").classList.contains("hide"));
"#;
    let Some(said) = browse("svg", uses)? else {
        return Ok(());
    };
    let expected = [
        "text=spins_seventy",
        "marked=rgb(230,0,230)",
        "other=false",
        "matched=",
        "before=true",
        "zoomed=100.0000%",
        "hidden=true",
        "back=false",
    ];
    ensure!(said.len() == expected.len(), "{said:#?}");
    let mut both = said.iter().zip(expected);
    ensure!(both.all(|(it, start)| it.starts_with(start)), "{said:#?}");
    let matched = said[3].strip_prefix("matched=Matched: ").context("none")?;
    let percent: f64 = matched.trim_end_matches('%').parse()?;
    ensure!((50.0..=73.0).contains(&percent), "{said:#?}");
    Ok(())
}

fn page_searches_and_sorts_by_its_table() -> Result<()> {
    let uses = r#"
	const rows = () => [...document.querySelectorAll("tbody tr")];
	const name = (row) => row.querySelector("a").textContent;
	say("first", name(rows()[0]));
	click(rows().find((row) => name(row) == "spins_thirty").querySelector("a"));
	say("marked", rect("spins_thirty").getAttribute("fill"));
	say("other", rect("spins_seventy").getAttribute("fill") == searchcolor);
	click(document.querySelectorAll("th")[0]);
	say("least", rows()[0].cells[0].textContent);
	say("last", name(rows().at(-1)));
	click(document.querySelectorAll("th")[4]);
	const names = rows().map(name);
	say("sorted", names.every((it, at) => !at || names[at - 1].localeCompare(it) <= 0));
"#;
    let Some(said) = browse("html", uses)? else {
        return Ok(());
    };
    let expected = [
        "text=spins_seventy",
        "first=spins_seventy",
        "marked=rgb(230,0,230)",
        "other=false",
        "least=0",
        "last=spins_seventy",
        "sorted=true",
    ];
    ensure!(said == expected, "{said:#?}");
    Ok(())
}
