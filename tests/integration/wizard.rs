//! The wizard on a pseudo-terminal: keys are pressed, and what is shown is read. Which question comes when is told by
//! the unit tests of the interview; here it is the prompts, and what a session leaves on disk.

use groundplan::answers::to_toml;
use groundplan::questions::{Known, Question};

use crate::support::key::{BACKSPACE, CTRL_C, CTRL_D, DOWN, ENTER, ESC, UP};
use crate::support::{BUILDABLE, Run, Terminal, TestEnv, assert_same, tree};
use crate::write::project;

/// A run that is asked nothing before the review.
fn answered<'a>(env: &'a TestEnv, command: &str) -> Run<'a> {
    env.groundplan(command).words(BUILDABLE).words("--existing none")
}

fn question(key: &str) -> &'static Question {
    groundplan::questions::question(key).unwrap()
}

/// Ends a session that must have changed nothing.
#[track_caller]
fn ends_with_nothing_written(env: &TestEnv, terminal: Terminal, code: i32) -> String {
    let (ended, shown) = terminal.ends();
    assert_eq!(ended, code, "{shown}");
    assert!(env.names().is_empty(), "{:?}", env.names());
    shown
}

#[test]
fn a_session_ends_with_the_project_of_its_answers() {
    let env = TestEnv::new();
    let mut terminal = Terminal::start(env.groundplan("new --no-git --no-uv-lock"));
    terminal
        .sees("What is the project called?")
        .types("Shop")
        .types(ENTER)
        .sees("# 2 to 39 lower-case letters, digits and single hyphens, a letter first\n");
    terminal.types(&BACKSPACE.repeat(4)).types("shop").types(ENTER);
    for (key, keys) in [
        ("organisation", ""),
        ("workloads", ""),
        ("ai_role", DOWN),
        ("peak_rps", UP),
        ("admin", UP),
        ("users", ""),
        ("operations", UP),
    ] {
        terminal.sees(question(key).prompt).types(keys).types(ENTER);
    }
    terminal.sees("one more question could change the result").sees(question("existing").prompt).types(ENTER);
    terminal.sees("Are these answers right?").sees("users                simple");
    terminal.sees("lifetime             1-3-years (default)").types(ENTER);
    terminal.sees("api-first: a FastAPI AI service").sees("Runner-up").sees("What would change it");
    terminal
        .sees("shop/\n")
        .sees("  groundplan.toml\n")
        .sees("Write these")
        .sees("files to shop?")
        .types("y")
        .types(ENTER);
    terminal.sees("made .env with secrets of its own").sees("cd shop");
    let (code, shown) = terminal.ends();
    assert_eq!(code, 0, "{shown}");
    let lock = env.read("shop/groundplan.toml");
    for line in
        ["ai_role = \"whole\"", "peak_rps = \"under-10\"", "admin = \"none\"", "operations = \"paas\"", "assumed = []"]
    {
        assert!(lock.contains(line), "{line}:\n{lock}");
    }
    env.groundplan("new again --answers shop/groundplan.toml --no-git --no-uv-lock").exits(0);
    assert_same(&project(&env.path("again")), &project(&env.path("shop")));
}

#[test]
fn what_flags_and_files_say_is_not_asked() {
    let env = TestEnv::new();
    env.file("answers.toml", "users = 'none'\nadmin = 'none'\n");
    let flags = "--organisation startup --workloads inference-api --ai-role whole --operations containers";
    let mut terminal = Terminal::start(env.groundplan("new shop --answers answers.toml").words(flags));
    terminal.sees(question("peak_rps").prompt).types(ENTER);
    terminal.sees(question("existing").prompt).types(ENTER).sees("Are these answers right?").types(CTRL_C);
    let (code, shown) = terminal.ends();
    assert_eq!(code, 130);
    for key in ["name", "organisation", "workloads", "ai_role", "admin", "users", "operations"] {
        assert!(!shown.contains(question(key).prompt), "{key}:\n{shown}");
    }
}

#[test]
fn an_answer_is_changed_in_the_review() {
    let env = TestEnv::new();
    let mut terminal = Terminal::start(answered(&env, "new shop --no-git --no-uv-lock"));
    // Typing leaves the lines that match.
    terminal.sees("Are these answers right?").types("license").sees("license").types(ENTER).sees("change license");
    terminal.sees(question("license").prompt).types("mit").types(ENTER);
    terminal.sees("Are these answers right?").types("license").sees("license              mit\n").types(ESC);
    // Esc in the review has nowhere to go: everything was given.
    terminal.sees("(back)").sees("Are these answers right?").types(ENTER);
    terminal.sees("Write these").types("y").types(ENTER);
    let (code, shown) = terminal.ends();
    assert_eq!(code, 0, "{shown}");
    assert!(env.read("shop/LICENSE").starts_with("MIT License"));
}

