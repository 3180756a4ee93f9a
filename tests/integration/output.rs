//! What is printed where: data on standard output, talk on standard error, the fields of `--json`, help, `list` and
//! `explain`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use groundplan::clauses::CLAUSES;
use groundplan::examples::EXAMPLES;
use groundplan::questions::QUESTIONS;
use groundplan::recommend::{ContradictionId, RULES};
use serde_json::Value;

use crate::support::{BUILDABLE, QUICK, TestEnv, tree};

/// The keys of an object.
fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn words(line: &str) -> BTreeSet<&str> {
    line.split_whitespace().collect()
}

/// Checks the fields that RULINGS names, and counts the entries of each list.
fn recommendation_fields(value: &Value, entries: &mut BTreeMap<&'static str, usize>) {
    assert_eq!(
        keys(value),
        words(
            "schema_version architecture recommended target phased runner_up axes clarity reasons rules contradictions \
             flips"
        )
    );
    assert_eq!(value["schema_version"], 1);
    let architectures = ["monolith", "api-first", "hybrid"];
    for field in ["architecture", "recommended", "target", "runner_up"] {
        assert!(architectures.contains(&value[field].as_str().unwrap()), "{field}");
    }
    assert!(value["phased"].is_boolean());
    assert_eq!(keys(&value["axes"]), words("business ai"));
    assert!(value["axes"]["business"].is_i64() && value["axes"]["ai"].is_i64());
    assert_eq!(keys(&value["clarity"]), words("score label"));
    assert!(value["clarity"]["score"].is_f64());
    for (list, fields) in [
        ("reasons", "question answer axis points clauses assumed"),
        ("rules", "id from to clauses"),
        ("contradictions", "id severity message confirmed"),
        ("flips", "question change architecture"),
    ] {
        for entry in value[list].as_array().unwrap() {
            assert_eq!(keys(entry), words(fields), "{list}");
            *entries.entry(list).or_default() += 1;
        }
    }
    for reason in value["reasons"].as_array().unwrap() {
        assert!(["business", "ai"].contains(&reason["axis"].as_str().unwrap()));
        assert!(reason["points"].is_i64() && reason["clauses"].is_array() && reason["assumed"].is_boolean());
    }
    for raised in value["contradictions"].as_array().unwrap() {
        assert!(["refuse", "ask", "warn"].contains(&raised["severity"].as_str().unwrap()));
        assert!(raised["confirmed"].is_boolean());
    }
}

#[test]
fn recommend_json_has_the_documented_fields() {
    let env = TestEnv::new();
    let mut entries = BTreeMap::new();
    for flags in [
        "",
        "--data-residency internal-only",
        "--organisation enterprise --compliance none",
        "--peak-rps unknown --confirm C14 --consumers partners --users none",
        "--workloads crm,chatbot --admin heavy --users organisations --ai-role whole --response streaming",
        "--architecture hybrid --existing django",
    ] {
        let outcome = env.groundplan("recommend --defaults --json").words(flags).exits(0).changes_nothing();
        recommendation_fields(&outcome.json(), &mut entries);
        outcome.says_nothing();
    }
    assert_eq!(keys(&serde_json::to_value(entries).unwrap()), words("reasons rules contradictions flips"));
}

#[test]
fn a_contradiction_is_reported_confirmed_or_not() {
    let env = TestEnv::new();
    for (flags, confirmed) in [("", false), ("--confirm C14", true)] {
        let value = env.groundplan("recommend --defaults --json --peak-rps unknown").words(flags).exits(0).json();
        assert_eq!(value["contradictions"][0]["id"], "C14");
        assert_eq!(value["contradictions"][0]["confirmed"], confirmed);
    }
    let value = env
        .groundplan("recommend --defaults --json --data-residency internal-only --confirm C1")
        .exits(0)
        .says("`--confirm C1` has nothing to confirm")
        .json();
    assert_eq!(value["contradictions"][0]["severity"], "refuse");
    assert_eq!(value["contradictions"][0]["confirmed"], false);
}

#[test]
fn what_is_assumed_is_marked() {
    let env = TestEnv::new();
    let value = env.groundplan("recommend --defaults --json --ai-role whole").exits(0).json();
    for reason in value["reasons"].as_array().unwrap() {
        assert_eq!(reason["assumed"], reason["question"] != "ai_role", "{reason}");
    }
}

#[test]
fn new_json_is_the_plan_and_a_dry_run_writes_nothing() {
    let env = TestEnv::new();
    let outcome = env.groundplan("new demo --defaults --json --dry-run").exits(0).changes_nothing().says_nothing();
    let value = outcome.json();
    assert_eq!(keys(&value), words("schema_version recommendation target files steps"));
    recommendation_fields(&value["recommendation"], &mut BTreeMap::new());
    assert_eq!(value["target"], "demo");
    assert_eq!(value["steps"], serde_json::json!(["dotenv", "uv-lock", "git"]));
    let files = value["files"].as_array().unwrap();
    for file in files {
        assert_eq!(keys(file), words("path layer executable bytes"));
    }
    for path in ["groundplan.toml", ".groundplan/base", ".gitignore", ".dockerignore", ".gitattributes", "LICENSE"] {
        assert!(files.iter().any(|file| file["path"] == path), "{path}");
    }
}

