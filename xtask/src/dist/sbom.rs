//! The bill of materials: which crates are in the binary, for whoever asks whether a hole in one of
//! them is theirs (`CycloneDX` 1.5, ECMA-424).
//!
//! Written here and not by cargo-cyclonedx: that one resolves the whole workspace, and names crates
//! of the benchmarks (`ring`, `quinn`) as parts of the binary, and the folders of this machine.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::ingredients::{Id, Ingredient};
use super::release::Release;

/// The crate that the binary is built from.
const ROOT: &str = "hardtack-server";

pub(crate) fn sbom(release: &Release, found: &BTreeMap<Id, Ingredient>) -> Result<String> {
    let mut root = Value::Null;
    let mut components = Vec::new();
    for (id, ingredient) in found {
        if id.0 == ROOT {
            root = component("application", id, ingredient);
        } else {
            components.push(component("library", id, ingredient));
        }
    }
    let dependencies: Vec<Value> = found
        .iter()
        .map(|(id, ingredient)| {
            let needs: Vec<String> = ingredient.needs.iter().map(reference).collect();
            json!({ "ref": reference(id), "dependsOn": needs })
        })
        .collect();
    let bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": release.date("%Y-%m-%dT%H:%M:%SZ")?,
            "component": root,
            "properties": [{ "name": "cdx:rustc:sbom:target:triple", "value": release.target }],
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(serde_json::to_string_pretty(&bill)? + "\n")
}

fn component(kind: &str, id: &Id, ingredient: &Ingredient) -> Value {
    let (name, version) = id;
    let scope = if ingredient.linked {
        "required"
    } else {
        "excluded"
    };
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("type", json!(kind));
    put("bom-ref", json!(reference(id)));
    put("name", json!(name));
    put("version", json!(version));
    put("scope", json!(scope));
    put("purl", json!(reference(id)));
    if let Some(description) = &ingredient.description {
        put("description", json!(description));
    }
    if let Some(license) = &ingredient.license {
        // The old way of writing `OR`.
        let expression = license.replace('/', " OR ");
        put("licenses", json!([{ "expression": expression }]));
    }
    if let Some(checksum) = &ingredient.checksum {
        put("hashes", json!([{ "alg": "SHA-256", "content": checksum }]));
    }
    if let Some(repository) = &ingredient.repository {
        put(
            "externalReferences",
            json!([{ "type": "vcs", "url": repository }]),
        );
    }
    Value::Object(members)
}

/// A package URL, which is also what the parts of the bill call each other.
fn reference((name, version): &Id) -> String {
    format!("pkg:cargo/{name}@{version}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_crate_is_a_component_with_its_licence_and_what_it_needs() {
        let id = |name: &str| (name.to_owned(), "1.0.0".to_owned());
        let part = |license: &str, linked: bool, needs: &[&str]| Ingredient {
            linked,
            needs: needs.iter().map(|name| id(name)).collect::<BTreeSet<_>>(),
            license: Some(license.to_owned()),
            ..Ingredient::default()
        };
        let found = BTreeMap::from([
            (id(ROOT), part("MIT", true, &["serde", "cc"])),
            (id("serde"), part("MIT/Apache-2.0", true, &[])),
            (id("cc"), part("MIT", false, &[])),
        ]);
        let release = Release {
            version: "1.0.0".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            epoch: 1_795_308_527,
        };
        let bill: Value = serde_json::from_str(&sbom(&release, &found).unwrap()).unwrap();
        assert_eq!(bill["metadata"]["timestamp"], "2026-11-22T00:48:47Z");
        assert_eq!(bill["metadata"]["component"]["name"], ROOT);
        let components = bill["components"].as_array().unwrap();
        let shown: Vec<_> = components
            .iter()
            .map(|part| {
                (
                    &part["name"],
                    &part["scope"],
                    &part["licenses"][0]["expression"],
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (&json!("cc"), &json!("excluded"), &json!("MIT")),
                (
                    &json!("serde"),
                    &json!("required"),
                    &json!("MIT OR Apache-2.0")
                ),
            ]
        );
        assert_eq!(
            bill["dependencies"][1]["dependsOn"],
            json!(["pkg:cargo/cc@1.0.0", "pkg:cargo/serde@1.0.0"])
        );
    }
}