#[test]
fn esc_goes_one_question_back() {
    let env = TestEnv::new();
    let mut terminal = Terminal::start(env.groundplan("new"));
    terminal.sees("What is the project called? (demo)").types(ESC).sees("(back)");
    terminal.sees("What is the project called? (demo)").types("shop").types(ENTER);
    terminal.sees(question("organisation").prompt).types(DOWN).types(ENTER);
    terminal.sees(question("workloads").prompt).types(ESC).sees("(back)");
    // The answer taken away is where the question starts from.
    terminal.sees(question("organisation").prompt).sees("> scale-up").types(ESC);
    terminal.sees("What is the project called? (shop)").types(CTRL_C);
    ends_with_nothing_written(&env, terminal, 130);
}

#[test]
fn ctrl_c_leaves_at_any_prompt() {
    // The texts of prompts, and not of what is printed before them: there Ctrl-C is the terminal's signal.
    for ready in ["Are these answers right?", "is that meant?", "Write these"] {
        let env = TestEnv::new();
        let odd = if ready == "is that meant?" { "--teams several" } else { "" };
        let mut terminal = Terminal::start(answered(&env, "new shop").words(odd));
        terminal.sees("Are these answers right?");
        if ready != "Are these answers right?" {
            terminal.types(ENTER).sees(ready);
        }
        terminal.types(CTRL_C).sees("error: interrupted").sees("hint: nothing was written");
        ends_with_nothing_written(&env, terminal, 130);
    }
}

#[test]
fn no_is_no() {
    let env = TestEnv::new();
    let mut terminal = Terminal::start(answered(&env, "new shop"));
    terminal.sees("Are these answers right?").types(ENTER);
    terminal.sees("Write these").types(ESC).sees("Are these answers right?").types(ENTER);
    terminal.sees("Write these").types("n").types(ENTER).sees("Nothing was written.");
    ends_with_nothing_written(&env, terminal, 3);
}

#[test]
fn a_contradiction_is_asked_about() {
    let env = TestEnv::new();
    let mut terminal = Terminal::start(answered(&env, "new shop --no-git --no-uv-lock --team 1-3 --teams several"));
    terminal.sees("Are these answers right?").types(ENTER);
    terminal.sees("C10 (not confirmed)").sees("is that meant?").types("n").types(ENTER).sees("Take `teams = one`.");
    terminal.sees("Are these answers right?").types(ENTER);
    terminal.sees("is that meant?").types("y").types(ENTER);
    terminal.sees("Write these").types("y").types(ENTER);
    let (code, shown) = terminal.ends();
    assert_eq!(code, 0, "{shown}");
    assert!(env.read("shop/groundplan.toml").contains("confirmed = [\"C10\"]"));
}

#[test]
fn what_is_not_built_yet_goes_back_with_its_reason() {
    let env = TestEnv::new();
    let command = "new shop --architecture monolith --architecture-reason trial --confirm C18 --database mysql";
    let mut terminal = Terminal::start(answered(&env, command));
    terminal.sees("Are these answers right?").types(ENTER);
    terminal.sees("Not yet available: `database = mysql`.").sees("`groundplan recommend` takes every answer");
    terminal.sees("Are these answers right?").types("database").sees("> database").types(ENTER);
    terminal.sees(question("database").prompt).sees("(not yet)").types("sqlite").types(ENTER);
    terminal.sees("Are these answers right?").types(ENTER).sees("Write these").types("n").types(ENTER);
    ends_with_nothing_written(&env, terminal, 3);
}

#[test]
fn a_target_that_is_taken_is_said_before_the_questions() {
    let env = TestEnv::new();
    env.file("full/mine", "mine");
    let before = tree(env.root());
    let (code, shown) = Terminal::start(env.groundplan("new full")).ends();
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("`full` is not empty: it holds `mine`") && !shown.contains("? "), "{shown}");
    // Where the name is the target it can be changed.
    let mut terminal = Terminal::start(answered(&env, "new --name full"));
    terminal.sees("Are these answers right?").types(ENTER).sees("`full` is not empty").sees("Or change the `name`.");
    terminal.sees("Are these answers right?").types(DOWN).types(ENTER);
    terminal.sees("What is the project called? (full)").types("shop").types(ENTER);
    terminal.sees("Are these answers right?").types(ENTER).sees("files to shop?").types(CTRL_C);
    assert_eq!(terminal.ends().0, 130);
    assert_same(&before, &tree(env.root()));
}

