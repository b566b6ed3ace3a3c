//! A package of RPM.

use anyhow::Result;
use rpm::{BuildConfig, CompressionWithLevel, FileOptions, PackageBuilder};

use super::tree::{Kind, Tree};
use crate::dist::facts::Facts;

/// The name and the content of the package.
pub(super) fn package(tree: &Tree, facts: &Facts) -> Result<(String, Vec<u8>)> {
    let shipped = &facts.shipped;
    let (binary, version) = (&shipped.binary, facts.package_version());
    let mut package = PackageBuilder::new(
        binary,
        &version,
        &facts.license,
        &facts.machine,
        &facts.description,
    );
    let config = BuildConfig::v4()
        .compression(CompressionWithLevel::Gzip(9))
        .source_date(facts.time);
    let apps = shipped.apps.iter();
    let apps: String = apps
        .map(|app| format!("{binary} {}: {}.\n", app.name, app.about))
        .collect();
    package
        .using_config(config)
        .build_host("localhost")
        .packager(&facts.maintainer)
        .description(apps);
    if let Some(homepage) = &facts.homepage {
        package.url(homepage);
    }
    for (path, file) in tree.files() {
        let options = FileOptions::new(format!("/{path}")).permissions(u16::try_from(file.mode)?);
        let options = match file.kind {
            Kind::Plain => options,
            Kind::Configuration => options.config().noreplace(),
            Kind::License => options.license(),
        };
        package.with_file_contents(file.bytes.clone(), options)?;
    }
    // its own folders, which go with it
    for folder in tree.folders() {
        if folder
            .iter()
            .any(|part| part.to_string_lossy().starts_with(&**binary))
        {
            let options = FileOptions::dir(format!("/{}", folder.display())).permissions(0o755);
            package.with_dir_entry(options)?;
        }
    }
    let script = |name: &str| shipped.render(&format!("rpm/{name}"), ());
    package
        .post_install_script(script("post")?)
        .pre_uninstall_script(script("preun")?)
        .post_uninstall_script(script("postun")?);
    let mut bytes = Vec::new();
    package.build()?.write(&mut bytes)?;
    Ok((format!("{binary}-{version}-1.{}.rpm", facts.machine), bytes))
}
