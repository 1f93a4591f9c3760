//! Inputs on disk: many here, for the next run; a few in the repository, for everybody.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::engine;
use crate::workspace;

/// No input is longer.
pub(super) const MAX_INPUT_BYTES: usize = 4096;
/// A repository is no place for thousands of files that nobody reads.
const MOST_KEPT: usize = 40;

/// The folder in which a target runs, with `corpus` and `crashes` in it: what earlier runs found
/// here, and what the repository has.
pub(super) fn prepare(name: &str) -> Result<PathBuf> {
    let folder = here(name)?;
    if folder.join("crashes").exists() {
        // What was taken out of the repository on purpose must not find its way back.
        fs::remove_dir_all(folder.join("crashes"))?;
    }
    for part in ["corpus", "crashes"] {
        fs::create_dir_all(folder.join(part))?;
        for input in files(&repository(name).join(part))? {
            copy_into(&input, &folder.join(part))?;
        }
    }
    Ok(folder)
}

/// Puts what made the target fail into the repository, where the test suite repeats it.
pub(super) fn rescue_crashes(name: &str) -> Result<Vec<PathBuf>> {
    let kept = repository(name).join("crashes");
    let mut rescued = Vec::new();
    for crash in files(&here(name)?.join("crashes"))? {
        fs::create_dir_all(&kept)?;
        let known = crash
            .file_name()
            .is_some_and(|name| kept.join(name).exists());
        if !known {
            rescued.push(copy_into(&crash, &kept)?);
        }
    }
    Ok(rescued)
}

/// Replaces the repository's corpus by the inputs that together reach the most. Returns how many.
pub(super) fn keep(name: &str, binary: &Path) -> Result<usize> {
    let folder = prepare(name)?;
    let nothing = folder.join("merged");
    fs::create_dir_all(&nothing)?;
    let control = folder.join("control");
    let _ = fs::remove_file(&control);
    // It writes down what each input reaches. What it would choose is more than is wanted here.
    let mut merge = engine::harness(binary);
    merge.current_dir(&folder).env(
        "BOLERO_LIBFUZZER_ARGS",
        format!(
            "-set_cover_merge=1 -merge_control_file=control -max_len={MAX_INPUT_BYTES} merged corpus"
        ),
    );
    let output = merge.output().context("could not start the target")?;
    if !output.status.success() {
        bail!("libFuzzer could not compare the inputs of {name}");
    }
    let control = fs::read_to_string(&control).context("libFuzzer wrote no comparison")?;
    fs::remove_dir_all(&nothing)?;
    let chosen = choose(&control, MOST_KEPT);
    let kept = repository(name).join("corpus");
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    fs::create_dir_all(&kept)?;
    for input in &chosen {
        copy_into(&folder.join(input), &kept)?;
    }
    Ok(chosen.len())
}

/// The most useful inputs by libFuzzer's control file: names first, then what each reaches
/// (`FT index feature…`). Always the one that adds most, until nothing is added.
fn choose(control: &str, most: usize) -> Vec<String> {
    let mut lines = control.lines();
    let count = lines.next().and_then(|line| line.parse().ok()).unwrap_or(0);
    let names: Vec<&str> = lines.by_ref().skip(1).take(count).collect();
    let mut reached: Vec<(&str, HashSet<u32>)> = Vec::new();
    for line in lines {
        let mut words = line.split(' ');
        if words.next() != Some("FT") {
            continue;
        }
        let index: Option<usize> = words.next().and_then(|word| word.parse().ok());
        if let Some(name) = index.and_then(|index| names.get(index)) {
            reached.push((name, words.filter_map(|word| word.parse().ok()).collect()));
        }
    }
    let mut chosen = Vec::new();
    while chosen.len() < most {
        // Of equals the first: they come in the order of their size.
        let best = reached
            .iter()
            .rev()
            .max_by_key(|(_, features)| features.len());
        let Some((name, features)) = best.filter(|(_, features)| !features.is_empty()).cloned()
        else {
            break;
        };
        chosen.push(name.to_owned());
        for (_, rest) in &mut reached {
            rest.retain(|feature| !features.contains(feature));
        }
    }
    chosen
}

/// Where bolero looks for what is to be repeated by every test run.
fn repository(name: &str) -> PathBuf {
    workspace::root().join("fuzz/tests/__fuzz__").join(name)
}

fn here(name: &str) -> Result<PathBuf> {
    Ok(workspace::target()?.join("fuzz/found").join(name))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn copy_into(file: &Path, folder: &Path) -> Result<PathBuf> {
    let name = file.file_name().context("a file without a name")?;
    let to = folder.join(name);
    fs::copy(file, &to).with_context(|| format!("could not write {}", to.display()))?;
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inputs_that_reach_most_are_chosen_first_and_idle_ones_never() {
        let control = "4\n0\na\nb\nc\nd\nSTARTED 0 1\nFT 0 1 2\nCOV 0 9\nSTARTED 1 2\n\
            FT 1 1 2 3 4\nSTARTED 2 3\nFT 2 5\nSTARTED 3 9\nFT 3 4 5\n";
        assert_eq!(choose(control, 40), ["b", "c"]);
        assert_eq!(choose(control, 1), ["b"]);
        assert!(choose("", 40).is_empty());
        assert!(choose("1\n0\na\nSTARTED 0 1\n", 40).is_empty());
    }
}