#[test]
fn recommend_asks_and_tells_once() {
    let env = TestEnv::new();
    let flags = BUILDABLE.replace("--users none", "");
    let mut terminal =
        Terminal::start(env.groundplan("recommend --name shop --team 1-3 --teams several").words(&flags));
    terminal.sees(question("users").prompt).types(ENTER);
    terminal.sees(question("existing").prompt).types(ENTER);
    terminal.sees("Are these answers right?").types(ENTER).sees("C10 (not confirmed)");
    let shown = ends_with_nothing_written(&env, terminal, 0);
    assert_eq!(shown.matches("api-first: a FastAPI AI service").count(), 1, "{shown}");
    assert!(!shown.contains("is that meant?"), "{shown}");
}

#[test]
fn prompts_are_plain_lines_where_the_cursor_should_not_move() {
    for (variable, value) in [("ACCESSIBLE", "1"), ("TERM", "dumb")] {
        let env = TestEnv::new();
        let mut terminal = Terminal::start(env.groundplan("new --no-git --no-uv-lock").set(variable, value));
        let mut line = |prompt: &str, start: &str, reply: &str| {
            terminal.sees(prompt).sees(&format!("Enter for {start}, < to go back: ")).types(reply).types("\n");
        };
        line("What is the project called?", "demo", "<");
        line("What is the project called?", "demo", "Shop");
        line("What is the project called?", "demo", "shop");
        line("2. scale-up ", "startup", "2");
        line("3. recommendations ", "inference-api, dashboard", "1, 2");
        line("1. feature ", "core", "<");
        line("3. recommendations ", "inference-api, chatbot", "inference-api");
        line("1. feature ", "core", "4");
        line("That is none of them.", "core", "whole");
        for (key, start, reply) in [
            ("peak_rps", "10-100", ""),
            ("admin", "basic", "1"),
            ("users", "organisations", "1"),
            ("operations", "containers", ""),
        ] {
            line(question(key).prompt, start, reply);
        }
        line("one more question could change the result", "none", "");
        let go_on = "Number to change, Enter if all are right, < to go back: ";
        terminal
            .sees("1. name: shop\n")
            .sees("team: 4-10 (default)")
            .sees(go_on)
            .types("99\n")
            .sees("That is none of them.");
        terminal.sees(go_on).types("1\n").sees("Enter for shop, < to go back: ").types("store\n");
        terminal.sees("1. name: store\n").sees(go_on).types("\n").sees("api-first: a FastAPI AI service");
        terminal.sees("files to store? y, n, or < to go back: ").types("yes\n").sees("cd store");
        let (code, shown) = terminal.ends();
        assert_eq!(code, 0, "{shown}");
        assert_eq!(env.names(), ["store"]);
    }
}

#[test]
fn plain_prompts_are_left_by_ctrl_c_and_by_the_end_of_input() {
    for leave in [CTRL_C, CTRL_D] {
        let env = TestEnv::new();
        let mut terminal = Terminal::start(env.groundplan("new").set("ACCESSIBLE", "1"));
        terminal.sees("to go back: ").types(leave);
        ends_with_nothing_written(&env, terminal, 130);
    }
}

#[test]
fn what_is_long_does_not_break_a_prompt() {
    let env = TestEnv::new();
    let long = "A description as long as one may be, ".repeat(4).chars().take(120).collect::<String>();
    let mut known = Known::default();
    known.set("workloads", "inference-api,chatbot,recommendations,realtime-analytics,dashboard,crm").unwrap();
    known.set("description", &long).unwrap();
    env.file("answers.toml", &to_toml(&known.complete()).replace("name = \"demo\"\n", ""));
    let mut terminal = Terminal::start(env.groundplan("new --answers answers.toml"));
    terminal.sees(question("name").prompt).types(ENTER);
    terminal.sees("Are these answers right?").sees("description          A description as long").sees("…\n");
    terminal.sees("inference-api, chatbot").sees("…\n").sees("Esc to go back]").types("workloads").sees("> workloads");
    terminal.types(ENTER).sees(question("workloads").prompt).sees("business-platform").sees("Esc to go back]");
    terminal.types(CTRL_C);
    let (code, shown) = terminal.ends();
    assert_eq!(code, 130);
    // What does not fit is broken in two: neither the page of the review is, nor an option of the workloads.
    let page = |prompt: &str| {
        let after = shown.split(prompt).nth(1).unwrap();
        after.lines().skip(1).take_while(|line| !line.starts_with('[')).collect::<Vec<_>>()
    };
    assert_eq!(page("Are these answers right?").len(), 16, "{shown}");
    let options = page(question("workloads").prompt);
    assert_eq!(options.len(), question("workloads").options.len(), "{shown}");
    assert!(options.iter().zip(question("workloads").options).all(|(line, option)| line.contains(option.means)));
}
