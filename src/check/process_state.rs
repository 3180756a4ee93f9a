//! A process keeps nothing that a second one would need. Looked at is what the services run, without tests and
//! migrations: names rebound by `global`, module-level containers that functions change, caches, sessions and channel
//! layers of Django that live in one process or on one disk, files written at a fixed relative path.
//!
//! What is filled while modules are imported is no state: a container that only decorators and functions called at
//! import change is a registry. What is chosen under a condition is left to run time, and memoising decorators are left
//! alone: each process may compute the same answer again.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Decorator, Expr, ExprCall, Stmt, StmtFunctionDef};

use super::project::{file_name, folder};
use super::python::{Module, last_name, local_names, modules, string};
use super::{Check, Project, Report};

pub(super) const CHECK: Check =
    Check { id: "process-state", clause: "M2", says: "processes keep no state of their own", run };

const CONTAINERS: [&str; 8] =
    ["dict", "list", "set", "defaultdict", "OrderedDict", "Counter", "deque", "WeakValueDictionary"];
/// Methods that change a container.
const CHANGES: [&str; 16] = [
    "add",
    "append",
    "appendleft",
    "clear",
    "difference_update",
    "discard",
    "extend",
    "extendleft",
    "insert",
    "intersection_update",
    "pop",
    "popitem",
    "popleft",
    "remove",
    "setdefault",
    "update",
];
/// Django back ends that live in one process or on one disk: the setting, how the literal ends, what it is.
const BACKENDS: [(&str, &str, &str); 4] = [
    ("CACHES", ".LocMemCache", "a cache in the memory of one process"),
    ("CACHES", ".FileBasedCache", "a cache on the disk of one machine"),
    ("SESSION_ENGINE", ".sessions.backends.file", "sessions on the disk of one machine"),
    ("CHANNEL_LAYERS", ".InMemoryChannelLayer", "a channel layer in the memory of one process"),
];
/// Names of settings modules that production does not use.
const DEVELOPMENT: [&str; 9] = ["ci", "debug", "dev", "develop", "development", "local", "test", "testing", "tests"];
const STATE_REMEDY: &str =
    "keep it in the database or a shared store, or on an object that is made for each request or by the lifespan";

fn run(project: &Project, report: &mut Report) {
    let (modules, unreadable) = modules(project);
    for path in unreadable {
        report.note(path, "was not looked at: it is not Python that could be parsed");
    }
    let at_import = called_at_import(&modules);
    for module in &modules {
        let containers = containers(module);
        let mut state =
            State { module, containers: &containers, at_import: &at_import, functions: Vec::new(), report };
        for stmt in module.body() {
            state.visit_stmt(stmt);
        }
        if settings_name(module.path).is_some_and(|name| !DEVELOPMENT.contains(&name)) {
            backends(module, &modules, report);
        }
    }
}

/// The names of functions that modules call or decorate with while they are imported.
fn called_at_import(modules: &[Module]) -> BTreeSet<String> {
    struct Called(BTreeSet<String>);
    impl<'a> Visitor<'a> for Called {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            if let Stmt::FunctionDef(function) = stmt {
                function.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
            } else {
                walk_stmt(self, stmt);
            }
        }
        fn visit_decorator(&mut self, decorator: &'a Decorator) {
            self.0.extend(last_name(&decorator.expression).map(str::to_owned));
            self.visit_expr(&decorator.expression);
        }
        fn visit_expr(&mut self, expr: &'a Expr) {
            if let Expr::Call(call) = expr {
                self.0.extend(last_name(&call.func).map(str::to_owned));
            }
            if !matches!(expr, Expr::Lambda(_)) {
                walk_expr(self, expr);
            }
        }
    }
    let mut called = Called(BTreeSet::new());
    for module in modules {
        module.body().iter().for_each(|stmt| called.visit_stmt(stmt));
    }
    called.0
}

