//! What stops a run before anything is written, with which exit code, in which words; and which answer wins.

use groundplan::availability::{built, built_workloads};
use groundplan::questions::QUESTIONS;

use crate::support::{BUILDABLE, QUICK, TestEnv};

#[test]
fn without_a_terminal_missing_answers_are_named_with_their_options() {
    let env = TestEnv::new();
    let outcome = env.groundplan("new").exits(2).changes_nothing().prints_nothing().says("answers are missing");
    let required = ["name", "organisation", "workloads", "ai_role", "peak_rps", "admin", "users", "operations"];
    for question in QUESTIONS {
        let line = format!("--{} ", question.flag());
        assert_eq!(outcome.stderr.contains(&line), required.contains(&question.key), "{}", question.key);
    }
    outcome.says("--admin none|basic|heavy").says("--answers FILE").says("--defaults");
}

#[test]
fn only_what_is_missing_is_named() {
    let env = TestEnv::new();
    env.groundplan("new demo")
        .words(&BUILDABLE.replace("--users none ", ""))
        .exits(2)
        .changes_nothing()
        .says("--users none|simple|organisations")
        .does_not_say("--name")
        .does_not_say("--admin");
}

#[test]
fn questions_about_ai_are_not_missing_where_there_is_no_ai() {
    let env = TestEnv::new();
    env.groundplan("recommend --name x1 --organisation startup --workloads crm --admin heavy --users simple")
        .words("--operations containers")
        .exits(0)
        .prints("monolith");
}

#[test]
fn an_answers_file_is_taken_or_refused_whole() {
    for (text, messages) in [
        ("organization = 'startup'", &["unknown key `organization`", "did you mean `organisation`?"][..]),
        ("zzzz = 'startup'", &["unknown key `zzzz`", "groundplan list questions"]),
        ("admin = 'huge'", &["`huge` is not a value of `admin`", "none, basic, heavy"]),
        ("users = 'organisation'", &["did you mean `organisations`?"]),
        ("workloads = []", &["workloads", "name at least one"]),
        ("workloads = 3", &["takes an array of strings, not integer"]),
        ("name = 'Demo'", &["`Demo` is not a value of `name`"]),
        ("name = 'django'", &["a package that the project depends on"]),
        ("team = 4", &["`team` takes a string, not integer"]),
        ("team = '1-3'\nteam = '4-10'", &["is not TOML"]),
        ("team = ", &["is not TOML", "line 1"]),
    ] {
        let env = TestEnv::new();
        env.file("answers.toml", text);
        for command in ["new demo --defaults", "recommend --defaults", "export out --defaults"] {
            let outcome = env.groundplan(command).words("--answers answers.toml").exits(1);
            let outcome = outcome.changes_nothing().prints_nothing().says("answers.toml");
            messages.iter().fold(outcome, |outcome, message| outcome.says(message));
        }
    }
}

#[test]
fn an_answers_file_that_cannot_be_read_is_named() {
    let env = TestEnv::new();
    env.folder("folder");
    std::fs::write(env.path("latin1.toml"), b"description = 'caf\xe9'").unwrap();
    for file in ["none.toml", "folder", "latin1.toml"] {
        env.groundplan("new demo --defaults --answers").arg(file).exits(1).changes_nothing().says(file);
    }
}

#[test]
fn a_wrong_flag_or_value_is_a_wrong_command_line() {
    let env = TestEnv::new();
    for (flags, message) in [
        ("--admni none", "--admin"),
        ("--admin huge", "none, basic, heavy"),
        ("--workloads", "--workloads"),
        ("--workloads=", "--workloads"),
        ("--workloads inference-api,nothing", "nothing"),
        ("--priorities speed,cost,security,scalability", "choose 3 at the most"),
        ("--set workloads=", "name at least one"),
        ("--set admin", "`--set admin` is not KEY=VALUE"),
        ("--set admni=none", "did you mean `admin`?"),
        ("--set admin=huge", "choose from none, basic, heavy"),
        ("--confirm C99", "C99"),
        ("--color sometimes", "always"),
        ("--quiet --verbose", "--verbose"),
        ("--description <b>", "one line without <"),
        ("--admin none --admin basic", "--admin"),
    ] {
        env.groundplan("new demo --defaults").words(flags).exits(2).changes_nothing().prints_nothing().says(message);
    }
    env.groundplan("").exits(2).says("Usage:");
    env.groundplan("make").exits(2).says("make");
}