#[test]
fn new_json_says_what_is_then_on_disk() {
    let env = TestEnv::new();
    let value = env.groundplan("new demo --json").words(QUICK).exits(0).json();
    assert_eq!(value["steps"], serde_json::json!(["dotenv"]));
    let mut planned: BTreeSet<String> = BTreeSet::from([".env".to_owned()]);
    for file in value["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let metadata = std::fs::metadata(env.path("demo").join(path)).unwrap();
        assert_eq!(file["bytes"], metadata.len(), "{path}");
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(file["executable"], mode & 0o111 != 0, "{path}");
        planned.insert(path.to_owned());
    }
    let found = tree(&env.path("demo"));
    let found: BTreeSet<_> = found.into_iter().filter(|(_, entry)| entry.is_file()).map(|(path, _)| path).collect();
    assert_eq!(found, planned);
}

#[test]
fn a_dry_run_shows_the_tree() {
    let env = TestEnv::new();
    env.groundplan("new demo --defaults --dry-run")
        .exits(0)
        .changes_nothing()
        .prints("demo/\n")
        .prints("  groundplan.toml\n")
        .prints("  services/\n    ai/\n")
        .says("api-first: a FastAPI AI service");
    env.folder("full/of");
    env.groundplan("new full --defaults --dry-run").exits(1).changes_nothing().says("not empty");
}

#[test]
fn a_recommendation_is_data_and_a_project_is_talk() {
    let env = TestEnv::new();
    env.groundplan("recommend --defaults").exits(0).says_nothing().prints("api-first: a FastAPI AI service");
    env.groundplan("new demo --defaults")
        .exits(0)
        .prints_nothing()
        .says("api-first: a FastAPI AI service")
        .says("wrote")
        .says("cd demo")
        .says("uv run just dev");
}

#[test]
fn a_recommendation_can_be_argued_with() {
    let env = TestEnv::new();
    env.groundplan("recommend --peak-rps unknown")
        .words(&BUILDABLE.replace("--peak-rps 10-100", ""))
        .words("--name x1")
        .exits(0)
        .prints("business need  ")
        .prints("AI need        ")
        .prints("reaches at 42")
        .prints("clarity")
        .prints("For the AI need")
        .prints("ai_role = whole  P1")
        .prints("Rules")
        .prints("Runner-up")
        .prints("What would change it")
        .prints("Assumed, because nobody said: ")
        .prints("C14 (not confirmed)");
}

#[test]
fn quiet_says_only_what_went_wrong() {
    let env = TestEnv::new();
    env.groundplan("new demo --quiet --confirm C9").words(QUICK).exits(0).prints_nothing().says_nothing();
    env.groundplan("new demo --quiet").words(QUICK).exits(1).prints_nothing().says("not empty");
    env.groundplan("recommend --quiet --defaults").exits(0).says_nothing().prints("api-first");
}

#[test]
fn verbose_names_the_steps() {
    let env = TestEnv::new();
    env.groundplan("new demo --verbose").words(QUICK).exits(0).says("· dotenv").does_not_say("· git");
}

#[test]
fn colour_is_for_terminals_or_asked_for() {
    let env = TestEnv::new();
    let colour = "\u{1b}[";
    for flags in ["", "--color auto", "--color never"] {
        let plain = env.groundplan("recommend --defaults").words(flags).set("NO_COLOR", "");
        plain.exits(0).does_not_print(colour);
    }
    env.groundplan("recommend --defaults --color always").exits(0).prints(colour);
    env.groundplan("new demo --color always").words(QUICK).exits(0).says(colour);
}

#[test]
fn cargo_runs_it_as_a_subcommand() {
    let env = TestEnv::new();
    env.cargo_groundplan("groundplan new demo").words(QUICK).exits(0).says("cd demo");
    env.groundplan("new other --name demo").words(QUICK).exits(0);
    let trees = ["demo", "other"].map(|project| {
        let mut tree = tree(&env.path(project));
        tree.remove(".env");
        tree
    });
    assert!(trees[0] == trees[1]);
    env.cargo_groundplan("groundplan list workloads").exits(0).prints("inference-api");
    env.cargo_groundplan("groundplan --version").exits(0).prints(env!("CARGO_PKG_VERSION"));
}

#[test]
fn cargo_itself_finds_it() {
    let env = TestEnv::new();
    let binaries = Path::new(env!("CARGO_BIN_EXE_cargo-groundplan")).parent().unwrap();
    let output = env
        .command(env!("CARGO"))
        .args(["groundplan", "new", "demo"])
        .args(QUICK.split_whitespace())
        .env("PATH", binaries)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(env.path("demo/groundplan.toml").is_file());
}