/// The module-level names that hold a mutable container, with their lines.
fn containers(module: &Module) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for stmt in module.body() {
        let (target, value) = match stmt {
            Stmt::Assign(assign) if assign.targets.len() == 1 => (&assign.targets[0], &*assign.value),
            Stmt::AnnAssign(assign) => match &assign.value {
                Some(value) => (&*assign.target, &**value),
                None => continue,
            },
            _ => continue,
        };
        let mutable = match value {
            Expr::Dict(_) | Expr::List(_) | Expr::Set(_) | Expr::DictComp(_) | Expr::ListComp(_) | Expr::SetComp(_) => {
                true
            }
            Expr::Call(call) => last_name(&call.func).is_some_and(|name| CONTAINERS.contains(&name)),
            _ => false,
        };
        if let (Expr::Name(name), true) = (target, mutable) {
            found.insert(name.id.to_string(), module.line(name.range.start().to_usize()));
        }
    }
    found
}

/// Walks a module, function by function.
struct State<'a, 'r> {
    module: &'a Module<'a>,
    containers: &'a BTreeMap<String, usize>,
    at_import: &'a BTreeSet<String>,
    /// The functions around, each with the names that it binds.
    functions: Vec<(&'a StmtFunctionDef, BTreeSet<String>)>,
    report: &'r mut Report,
}

impl State<'_, '_> {
    fn found(&mut self, offset: usize, message: String, remedy: &str) {
        self.report.finding(self.module.path, self.module.line(offset), message, remedy);
    }

    /// Something changes what an expression names: a finding where that is a container of the module.
    fn changed(&mut self, target: &Expr, offset: usize) {
        let Expr::Name(name) = target else { return };
        let name = name.id.as_str();
        let Some((function, _)) = self.functions.last() else { return };
        let function = function.name.to_string();
        let shadowed = self.functions.iter().any(|(_, names)| names.contains(name));
        let registry = self.functions.iter().any(|(around, _)| self.at_import.contains(around.name.as_str()));
        let Some(line) = self.containers.get(name).filter(|_| !shadowed && !registry) else { return };
        let message = format!("`{function}` changes `{name}` of line {line}, which every process has for itself");
        self.found(offset, message, STATE_REMEDY);
    }

    /// `x[…] = …`, `x[…] += …`, `del x[…]`.
    fn assigned(&mut self, target: &Expr) {
        match target {
            Expr::Subscript(subscript) => self.changed(&subscript.value, subscript.range.start().to_usize()),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| self.assigned(element)),
            _ => {}
        }
    }

    fn called(&mut self, call: &ExprCall) {
        let offset = call.range_start.to_usize();
        if let Expr::Attribute(attribute) = &*call.func
            && CHANGES.contains(&attribute.attr.as_str())
        {
            self.changed(&attribute.value, offset);
        }
        // A command that a person runs may write where that person stands.
        let command = file_name(self.module.path) == "__main__.py" || self.module.path.contains("/management/commands/");
        if !self.functions.is_empty()
            && !command
            && let Some(path) = written(call)
        {
            let message = format!("writes the file `{path}` on the disk of one machine, below wherever it was started");
            self.found(offset, message, "store it in the database or an object store, or use `tempfile` for scratch");
        }
    }
}

impl<'a> Visitor<'a> for State<'a, '_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => {
                self.functions.push((function, local_names(function)));
                function.body.iter().for_each(|stmt| self.visit_stmt(stmt));
                self.functions.pop();
                return;
            }
            Stmt::Global(global) => {
                let registry = self.functions.iter().any(|(around, _)| self.at_import.contains(around.name.as_str()));
                if let Some((function, _)) = self.functions.last().filter(|_| !registry) {
                    let names: Vec<_> = global.names.iter().map(|name| format!("`{name}`")).collect();
                    let message =
                        format!("`{}` rebinds the global {}, which every process has for itself", function.name, names.join(", "));
                    self.found(global.range.start().to_usize(), message, STATE_REMEDY);
                }
            }
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.assigned(target)),
            Stmt::AugAssign(assign) => self.assigned(&assign.target),
            Stmt::Delete(delete) => delete.targets.iter().for_each(|target| self.assigned(target)),
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr {
            self.called(call);
        }
        walk_expr(self, expr);
    }
}

