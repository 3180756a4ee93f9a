//! The database of production; development runs on SQLite until told otherwise.

use super::choice::{answered_by_one, choice};

choice! {
    /// The production database.
    Database ("database", Weighed) when always,
    asks "Which database in production?",
    helps "Database of production; development runs on SQLite until told otherwise",
    Postgresql = "postgresql": "PostgreSQL",
    Sqlite = "sqlite": "SQLite: one process, one machine",
    Mysql = "mysql": "MySQL, for a monolith, as an extra",
}

answered_by_one!(Database, |_known| Self::Postgresql);