#[test]
fn a_name_that_would_break_the_project_is_refused() {
    let env = TestEnv::new();
    for name in ["Demo", "a", "1up", "a_b", "a-", "django", "platform", "async", "../up"] {
        env.groundplan("new --defaults --name").arg(name).exits(2).changes_nothing().says(name);
    }
    for path in ["Demo", "some folder", "../work/1up", "django"] {
        env.groundplan("new --defaults").arg(path).exits(2).changes_nothing().says("name it with `--name`");
    }
}

#[test]
fn a_folder_may_have_any_name_once_the_project_has_its_own() {
    let env = TestEnv::new();
    env.groundplan("new --name demo").words(QUICK).arg("Some Folder").exits(0).says("cd 'Some Folder'");
    assert!(env.read("Some Folder/groundplan.toml").contains("name = \"demo\""));
}

#[test]
fn what_cannot_be_built_together_stops() {
    let env = TestEnv::new();
    let c1 = "--defaults --data-residency internal-only --model-serving hosted-llm";
    env.groundplan("new demo")
        .words(c1)
        .exits(3)
        .changes_nothing()
        .prints_nothing()
        .says("C1 cannot be built")
        .says("take `model_serving = own-cpu`");
    // It is refused, so nothing confirms it.
    env.groundplan("new demo --confirm C1").words(c1).exits(3).changes_nothing();
    env.groundplan("export out").words(c1).exits(3).changes_nothing();
    env.groundplan("recommend").words(c1).exits(0).prints("C1");
}

#[test]
fn what_is_odd_goes_on_once_confirmed_and_is_recorded() {
    let env = TestEnv::new();
    let odd = "--lifetime prototype --peak-rps 100-1000 --team 1-3 --teams several";
    let odd = format!("{QUICK} {odd}");
    env.groundplan("new demo")
        .words(&odd)
        .exits(3)
        .changes_nothing()
        .says("C9:")
        .says("`--confirm C9`")
        .says("`--confirm C10`");
    env.groundplan("new demo --confirm C9")
        .words(&odd)
        .exits(3)
        .changes_nothing()
        .says("`--confirm C10`")
        .does_not_say("C9:");
    env.groundplan("new demo --confirm C9 --confirm C10").words(&odd).exits(0);
    assert!(env.read("demo/groundplan.toml").contains("confirmed = [\"C9\", \"C10\"]"));
    assert!(env.read("demo/docs/adr/0001-architecture.md").contains("C9 (confirmed)"));
}

#[test]
fn a_confirmation_that_nothing_asks_for_is_a_warning() {
    let env = TestEnv::new();
    env.groundplan("new demo --confirm C9")
        .words(QUICK)
        .exits(0)
        .says("warning: `--confirm C9` has nothing to confirm");
    assert!(env.read("demo/groundplan.toml").contains("confirmed = []"));
    env.groundplan("recommend --defaults --confirm C9").exits(0).says("nothing to confirm");
}

#[test]
fn defaults_confirm_nothing() {
    let env = TestEnv::new();
    for defaults in ["--defaults", "-y"] {
        env.groundplan("new demo --peak-rps unknown").words(defaults).exits(3).changes_nothing().says("C14");
    }
}