/// The fixed relative path that a call writes to: `open("x", "w")`, `Path("x").open("w")`, `Path("x").write_text(…)`.
fn written(call: &ExprCall) -> Option<&str> {
    let argument = |call: &'_ ExprCall, position: usize| call.arguments.args.get(position).cloned();
    let writes = |position: usize| {
        let keyword = call.arguments.keywords.iter().find(|each| each.arg.as_deref() == Some("mode"));
        let mode = argument(call, position).or_else(|| keyword.map(|each| each.value.clone()));
        mode.as_ref().and_then(string).is_some_and(|mode| mode.contains(['w', 'a', 'x', '+']))
    };
    let path = match &*call.func {
        Expr::Name(name) if name.id.as_str() == "open" && writes(1) => call.arguments.args.first(),
        Expr::Attribute(attribute) => match (&*attribute.value, attribute.attr.as_str()) {
            (Expr::Call(of), method) if last_name(&of.func) == Some("Path") && of.arguments.args.len() == 1 => {
                let writing = matches!(method, "write_text" | "write_bytes") || (method == "open" && writes(0));
                writing.then(|| &of.arguments.args[0])
            }
            _ => None,
        },
        _ => None,
    };
    path.and_then(string).filter(|path| !path.is_empty() && !path.starts_with(['/', '~']))
}

/// The name of a settings module: `production` for `settings/production.py`, `settings` for `settings.py`.
fn settings_name(path: &str) -> Option<&str> {
    let name = file_name(path).strip_suffix(".py")?;
    let inside = file_name(folder(path)) == "settings";
    (inside || name == "settings" || name.starts_with("settings_")).then(|| name.trim_start_matches("settings_"))
}

/// Back ends that a settings module sets for production: not where a production module beside it sets them anew, and
/// not where a condition chooses.
fn backends(module: &Module, modules: &[Module], report: &mut Report) {
    let is_production = |path: &str| settings_name(path).is_some_and(|name| name.starts_with("prod"));
    let set_anew = |setting: &str| {
        !is_production(module.path)
            && modules
                .iter()
                .filter(|other| folder(other.path) == folder(module.path) && is_production(other.path))
                .any(|other| settings(other).any(|(name, _)| name == setting))
    };
    for (name, value) in settings(module) {
        for (setting, end, what) in BACKENDS {
            if name != setting || set_anew(setting) {
                continue;
            }
            let mut literals = Literals { end, offsets: Vec::new() };
            literals.visit_expr(value);
            for offset in literals.offsets {
                report.finding(
                    module.path,
                    module.line(offset),
                    format!("{setting} is {what} in production"),
                    "configure a back end that processes share, such as Redis or the database",
                );
            }
        }
    }
}

/// The settings that a module sets in any case.
fn settings<'a>(module: &'a Module) -> impl Iterator<Item = (&'a str, &'a Expr)> {
    module.body().iter().filter_map(|stmt| match stmt {
        Stmt::Assign(assign) => Some((last_name(assign.targets.first()?)?, &*assign.value)),
        Stmt::AnnAssign(assign) => Some((last_name(&assign.target)?, assign.value.as_deref()?)),
        _ => None,
    })
}

/// Collects the string literals with an end, but for those that a condition chooses.
struct Literals {
    end: &'static str,
    offsets: Vec<usize>,
}

