//! The program on a pseudo-terminal: what it shows is waited for, keys are pressed, and in the end it exits.

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use expectrl::Session;
use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;

use super::Run;

/// A guard against hanging, not a measurement.
const LIMIT: Duration = Duration::from_mins(1);

/// What keys send.
pub(crate) mod key {
    pub(crate) const ENTER: &str = "\r";
    pub(crate) const BACKSPACE: &str = "\x7f";
    pub(crate) const ESC: &str = "\x1b";
    pub(crate) const DOWN: &str = "\x1b[B";
    pub(crate) const UP: &str = "\x1b[A";
    pub(crate) const CTRL_C: &str = "\x03";
    pub(crate) const CTRL_D: &str = "\x04";
}

pub(crate) struct Terminal {
    session: OsSession,
    raw: Vec<u8>,
    /// What was shown, without the sequences that move the cursor or colour.
    shown: String,
    /// How much of it was looked at.
    seen: usize,
    /// How the program ended, once it has.
    ended: Option<WaitStatus>,
}

impl Terminal {
    /// Starts a run on a terminal of 24 lines and 80 columns.
    pub(crate) fn start(run: Run) -> Self {
        let mut command = run.command();
        // The terminal takes the place of the streams.
        command.stdin(std::process::Stdio::inherit());
        command.stdout(std::process::Stdio::inherit());
        command.stderr(std::process::Stdio::inherit());
        let mut session = Session::spawn(command).unwrap();
        session.get_process_mut().set_window_size(80, 24).unwrap();
        Self { session, raw: Vec::new(), shown: String::new(), seen: 0, ended: None }
    }

    /// Waits until a text is shown, after everything that was waited for before.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) -> &mut Self {
        let start = Instant::now();
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return self;
            }
            let open = self.read();
            let found = self.shown[self.seen..].contains(text);
            let waiting = open && start.elapsed() < LIMIT;
            assert!(found || waiting, "`{text}` was not shown:\n{}", self.shown);
        }
    }

    /// Presses keys.
    pub(crate) fn types(&mut self, keys: &str) -> &mut Self {
        self.session.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Waits for the end; gives the exit code, as a shell does where a signal ended it, and everything that was shown.
    pub(crate) fn ends(mut self) -> (i32, String) {
        let start = Instant::now();
        while self.read() {
            assert!(start.elapsed() < LIMIT, "does not end:\n{}", self.shown);
        }
        let ended = self.ended.unwrap_or_else(|| self.session.get_process().wait().unwrap());
        let code = match ended {
            WaitStatus::Exited(_, code) => code,
            WaitStatus::Signaled(_, signal, _) => 128 + signal as i32,
            other => panic!("ended as {other:?}"),
        };
        (code, self.shown)
    }

    /// Reads what has come, and waits a moment where nothing has. False once the program is gone.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.session.try_read(&mut bytes) {
            Ok(0) => false,
            Ok(read) => {
                self.raw.extend(&bytes[..read]);
                self.shown = plain(&self.raw);
                true
            }
            // A program that another test starts at the same moment may hold this terminal open: the end is asked for too.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let waiting = self.ended.is_none();
                if waiting {
                    std::thread::sleep(Duration::from_millis(2));
                    let status = self.session.get_process().status();
                    self.ended = status.ok().filter(|status| *status != WaitStatus::StillAlive);
                }
                waiting
            }
            // Linux answers so where the other side of a terminal is closed.
            Err(_) => false,
        }
    }
}

/// The text without control sequences. What is not complete yet is left out, so that more bytes only ever add text.
fn plain(raw: &[u8]) -> String {
    let complete = match std::str::from_utf8(raw) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&raw[..error.valid_up_to()]).unwrap(),
    };
    let mut text = String::new();
    let mut letters = complete.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\x1b' => {
                if letters.next() == Some('[') {
                    letters.find(|c| ('@'..='~').contains(c));
                }
            }
            '\r' => {}
            other => text.push(other),
        }
    }
    text
}
