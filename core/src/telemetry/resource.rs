use std::{env, fs};

use anyhow::{Context as _, Result};
use opentelemetry_proto::tonic::resource::v1::Resource;
use serde_json::Value;

use super::options::pairs;
use super::requests::attribute;

/// What the events come from: this program on this machine, and what the environment says.
///
/// # Errors
///
/// OTEL_RESOURCE_ATTRIBUTES is not of the form that the specification gives.
pub(super) fn resource() -> Result<Resource> {
    let file = |path: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let mut attributes = vec![
        ("service.name".to_owned(), Some("bpfapps".to_owned())),
        (
            "service.version".to_owned(),
            Some(env!("CARGO_PKG_VERSION").to_owned()),
        ),
        ("host.name".to_owned(), file("/proc/sys/kernel/hostname")),
        ("host.id".to_owned(), file("/etc/machine-id")),
        ("os.type".to_owned(), Some("linux".to_owned())),
        ("os.version".to_owned(), file("/proc/sys/kernel/osrelease")),
    ];
    let given = env::var("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let given = pairs(&given).context("OTEL_RESOURCE_ATTRIBUTES")?;
    let name = env::var("OTEL_SERVICE_NAME")
        .ok()
        .filter(|name| !name.is_empty());
    let name = name.map(|name| ("service.name".to_owned(), name));
    for (name, value) in given.into_iter().chain(name) {
        attributes.retain(|(known, _)| *known != name);
        attributes.push((name, Some(value)));
    }
    let known = attributes
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    Ok(Resource {
        attributes: known
            .map(|(name, value)| attribute(&name, &Value::String(value)))
            .collect(),
        ..Resource::default()
    })
}
