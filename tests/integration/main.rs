//! The program as its users meet it: started as a process, with files, signals and terminals around it. What an answer
//! leads to is told by the unit tests and the laws; here it is the wiring.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "the tests make the folders, files and processes that the program meets"
)]

mod check;
mod deaths;
mod flags;
mod neighbours;
mod output;
mod parity;
mod readme;
mod steps;
mod support;
mod wizard;
mod write;