#[test]
fn help_names_every_question_and_the_exit_codes() {
    let env = TestEnv::new();
    for command in ["new", "recommend", "export"] {
        let help = env.groundplan(command).words("--help").exits(0).says_nothing().stdout;
        for question in QUESTIONS {
            assert!(help.contains(&format!("--{} <", question.flag())), "{command}: {}", question.key);
            for option in question.options {
                assert!(help.contains(option.key), "{command}: {}", option.key);
            }
        }
    }
    let help = env.groundplan("--help").exits(0).says_nothing().stdout;
    for word in ["0 done", "1 the files", "2 the command line", "3 stopped", "70 a bug", "130 interrupted", "143"] {
        assert!(help.contains(word), "{word}");
    }
    env.groundplan("--version").exits(0).prints(env!("CARGO_PKG_VERSION"));
}

#[test]
fn lists_hold_everything_there_is() {
    let env = TestEnv::new();
    let list = |what: &str| env.groundplan("list").words(what).exits(0).says_nothing().stdout;
    let questions = list("questions");
    for question in QUESTIONS {
        assert!(questions.contains(&format!("{}: {}", question.key, question.prompt)), "{}", question.key);
        for option in question.options {
            assert!(questions.contains(&format!("  {:<20} {}", option.key, option.means)), "{}", option.key);
        }
    }
    assert!(questions.contains("mysql                MySQL, for a monolith, as an extra  (not yet available)"));
    assert!(list("workloads").contains("crm"));
    assert!(list("layers").lines().any(|line| line.starts_with("base ")));
    let examples = list("examples");
    for example in EXAMPLES.iter() {
        assert!(examples.contains(example.name) && examples.contains(example.about), "{}", example.name);
    }
    env.groundplan("list nothing").exits(2).says("examples");
}

#[test]
fn every_id_is_explained() {
    let env = TestEnv::new();
    let explained = |id: &str| env.groundplan("explain").arg(id).exits(0).says_nothing().stdout;
    for clause in CLAUSES {
        assert!(explained(clause.id).contains(clause.says), "{}", clause.id);
    }
    for rule in RULES {
        let id = format!("{:?}", rule.id);
        assert!(explained(&id).starts_with(&format!("{id}: {}", rule.says)), "{id}");
    }
    for id in ContradictionId::ALL {
        assert!(explained(id.key()).starts_with(&format!("{id} (")), "{id}");
    }
    assert_eq!(explained("m3"), explained("M3"));
}

#[test]
fn questions_options_and_examples_are_explained() {
    let env = TestEnv::new();
    let explained = |what: &str| env.groundplan("explain").arg(what).exits(0).says_nothing().stdout;
    assert!(explained("peak_rps").contains("How many model calls a second"));
    assert_eq!(explained("peak-rps"), explained("peak_rps"));
    assert_eq!(explained("question:peak_rps"), explained("peak_rps"));
    assert!(explained("heavy").starts_with("admin = heavy: "));
    assert!(explained("question:users").contains("In the tree: accounts"));
    // `django` is an option of two questions and `none` of several: all are told.
    assert!(explained("option:none").matches(" = none: ").count() > 2);
    for example in EXAMPLES.iter() {
        assert_eq!(explained(example.name), example.text);
    }
}

#[test]
fn what_is_unknown_is_not_explained_but_the_nearest_is_named() {
    let env = TestEnv::new();
    env.groundplan("explain peak_rsp").exits(2).prints_nothing().says("did you mean `peak_rps`?");
    env.groundplan("explain question:heavy").exits(2).says("nothing called `question:heavy`");
    env.groundplan("explain option:users").exits(2);
    env.groundplan("explain qqqqqqqq").exits(2).says("inside a project");
}

#[test]
fn a_file_of_a_project_is_explained() {
    let env = TestEnv::new();
    env.groundplan("new demo").words(QUICK).exits(0);
    let explained = |what: &str| env.groundplan("explain").arg(what).within(&env.path("demo")).exits(0).stdout;
    assert!(explained("justfile").contains("comes from the layer `base`"));
    assert_eq!(explained("./justfile"), explained("justfile"));
    let compose = explained("deploy/compose/compose.yaml");
    assert!(compose.contains("operations-containers") && compose.contains("operations = containers"), "{compose}");
    let api = explained("services/ai/app/inference.py");
    assert!(api.contains("workloads = inference-api") && api.contains("F3: "), "{api}");
    assert!(explained("groundplan.toml").contains("what groundplan knows of this project"));
    assert!(explained(".groundplan/base").contains("what groundplan knows of this project"));
    env.file("demo/mine.txt", "");
    assert!(explained("mine.txt").contains("is yours"));
    // A folder is the layers of what is planned in it.
    let folder = explained("deploy");
    assert!(folder.contains("operations-containers") && !folder.contains("is yours"), "{folder}");
    assert_eq!(explained("./deploy/"), folder);
    // A path wins over a word, and a prefix over a path.
    env.file("demo/admin", "");
    assert!(explained("admin").contains("is yours"));
    assert!(explained("question:admin").contains("In the tree: the admin"));
}

#[test]
fn outside_a_project_a_path_is_no_path() {
    let env = TestEnv::new();
    env.file("justfile", "");
    env.groundplan("explain justfile").exits(2).says("inside a project, where groundplan.toml is");
}
