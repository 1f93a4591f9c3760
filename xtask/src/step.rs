//! The steps of `cargo xtask test`, in the order they run.

use std::process::Command;

use anyhow::Result;

use crate::command::run;
use crate::workspace::{self, cargo};
use crate::{dist, docs, setup};

/// One thing that CI does.
pub(crate) struct Step {
    /// What `--only` calls it.
    pub(crate) name: &'static str,
    /// What it shows when it passes.
    pub(crate) about: &'static str,
    /// The step without which it cannot run.
    pub(crate) needs: Option<&'static str>,
    pub(crate) run: fn() -> Result<Outcome>,
}

/// How a step ended that did not fail.
pub(crate) enum Outcome {
    Passed,
    /// Not done, and what to type so that it is done next time.
    Skipped(&'static str),
}

/// Cheap ones first, and what needs the release binary last.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "format",
        about: "the code is formatted",
        needs: None,
        run: format,
    },
    Step {
        name: "lint",
        about: "clippy has nothing to say",
        needs: None,
        run: lint,
    },
    Step {
        name: "docs",
        about: "the documentation builds without a warning",
        needs: None,
        run: rustdoc,
    },
    Step {
        name: "test",
        about: "the tests of all crates",
        needs: None,
        run: test,
    },
    Step {
        name: "doctest",
        about: "the examples in the documentation",
        needs: None,
        run: doctest,
    },
    Step {
        name: "features",
        about: "each feature alone, and none",
        needs: None,
        run: features,
    },
    Step {
        name: "policy",
        about: "licences and sources of dependencies",
        needs: None,
        run: policy,
    },
    Step {
        name: "client",
        about: "the TypeScript client: types, tests, sizes, what is packed",
        needs: None,
        run: client,
    },
    Step {
        name: "release",
        about: "the release binary builds",
        needs: None,
        run: release,
    },
    Step {
        name: "reference",
        about: "docs/configuration.md is up to date",
        needs: Some("release"),
        run: reference,
    },
    Step {
        name: "packages",
        about: "the release packs, twice into the same bytes",
        needs: Some("release"),
        run: packages,
    },
    Step {
        name: "browser",
        about: "the demo page, and cookies over TLS, in Chromium",
        needs: Some("release"),
        run: browser,
    },
    Step {
        name: "frontends",
        about: "the documented front-ends, and the client in ten tabs, in Chromium",
        needs: Some("release"),
        run: frontends,
    },
    Step {
        name: "django",
        about: "a real Django believes our tokens",
        needs: Some("release"),
        run: django,
    },
    Step {
        name: "mail",
        about: "mails through real mail servers, good ones and bad ones",
        needs: Some("release"),
        run: mail,
    },
];

fn format() -> Result<Outcome> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    Ok(Outcome::Passed)
}

fn lint() -> Result<Outcome> {
    let everything = ["clippy", "--workspace", "--all-targets", "--all-features"];
    run(cargo().args(everything).args(["--", "-D", "warnings"]))?;
    Ok(Outcome::Passed)
}

fn rustdoc() -> Result<Outcome> {
    let mut doc = cargo();
    doc.args(["doc", "--no-deps", "--workspace", "--all-features"]);
    run(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::Passed)
}

fn test() -> Result<Outcome> {
    setup::nextest()?;
    run(cargo().args([
        "nextest",
        "run",
        "--workspace",
        "--all-features",
        "--no-fail-fast",
    ]))?;
    Ok(Outcome::Passed)
}

fn doctest() -> Result<Outcome> {
    run(cargo().args(["test", "--doc", "--workspace", "--all-features"]))?;
    Ok(Outcome::Passed)
}

