//! What `export` writes, expanded by the real cargo-generate, is what `new` writes: each byte and each mode.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use cargo_generate::{Cli, generate};
use clap::Parser;
use groundplan::export;
use groundplan::plan::{Plan, PlannedFile, RelPath};
use groundplan::questions::{Answer, Description};

use crate::support::{Entry, TestEnv, Tree, assert_same, tree};
use crate::write::project;

/// The variable by which a test has its own binary be cargo-generate, so that this meets the home and the user of the
/// test's world; its value is the command line, a word a line.
const BE_CARGO_GENERATE: &str = "GROUNDPLAN_TEST_BE_CARGO_GENERATE";

/// Neither the stand-in nor a default.
const NAME: &str = "shop-2";
/// What means something to TOML, YAML, Markdown or a shell, and is allowed.
const DESCRIPTION: &str = "Ada's #1 shop: 100 % «naïve» & *bold* _idea_, $HOME ~ [see] (https://x.y/?a=b) - 日本!";

/// Runs `cargo generate --path template --name NAME`, and asks nothing.
fn cargo_generate(env: &TestEnv, description: Option<&str>) -> Output {
    let mut line = "cargo generate --path template --vcs none --silent --name".replace(' ', "\n");
    line.push_str(&format!("\n{NAME}"));
    if let Some(description) = description {
        env.file("values.toml", &format!("[values]\ndescription = {}\n", toml::Value::from(description)));
        line.push_str("\n--values-file\nvalues.toml");
    }
    let mut command = env.command(std::env::current_exe().unwrap());
    command.args(["--exact", "parity::without_a_description_it_is_the_exported_one", "--nocapture"]);
    command.env(BE_CARGO_GENERATE, line).stdin(Stdio::null()).output().unwrap()
}

/// What `new` makes of the same answers, but for what cargo-generate cannot make: secrets and the stored base.
fn made(env: &TestEnv, folder: &str) -> Tree {
    let mut tree = project(&env.path(folder));
    tree.retain(|path, _| path.split('/').next() != Some(".groundplan"));
    tree
}

/// Exports and expands with one set of answers, makes the same with `new`, and compares.
fn is_the_same(flags: &str, description: &str) -> Tree {
    let env = TestEnv::new();
    env.groundplan("export template --defaults").words(flags).exits(0);
    let output = cargo_generate(&env, Some(description));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stdout));
    let expanded = tree(&env.path(NAME));
    env.groundplan("new made --defaults --no-git --no-uv-lock --name")
        .arg(NAME)
        .words(flags)
        .arg("--description")
        .arg(description)
        .exits(0);
    assert_same(&made(&env, "made"), &expanded);
    expanded
}

fn text<'a>(tree: &'a Tree, path: &str) -> &'a str {
    let Some(Entry::File { contents, .. }) = tree.get(path) else { panic!("no file `{path}`") };
    std::str::from_utf8(contents).unwrap()
}

#[test]
fn the_defaults_expand_to_the_same_project() {
    let expanded = is_the_same("", "Sells things.");
    // What only looks like a placeholder came through.
    assert!(text(&expanded, ".github/workflows/ci.yml").contains("${{ "));
    assert!(text(&expanded, "services/ai/justfile").contains("{{"));
}

#[test]
fn other_answers_expand_to_the_same_project() {
    for flags in [
        "--operations paas --database sqlite --consumers own-web --ci none",
        "--license mit --database sqlite",
        "--license apache-2.0 --consumers partners --operations containers --users none --admin none",
    ] {
        let expanded = is_the_same(flags, "Sells things.");
        assert!(text(&expanded, "groundplan.toml").contains("name = \"shop-2\""));
    }
}

#[test]
fn a_description_of_unusual_characters_comes_out_the_same() {
    let expanded = is_the_same("", DESCRIPTION);
    assert!(text(&expanded, "README.md").contains(DESCRIPTION));
    assert!(is_the_same("", "").contains_key("README.md"));
}

#[test]
fn without_a_description_it_is_the_exported_one() {
    if let Some(line) = std::env::var_os(BE_CARGO_GENERATE) {
        let Cli::Generate(args) = Cli::parse_from(line.to_str().unwrap().lines());
        generate(args).unwrap();
        return;
    }
    for (flags, description) in [("", "An AI application."), ("--description Shop's", "Shop's")] {
        let env = TestEnv::new();
        env.groundplan("export template --defaults").words(flags).exits(0);
        assert!(cargo_generate(&env, None).status.success());
        env.groundplan("new made --defaults --no-git --no-uv-lock --name")
            .arg(NAME)
            .arg("--description")
            .arg(description)
            .exits(0);
        assert_same(&made(&env, "made"), &tree(&env.path(NAME)));
    }
}

#[test]
fn cargo_generate_takes_the_descriptions_that_new_takes() {
    let env = TestEnv::new();
    env.groundplan("export template --defaults").exits(0);
    for description in [
        DESCRIPTION,
        "",
        &"ä".repeat(120),
        &"ä".repeat(121),
        "a \"b\"",
        r"a\b",
        "<b>",
        "{{ x }}",
        "`x`",
        "a | b",
        "two\nlines",
        "tab\tstop",
        "bell\u{7}",
        "delete\u{7f}",
        "next\u{85}line",
    ] {
        let taken = Description::parse(description).is_ok();
        let output = cargo_generate(&env, Some(description));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), taken, "{description:?}\n{said}");
        assert_eq!(said.contains("is not a valid value for description"), !taken, "{description:?}\n{said}");
        // It leaves a folder where it fails, too.
        fs::remove_dir_all(env.path(NAME)).unwrap();
    }
}

#[test]
fn what_looks_like_liquid_survives_wherever_it_stands() {
    let env = TestEnv::new();
    let files = [
        ("README.md", "# NAME\n\nDESCRIPTION\n"),
        // Not rendered, and called like one that is.
        ("docs/README.md", "{{ x }} {% if x %}{% nothing %}\n"),
        ("verbatim.yml", "${{ secrets.X }} {% raw %}{{ x }}{% endraw %}\n"),
        ("workflow.yml", "name: NAME\nrun: ${{ secrets.X }} {% nothing %} {{ x\n"),
        ("braces.py", "f'{NAME}' {{NAME}} {DESCRIPTION}%} NAME{ }NAME\n"),
    ];
    let standing_in = |text: &str| text.replace("NAME", export::NAME).replace("DESCRIPTION", export::DESCRIPTION);
    let file = |(path, text): &(&str, &str)| {
        let contents = standing_in(text).into_bytes();
        let file = PlannedFile { contents, executable: false, layer: "base".to_owned() };
        (RelPath::new(path).unwrap(), file)
    };
    let plan = Plan { files: files.iter().map(file).collect(), steps: Vec::new() };
    for (path, file) in export::template(&plan, "").files {
        env.file(&format!("template/{path}"), std::str::from_utf8(&file.contents).unwrap());
    }
    for path in ["verbatim.yml", "workflow.yml"] {
        fs::set_permissions(env.path("template").join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = cargo_generate(&env, Some("Sells things."));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expanded = tree(&env.path(NAME));
    let executable = |entry: &Entry| matches!(entry, Entry::File { mode, .. } if mode & 0o111 != 0);
    let executables: Vec<_> = expanded.iter().filter(|(_, entry)| executable(entry)).map(|(path, _)| path).collect();
    assert_eq!(executables, ["verbatim.yml", "workflow.yml"]);
    for (path, expected) in files {
        let expected = expected.replace("NAME", NAME).replace("DESCRIPTION", "Sells things.");
        assert_eq!(text(&expanded, path), expected, "{path}");
    }
}
