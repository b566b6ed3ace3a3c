//! The folder of a binary that is shipped.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::build::stdout;
use super::facts::Facts;
use super::notices;

/// Lays out the folder `dist` of the binary at `program`, which has the libraries with these
/// manifests, and returns the files in it.
///
/// # Errors
///
/// The program does not say what it is asked, or a file can't be written.
pub fn fill<'a>(
    dist: &Path,
    program: &Path,
    facts: &Facts,
    libraries: impl Iterator<Item = &'a Path>,
) -> Result<Vec<PathBuf>> {
    let binary = &facts.shipped.binary;
    let mut files = vec![PathBuf::from(binary)];
    fs::create_dir_all(dist).with_context(|| format!("failed to create {}", dist.display()))?;
    fs::copy(program, dist.join(binary)).with_context(|| format!("failed to copy {binary}"))?;
    let mut write = |file: PathBuf, text: &[u8]| {
        let path = dist.join(&file);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = made.and_then(|()| fs::write(&path, text));
        files.push(file);
        written.with_context(|| format!("failed to write {}", path.display()))
    };

    let mut says = vec![(vec!["man"], format!("man/{binary}.1"))];
    for app in &facts.shipped.apps {
        says.push((
            vec!["man", &app.name],
            format!("man/{binary}-{}.1", app.name),
        ));
    }
    // with the name that each shell expects
    for (shell, file) in [
        ("bash", format!("{binary}.bash")),
        ("zsh", format!("_{binary}")),
        ("fish", format!("{binary}.fish")),
    ] {
        says.push((vec!["completions", shell], format!("completions/{file}")));
    }
    for (args, file) in says {
        write(file.into(), &stdout(facts.target.run(program).args(args))?)?;
    }
    for file in facts.shipped.files()? {
        write(file.path, file.text.as_bytes())?;
    }
    write(
        "NOTICES".into(),
        notices::page(facts, libraries)?.as_bytes(),
    )?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use bpfapps_templates::{Shipped, ShippedApp};

    use super::*;
    use crate::target::Target;

    #[test]
    fn files_are_called_what_the_binary_is_called() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let built = folder.path().join("built");
        let script = "#!/bin/sh\necho \"$*\"\n";
        // written by another process: a file that this process has open for writing is busy for its
        // children
        let write = r#"printf %s "$1" > "$0" && chmod 755 "$0""#;
        let mut sh = Command::new("sh");
        assert!(
            sh.args(["-c", write])
                .arg(&built)
                .arg(script)
                .status()?
                .success()
        );
        let dist = folder.path().join("dist");
        let facts = Facts {
            shipped: Shipped {
                binary: "my-tool".to_owned(),
                version: "1.2.3".to_owned(),
                apps: vec![ShippedApp {
                    name: "opens".to_owned(),
                    about: "Trace".to_owned(),
                    capabilities: vec!["CAP_BPF".to_owned()],
                    tracefs: true,
                    documents: true,
                }],
            },
            description: String::new(),
            license: "MIT".to_owned(),
            homepage: None,
            maintainer: String::new(),
            machine: "x86_64".to_owned(),
            target: Target::Here,
            time: 0,
        };
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let files = fill(&dist, &built, &facts, [&*manifest].into_iter())?;
        let said = [
            ("my-tool", script),
            ("man/my-tool.1", "man\n"),
            ("man/my-tool-opens.1", "man opens\n"),
            ("completions/my-tool.bash", "completions bash\n"),
            ("completions/_my-tool", "completions zsh\n"),
            ("completions/my-tool.fish", "completions fish\n"),
        ];
        for (file, text) in said {
            assert_eq!(fs::read_to_string(dist.join(file))?, text, "{file}");
        }
        let rendered = [
            "NOTICES",
            "config.yaml",
            "systemd/my-tool@.service",
            "systemd/my-tool@.socket",
            "systemd/my-tool@opens.service.d/needs.conf",
        ];
        for file in said.map(|(file, _)| file).into_iter().chain(rendered) {
            assert!(files.contains(&file.into()), "{file} in {files:?}");
            assert!(dist.join(file).is_file(), "{file}");
        }
        let notices = fs::read_to_string(dist.join("NOTICES"))?;
        assert!(notices.contains("\nbpfapps-xtask\n"), "{notices}");
        assert!(notices.contains("Redistribution and use"), "{notices}");
        Ok(())
    }
}