#[test]
fn a_workload_that_the_architecture_does_not_carry_is_refused() {
    let env = TestEnv::new();
    env.groundplan("new demo --defaults --architecture api-first --workloads crm,inference-api --confirm C18")
        .exits(1)
        .changes_nothing()
        .says("api-first does not carry `crm`")
        .says("`--architecture hybrid`");
}

#[test]
fn what_is_not_built_yet_is_refused_with_that_reason_and_recommended_all_the_same() {
    let builds = format!("this version builds the workloads {}\n", built_workloads());
    assert!(builds.contains(" inference-api, chatbot, recommendations, realtime-analytics and dashboard"), "{builds}");
    let mut tried = 0;
    for question in QUESTIONS {
        for option in question.options.iter().filter(|option| !built(question.key, option.key)) {
            let env = TestEnv::new();
            let answer = format!("{}={}", question.key, option.key);
            // What the answer contradicts is another story, told above.
            let around = match answer.as_str() {
                "database=mysql" => "--workloads crm",
                "admin=heavy" => "--users simple",
                "compliance=strict" => "--priorities speed",
                "architecture=monolith" | "architecture=hybrid" => "--confirm C18",
                "workloads=realtime-analytics" => "--response interactive",
                _ => "",
            };
            let answered = |command: &str| env.groundplan(command).words(around).words("--set").arg(&answer);
            answered("new demo --defaults")
                .exits(1)
                .changes_nothing()
                .says("not yet available")
                .says(&format!("`{} = {}`", question.key, option.key))
                .says(&builds)
                .says("`groundplan recommend` takes every answer");
            answered("recommend --defaults").exits(0).changes_nothing();
            tried += 1;
        }
    }
    assert_ne!(tried, 0);
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let env = TestEnv::new();
    env.file("answers.toml", "team = '4-10'\nlifetime = 'prototype'\nname = 'from-file'\n");
    env.groundplan("new --answers answers.toml --team over-10 --license mit --set license=apache-2.0")
        .words(QUICK)
        .exits(0);
    let lock = env.read("from-file/groundplan.toml");
    for line in ["team = \"over-10\"", "lifetime = \"prototype\"", "license = \"apache-2.0\"", "teams = \"one\""] {
        assert!(lock.contains(line), "{line}:\n{lock}");
    }
    let assumed = lock.lines().find(|line| line.starts_with("assumed = ")).unwrap();
    for (key, expected) in [("\"team\"", false), ("\"lifetime\"", false), ("\"license\"", false), ("\"teams\"", true)] {
        assert_eq!(assumed.contains(key), expected, "{key} in {assumed}");
    }
}

#[test]
fn a_list_is_repeated_or_has_commas_and_its_order_is_nothing() {
    let env = TestEnv::new();
    let printed: Vec<_> = [
        "--priorities cost,speed --workloads inference-api,chatbot",
        "--priorities speed --workloads chatbot --priorities cost --workloads inference-api",
        "--set priorities=speed,cost --set workloads=chatbot,inference-api",
    ]
    .into_iter()
    .map(|flags| env.groundplan("recommend --defaults --json").words(flags).exits(0).stdout)
    .collect();
    assert!(printed[0].contains("chatbot"));
    assert_eq!(printed[0], printed[1]);
    assert_eq!(printed[0], printed[2]);
}

#[test]
fn the_organisation_chooses_the_defaults() {
    let env = TestEnv::new();
    env.groundplan("recommend --defaults").exits(0).prints("organisation = startup (assumed)");
    env.groundplan("recommend --defaults --organisation enterprise").exits(0).prints("admin = heavy (assumed)");
}

#[test]
fn a_project_is_an_answers_file_too() {
    let env = TestEnv::new();
    env.groundplan("new demo --team 4-10").words(QUICK).exits(0);
    env.groundplan("new second --answers demo/groundplan.toml --name second --no-git --no-uv-lock").exits(0);
    assert!(env.read("second/groundplan.toml").contains("team = \"4-10\""));
}