impl<'a> Visitor<'a> for Literals {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::If(_) => {}
            Expr::StringLiteral(literal) if literal.value.to_str().ends_with(self.end) => {
                self.offsets.push(literal.range.start().to_usize());
            }
            _ => walk_expr(self, expr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{lock, of, places, project};
    use super::*;

    fn found(text: &str) -> Vec<usize> {
        places(&CHECK, "services/ai/app/views.py", text)
    }

    #[test]
    fn a_global_is_state() {
        assert_eq!(found("hits = 0\ndef view():\n    global hits\n    hits += 1\n"), [3]);
        assert_eq!(found("class A:\n    async def view(self):\n        global hits\n        hits = 1\n"), [3]);
        for clean in [
            "hits = 0\ndef view():\n    hits = 1\n    return hits\n",
            "def outer():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n    return inner\n",
            "text = 'global hits'\n# global hits\n",
            // Set once, while the module is imported.
            "def setup():\n    global client\n    client = 1\nsetup()\n",
        ] {
            assert!(found(clean).is_empty(), "{clean}");
        }
    }

    #[test]
    fn a_container_that_a_function_changes_is_state() {
        for (text, line) in [
            ("seen = []\ndef view(x):\n    seen.append(x)\n", 3),
            ("seen: set[int] = set()\ndef view(x):\n    seen.add(x)\n", 3),
            ("cache = {}\nasync def view(k):\n    cache[k] = 1\n", 3),
            ("counts = defaultdict(int)\ndef view(k):\n    counts[k] += 1\n", 3),
            ("cache = {}\ndef view(k):\n    del cache[k]\n", 3),
            ("cache = {}\nclass V:\n    def get(self, k):\n        return cache.setdefault(k, 1)\n", 4),
            ("import collections\nq = collections.deque()\ndef view():\n    return f\"{q.popleft()}\"\n", 4),
            ("cache = {}\ndef make():\n    def view(k):\n        cache[k] = 1\n    return view\n", 4),
            ("a = {}\ndef view(k):\n    a[k], x = 1, 2\n", 3),
        ] {
            assert_eq!(found(text), [line], "{text}");
        }
    }

    #[test]
    fn a_container_that_is_read_or_local_or_filled_at_import_is_none() {
        for clean in [
            "NAMES = {'a': 1}\ndef view(k):\n    return NAMES[k], NAMES.get(k)\n",
            "seen = []\ndef view(x):\n    seen = []\n    seen.append(x)\n",
            "seen = []\ndef view(seen, x):\n    seen.append(x)\n",
            "seen = []\ndef view(x):\n    for seen in x:\n        seen.append(1)\n",
            "seen = []\ndef view(x):\n    from other import seen\n    seen.append(1)\n",
            "def view(x):\n    seen = []\n    def add():\n        seen.append(x)\n    add()\n",
            "seen = []\ndef view(self):\n    self.seen.append(1)\n",
            "urls = []\nurls.append(1)\nif True:\n    urls.extend([2])\n",
            "NAMES = ('a',)\ndef view(x):\n    return x.pop()\n",
            "KINDS = {}\ndef kind(cls):\n    KINDS[cls.__name__] = cls\n    return cls\n@kind\nclass A: ...\n",
            "KINDS = {}\ndef kind(name):\n    def add(f):\n        KINDS[name] = f\n        return f\n    return add\n\
             @kind('a')\ndef a(): ...\n",
            "KINDS = {}\ndef add(name):\n    KINDS[name] = 1\nadd('a')\n",
            "from functools import lru_cache\n@lru_cache\ndef settings():\n    return {}\n",
        ] {
            assert_eq!(found(clean), Vec::<usize>::new(), "{clean}");
        }
    }

    #[test]
    fn a_registry_may_be_filled_by_another_module() {
        let files = [
            ("services/ai/app/kinds.py", "KINDS = {}\ndef kind(cls):\n    KINDS[cls] = 1\n    return cls\n"),
            ("services/ai/app/user.py", "from app import kinds\n@kinds.kind\nclass A: ...\n"),
        ];
        let lock = lock("api-first", "api-first", "", "");
        assert!(of(&CHECK, &project(&lock, &files)).findings.is_empty());
        assert_eq!(of(&CHECK, &project(&lock, &files[..1])).findings.len(), 1);
    }

    #[test]
    fn a_file_at_a_fixed_relative_path_is_state() {
        for text in [
            "def view():\n    open('data.json', 'w').write('')\n",
            "def view():\n    with open('logs/a.txt', mode='a') as f: ...\n",
            "def view():\n    Path('data.json').write_text('')\n",
            "def view():\n    pathlib.Path('data.bin').open('wb')\n",
        ] {
            assert_eq!(found(text), [2], "{text}");
        }
        for clean in [
            "def view():\n    open('data.json')\n",
            "def view():\n    open('data.json', 'rb')\n",
            "def view(path):\n    open(path, 'w')\n",
            "def view():\n    open('/dev/null', 'w')\n",
            "def view():\n    Path('data.json').read_text()\n",
            "def view(root):\n    Path(root, 'a').write_text('')\n",
            "def view(response):\n    response.open('data.json', 'w')\n",
        ] {
            assert!(found(clean).is_empty(), "{clean}");
        }
        let command = "def run():\n    open('openapi.json', 'w')\n";
        assert!(places(&CHECK, "services/ai/app/__main__.py", command).is_empty());
        assert!(places(&CHECK, "services/platform/a/management/commands/dump.py", command).is_empty());
    }

    #[test]
    fn back_ends_of_one_process_are_found_in_settings_of_production() {
        let local = "CACHES = {'default': {\n    'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'}}\n";
        let settings = |name: &str, text: &str| places(&CHECK, &format!("services/platform/config/{name}.py"), text);
        for name in ["settings", "settings/base", "settings/production", "settings_prod"] {
            assert_eq!(settings(name, local), [2], "{name}");
        }
        for name in ["settings/development", "settings/test", "settings/local", "settings_dev", "urls"] {
            assert!(settings(name, local).is_empty(), "{name}");
        }
        for text in [
            "SESSION_ENGINE = 'django.contrib.sessions.backends.file'\n",
            "CHANNEL_LAYERS = {'default': {'BACKEND': 'channels.layers.InMemoryChannelLayer'}}\n",
            "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache'}}\n",
        ] {
            assert_eq!(settings("settings/production", text), [1], "{text}");
        }
        for clean in [
            "SESSION_ENGINE = 'django.contrib.sessions.backends.db'\n",
            "CACHES = {'default': {'BACKEND': 'django.core.cache.backends.redis.RedisCache'}}\n",
            "if DEBUG:\n    SESSION_ENGINE = 'django.contrib.sessions.backends.file'\n",
            "CACHES = {'default': {'BACKEND': 'a.RedisCache' if URL else 'b.LocMemCache'}}\n",
            "# LocMemCache\nNOTE = 'x.LocMemCache'\n",
        ] {
            assert!(settings("settings/production", clean).is_empty(), "{clean}");
        }
    }

    #[test]
    fn what_production_sets_anew_is_left_alone_in_the_base() {
        let base = ("services/p/config/settings/base.py", "CACHES = {'default': {'BACKEND': 'b.LocMemCache'}}\n");
        let shared = ("services/p/config/settings/production.py", "CACHES = {'default': {'BACKEND': 'b.RedisCache'}}\n");
        let lock = lock("monolith", "monolith", "", "");
        assert_eq!(of(&CHECK, &project(&lock, &[base])).findings.len(), 1);
        assert!(of(&CHECK, &project(&lock, &[base, shared])).findings.is_empty());
    }

    #[test]
    fn only_what_services_run_is_looked_at() {
        let text = "seen = []\ndef view(x):\n    seen.append(x)\n";
        for path in [
            "services/ai/tests/test_views.py",
            "services/ai/app/conftest.py",
            "services/ai/migrations/versions/0001.py",
            "libs/intelligence/src/intelligence/engine.py",
            "scripts/load.py",
            "services/ai/app/notes.md",
        ] {
            assert!(places(&CHECK, path, text).is_empty(), "{path}");
        }
    }

    #[test]
    fn what_cannot_be_parsed_is_told() {
        let lock = lock("api-first", "api-first", "", "");
        let found = of(&CHECK, &project(&lock, &[("services/ai/app/a.py", "def (:\n")]));
        assert_eq!((found.findings.len(), found.notes.len()), (0, 1));
        let new = "type A[T] = list[T]\ndef f(x):\n    try:\n        return f\"{x[\"a\"]}\"\n    except* OSError: ...\n";
        assert!(of(&CHECK, &project(&lock, &[("services/ai/app/a.py", new)])).notes.is_empty());
    }
}
