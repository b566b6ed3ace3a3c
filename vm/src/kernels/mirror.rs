//! Finds Debian's archive, on the mirror that this machine's apt uses.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use bpfapps_task::out;

/// Suites with kernels, each with the newest of a series; Debian has nothing newer than the newest
/// of these.
const SUITES: [&str; 4] = ["bullseye", "bookworm", "trixie", "sid"];

/// `VERSION_ID` in the os-release of a suite; empty for sid, which has none.
pub(super) fn version_id(suite: &str) -> &'static str {
    match suite {
        "bullseye" => "11",
        "bookworm" => "12",
        "trixie" => "13",
        _ => "",
    }
}

/// A sources.list of all suites, on the mirrors of a machine that uses others.
pub(super) fn sources(keys: &str) -> Result<String> {
    sources_of(&machine_targets()?, keys)
}

fn sources_of(targets: &str, keys: &str) -> Result<String> {
    let mirror = |security: bool| {
        targets.lines().find_map(|line| {
            let words: Vec<_> = line.split(' ').collect();
            let [origin, mirror, suite, "main"] = words[..] else {
                return None;
            };
            let (name, part) = suite.split_once('-').unwrap_or((suite, ""));
            // other archives with such a suite lack Debian's signature
            let debian = origin == "Debian" || (origin == "$(ORIGIN)" && SUITES.contains(&name));
            (debian && (part == "security") == security).then_some(mirror)
        })
    };
    let base =
        mirror(false).ok_or_else(|| no_archive("this machine's apt has no mirror of Debian"))?;
    let mut lines = String::new();
    for suite in SUITES {
        lines.push_str(&format!("deb {keys}{base} {suite} main\n"));
        if let Some(mirror) = mirror(true).filter(|_| suite != "sid") {
            lines.push_str(&format!("deb {keys}{mirror} {suite}-security main\n"));
        }
    }
    Ok(lines)
}

/// The lists that apt knows, one per line: `ORIGIN MIRROR SUITE COMPONENT`. The origin is known
/// only after the list was fetched.
fn machine_targets() -> Result<String> {
    let list = |options: &[&str]| {
        let listed = Command::new("apt-get")
            .arg("indextargets")
            .args(options)
            .args(["--format", "$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)"])
            .arg("Created-By: Packages")
            .stderr(Stdio::inherit())
            .output()
            .context("failed to run apt-get")?;
        anyhow::Ok(String::from_utf8_lossy(&listed.stdout).into_owned())
    };
    let fetched = list(&[])?;
    if fetched.is_empty() {
        return list(&["--no-release-info"]);
    }
    Ok(fetched)
}

/// The error where Debian is out of reach.
pub(super) fn no_archive(reason: &str) -> anyhow::Error {
    out::hinted(
        format!("kernels come from Debian by apt, and {reason}"),
        "name a kernel of your own: cargo xtask vm --image FILE",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_taken_from_the_mirror_of_the_machine() -> Result<()> {
        let debian = "http://mirror.example.org/debian/ bookworm main\n";
        let security = "http://mirror.example.org/security/ bookworm-security main\n";
        for (origin, other) in [
            ("Debian", "Other http://other.example.org/ bookworm main\n"),
            (
                "$(ORIGIN)",
                "$(ORIGIN) http://other.example.org/ stable main\n",
            ),
        ] {
            let sources = sources_of(
                &format!("{other}{origin} {debian}{origin} {security}"),
                "[signed-by=keys] ",
            )?;
            let lines: Vec<_> = sources.lines().collect();
            assert_eq!(
                lines[..2],
                [
                    "deb [signed-by=keys] http://mirror.example.org/debian/ bullseye main",
                    "deb [signed-by=keys] http://mirror.example.org/security/ bullseye-security main",
                ]
            );
            let last = "deb [signed-by=keys] http://mirror.example.org/debian/ sid main";
            assert_eq!(lines.last(), Some(&last));
        }
        Ok(())
    }

    #[test]
    fn without_a_mirror_of_debian_it_says_what_to_do() {
        let failed = sources_of("Ubuntu http://mirror.example.org/ubuntu noble main\n", "");
        let message = failed.map_err(|error| error.to_string());
        assert_eq!(
            message,
            Err(
                "kernels come from Debian by apt, and this machine's apt has no mirror of Debian"
                    .to_owned()
            )
        );
    }
}
