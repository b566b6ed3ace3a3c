//! An image for containers, in the layout of the Open Container Initiative:
//! <https://github.com/opencontainers/image-spec>.

use std::collections::BTreeMap;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::archive::Archive;
use super::tree::Tree;
use super::{architecture, gzip};
use crate::dist::facts::Facts;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The files of the layout in its folder, and the archive of them.
pub(super) fn image(tree: &Tree, facts: &Facts) -> Result<Vec<(String, Vec<u8>)>> {
    let mut blobs = Blobs::default();
    let layer = Archive::of(tree, facts.time)?;
    let diff_id = digest(&layer);
    let layer = blobs.add(LAYER, gzip(&layer)?);
    let config = blobs.add_json(CONFIG, &config(facts, &diff_id)?)?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [layer],
        "annotations": labels(facts)?,
    });
    let mut manifest = blobs.add_json(MANIFEST, &manifest)?;
    let (binary, version) = (&facts.shipped.binary, tag(facts));
    manifest["platform"] = json!({
        "architecture": architecture(&facts.machine),
        "os": "linux",
    });
    manifest["annotations"] = json!({
        "org.opencontainers.image.ref.name": version,
        // the name that it has once it is loaded
        "io.containerd.image.name": format!("docker.io/library/{binary}:{version}"),
    });
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [manifest],
    });

    let mut files = blobs.0;
    let layout = json!({ "imageLayoutVersion": "1.0.0" });
    files.insert("oci-layout".to_owned(), serde_json::to_vec(&layout)?);
    files.insert("index.json".to_owned(), serde_json::to_vec(&index)?);
    let mut archive = Archive::new(facts.time)?;
    for folder in ["blobs/", "blobs/sha256/"] {
        archive.folder(folder)?;
    }
    for (path, bytes) in &files {
        archive.file(path, 0o644, bytes)?;
    }
    let name = format!("{binary}-{version}.oci");
    let mut all = vec![(format!("{name}.tar"), archive.finish()?)];
    all.extend(
        files
            .into_iter()
            .map(|(path, bytes)| (format!("{name}/{path}"), bytes)),
    );
    Ok(all)
}

/// Files by their paths, which are made of their digests.
#[derive(Default)]
struct Blobs(BTreeMap<String, Vec<u8>>);

impl Blobs {
    /// Adds one, and returns its descriptor.
    fn add(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let (digest, size) = (digest(&bytes), bytes.len());
        self.0.insert(format!("blobs/sha256/{digest}"), bytes);
        json!({
            "mediaType": media_type,
            "digest": format!("sha256:{digest}"),
            "size": size,
        })
    }

    fn add_json(&mut self, media_type: &str, document: &Value) -> Result<Value> {
        Ok(self.add(media_type, serde_json::to_vec(document)?))
    }
}

fn config(facts: &Facts, diff_id: &str) -> Result<Value> {
    let created = created(facts)?;
    Ok(json!({
        "created": created,
        "architecture": architecture(&facts.machine),
        "os": "linux",
        "config": {
            // a runtime gives capabilities to this user alone
            "User": "0:0",
            "Entrypoint": [format!("/usr/bin/{}", facts.shipped.binary)],
            "Env": ["PATH=/usr/bin"],
            "Labels": labels(facts)?,
            "StopSignal": "SIGTERM",
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{diff_id}")] },
        "history": [{ "created": created, "created_by": "cargo xtask dist" }],
    }))
}

fn labels(facts: &Facts) -> Result<BTreeMap<String, String>> {
    let mut labels = vec![
        ("created", created(facts)?),
        ("title", facts.shipped.binary.clone()),
        ("version", facts.shipped.version.clone()),
        ("description", facts.description.clone()),
        ("licenses", facts.license.clone()),
    ];
    labels.extend(facts.homepage.clone().map(|homepage| ("url", homepage)));
    let named = labels.into_iter();
    Ok(named
        .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value))
        .collect())
}

fn created(facts: &Facts) -> Result<String> {
    Ok(Timestamp::from_second(facts.time.into())?.to_string())
}

/// The version as a tag, which has no plus sign.
fn tag(facts: &Facts) -> String {
    facts.shipped.version.replace('+', "-")
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
