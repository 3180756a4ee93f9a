//! Python, parsed, with what the checks ask of it: names of modules, names of functions, lines.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Alias, ExceptHandler, Expr, ExprContext, ModModule, Stmt, StmtFunctionDef};
use ruff_python_parser::{Parsed, parse_module};

use super::Project;
use super::project::is_test;

/// A module of a service.
pub(super) struct Module<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    parsed: Parsed<ModModule>,
}

impl Module<'_> {
    pub(super) fn body(&self) -> &[Stmt] {
        &self.parsed.syntax().body
    }

    /// The line of an offset, counted from one.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text[..offset.min(self.text.len())].matches('\n').count() + 1
    }
}

/// What the services run: their modules without tests and migrations, and the paths of those that are not Python.
pub(super) fn modules(project: &Project) -> (Vec<Module<'_>>, Vec<&str>) {
    let mut modules = Vec::new();
    let mut unreadable = Vec::new();
    let runs = |path: &str| {
        path.starts_with("services/")
            && path.rsplit('.').next() == Some("py")
            && !is_test(path)
            && !path.contains("/migrations/")
    };
    for (path, text) in project.texts().filter(|(path, _)| runs(path)) {
        match parse_module(text) {
            Ok(parsed) => modules.push(Module { path, text, parsed }),
            Err(_) => unreadable.push(path),
        }
    }
    (modules, unreadable)
}

/// The name that an expression is: `x` for `x`, `c` for `a.b.c`.
pub(super) fn last_name(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// The text of a string literal.
pub(super) fn string(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::StringLiteral(literal) => Some(literal.value.to_str()),
        _ => None,
    }
}

/// The names that a function binds itself: parameters, assignments, imports. Names that it declares `global` are not
/// among them; functions in it have names of their own.
pub(super) fn local_names(function: &StmtFunctionDef) -> BTreeSet<String> {
    let mut names = Names::default();
    for parameter in &*function.parameters {
        names.bound.insert(parameter.name().to_string());
    }
    for stmt in &function.body {
        names.visit_stmt(stmt);
    }
    &names.bound - &names.global
}

#[derive(Default)]
struct Names {
    bound: BTreeSet<String>,
    global: BTreeSet<String>,
}

impl<'a> Visitor<'a> for Names {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => {
                self.bound.insert(function.name.to_string());
            }
            Stmt::ClassDef(class) => {
                self.bound.insert(class.name.to_string());
            }
            Stmt::Global(global) => self.global.extend(global.names.iter().map(ToString::to_string)),
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Name(name) = expr
            && name.ctx == ExprContext::Store
        {
            self.bound.insert(name.id.to_string());
        }
        walk_expr(self, expr);
    }

    fn visit_alias(&mut self, alias: &'a Alias) {
        let name = alias.asname.as_ref().unwrap_or(&alias.name);
        self.bound.insert(name.split('.').next().unwrap_or(name).to_owned());
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(each) = handler;
        self.bound.extend(each.name.as_ref().map(ToString::to_string));
        ruff_python_ast::visitor::walk_except_handler(self, handler);
    }
}