/// Features only ever add: a crate must stand with each of them alone, and with none.
fn features() -> Result<Outcome> {
    for (package, features) in workspace::features()? {
        let alone = features.iter().map(|feature| vec!["--features", feature]);
        for chosen in std::iter::once(Vec::new()).chain(alone) {
            let mut clippy = cargo();
            clippy.args(["clippy", "--quiet", "-p", &package, "--no-default-features"]);
            run(clippy.args(chosen).args(["--", "-D", "warnings"]))?;
        }
    }
    Ok(Outcome::Passed)
}

fn policy() -> Result<Outcome> {
    if !setup::has_deny() {
        return Ok(Outcome::Skipped("cargo install cargo-deny --locked"));
    }
    // Advisories come from a git repository, and this has to pass where only registries are reachable.
    run(cargo().args(["deny", "check", "bans", "licenses", "sources"]))?;
    Ok(Outcome::Passed)
}

fn client() -> Result<Outcome> {
    let project = workspace::root().join("clients/typescript");
    setup::npm_packages(&project)?;
    for script in ["check", "test"] {
        run(Command::new("npm")
            .args(["run", "--silent", script])
            .current_dir(&project))?;
    }
    Ok(Outcome::Passed)
}

fn release() -> Result<Outcome> {
    run(cargo().args(["build", "--release", "-p", "hardtack-server"]))?;
    Ok(Outcome::Passed)
}

fn reference() -> Result<Outcome> {
    docs::compare(&workspace::release_binary()?)?;
    Ok(Outcome::Passed)
}

fn packages() -> Result<Outcome> {
    if setup::on_path("dpkg-deb").is_none() || setup::on_path("objdump").is_none() {
        return Ok(Outcome::Skipped("apt-get install dpkg binutils"));
    }
    dist::rehearse(&workspace::release_binary()?)?;
    Ok(Outcome::Passed)
}

fn browser() -> Result<Outcome> {
    let project = workspace::root().join("tests/browser");
    let chromium = setup::chromium()?;
    setup::openssl()?;
    setup::npm_packages(&project)?;
    let mut node = Command::new("npm");
    node.args(["test", "--silent"]).current_dir(&project);
    node.env("HARDTACK_BIN", workspace::release_binary()?);
    node.env("HARDTACK_CHROMIUM", chromium);
    node.env(
        "HARDTACK_SCREENSHOTS",
        workspace::target()?.join("screenshots"),
    );
    run(&mut node)?;
    Ok(Outcome::Passed)
}

fn frontends() -> Result<Outcome> {
    let client = workspace::root().join("clients/typescript");
    let examples = workspace::root().join("examples");
    let tests = workspace::root().join("tests/browser");
    let chromium = setup::chromium()?;
    for project in [&client, &examples, &tests] {
        setup::npm_packages(project)?;
    }
    let build = |project, script| {
        let mut npm = Command::new("npm");
        npm.args(["run", "--silent", script]).current_dir(project);
        npm
    };
    run(&mut build(&client, "build"))?;
    // The tests put their own server in the place of this one.
    run(build(&examples, "build")
        .env("VITE_API", "http://api.invalid/api")
        .env("VITE_TIMEOUT", "500"))?;
    run(&mut build(&examples, "build:sveltekit"))?;
    run(build(&tests, "test:client")
        .env("HARDTACK_BIN", workspace::release_binary()?)
        .env("HARDTACK_CHROMIUM", chromium))?;
    Ok(Outcome::Passed)
}

fn django() -> Result<Outcome> {
    python("django")
}

fn mail() -> Result<Outcome> {
    python("mail")
}

/// Runs the Python tests of that name against the release binary, with packages of their own.
fn python(name: &str) -> Result<Outcome> {
    let project = workspace::root().join("tests").join(name);
    let environment = workspace::target()?.join(name);
    let python = setup::python_packages(&environment, &project.join("requirements.txt"))?;
    let mut unittest = Command::new(python);
    unittest
        .args(["-m", "unittest", "--verbose"])
        .current_dir(&project);
    run(unittest.env("HARDTACK_BIN", workspace::release_binary()?))?;
    Ok(Outcome::Passed)
}
