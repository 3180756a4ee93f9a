//! No secret in the repository: environment files, private keys, tokens of well-known shape, passwords in URLs, and
//! settings whose name says secret and whose value looks real. What is found is never repeated: not in a message, not
//! in an error.
//!
//! A value looks real when somebody could log in with it: letters and digits, eight of them or more, and none of the
//! words that stand for a value still to come. In prose and in tests only keys and tokens are looked for, because
//! examples and dummies live there.

use std::sync::LazyLock;

use regex::Regex;

use super::project::{file_name, is_test};
use super::{Check, Project, Report};

pub(super) const CHECK: Check = Check { id: "secret", clause: "D2", says: "no secret in the repository", run };

const REMEDY: &str = "take it out, revoke it where it was issued, and read the new one from the environment";

/// Tokens of well-known shape: what they are, and the shape.
const TOKENS: [(&str, &str); 13] = [
    ("an AWS access key id", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("a GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    ("a GitHub token", r"\bgithub_pat_[A-Za-z0-9_]{60,}\b"),
    ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}"),
    ("an OpenAI key", r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}"),
    ("an Anthropic key", r"\bsk-ant-[a-z]+[0-9]{2}-[A-Za-z0-9_-]{60,}"),
    ("a Hugging Face token", r"\bhf_[A-Za-z]{34}\b"),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{20,}\b"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a SendGrid key", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
];

static SHAPES: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    TOKENS.iter().map(|(kind, shape)| (*kind, Regex::new(shape).expect("a fixed pattern"))).collect()
});

/// A private key in PEM with its first line of content, on a line of its own or after a written `\n`.
static PRIVATE_KEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\\n|\s|[A-Z][A-Za-z-]+:.*)+[A-Za-z0-9+/=]{40,}")
        .expect("a fixed pattern")
});

/// `scheme://user:password@host`.
static URL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\b[a-z][a-z0-9+.-]+://[^\s/:@"'<>]*:(?<value>[^\s/@"'<>]+)@(?<host>[^\s/:"'<>]+)"#)
        .expect("a fixed pattern")
});

/// The end of a name that says secret.
const NAME: &str = r"(?i:(?:secret|signing|encryption|private|api|access|auth|jwt|master)[_-]?key|secret|password|passwd|passphrase|(?:api|access|auth|bearer|refresh|secret)[_-]?token)";

/// A name and a literal: `NAME = "…"`, `"name": "…"`, `name: SecretStr = SecretStr("…")`.
static LITERAL: LazyLock<Regex> = LazyLock::new(|| {
    let annotation = r"(?:\s*:\s*[A-Za-z_][\w\[\]., |]*?)?";
    let call = r"(?:[A-Za-z_][A-Za-z0-9_.]*\(\s*)?";
    Regex::new(&format!(r#"{NAME}["']?\]?{annotation}\s*(?:=|:|=>)\s*{call}[bru]?["'](?<value>[^"']*)["']"#))
        .expect("a fixed pattern")
});

/// A name and what stands where it is not set: `get("NAME", "…")`, `env("NAME", default="…")`. The name is the first
/// argument, or first in its line: names one after another, such as the fields of a form, are no settings.
static DEFAULT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r#"(?:\w\(|^)\s*["'][\w.-]*?{NAME}["']\s*,\s*(?:default\s*=\s*)?["'](?<value>[^"']*)["']"#)).expect("a fixed pattern")
});

/// A name and a bare word, in files that configure: `NAME=…`, `name: …`.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r#"{NAME}["']?\s*(?:=|:)\s*(?<value>[^\s"'#,;]+)\s*(?:[#,;].*)?$"#)).expect("a fixed pattern")
});

/// Parts of values that stand for a value still to come, or say that it guards nothing.
const PLACEHOLDERS: [&str; 26] = [
    "change-me", "changeme", "change_me", "change-this", "development", "dev-only", "dummy", "example", "fake", "fixme",
    "for-test", "insert", "not-a-", "not_a_", "placeholder", "put-", "redacted", "replace", "sample", "testing", "todo",
    "unsafe-", "xxxx", "your-", "your_", "****",
];

fn run(project: &Project, report: &mut Report) {
    for path in project.paths() {
        if let Some(what) = by_name(path) {
            report.finding(
                path,
                1,
                format!("{what} is tracked, or not ignored"),
                format!(
                    "`git rm --cached {path}` where it is tracked, ignore it in .gitignore, and replace what is in it"
                ),
            );
        }
    }
    for (path, text) in project.texts() {
        for found in PRIVATE_KEY.find_iter(text) {
            report.finding(path, line_at(text, found.start()), "holds a private key", REMEDY);
        }
        for (number, line) in text.lines().enumerate() {
            if let Some(kind) = token(line).or_else(|| assigned(path, line)) {
                report.finding(path, number + 1, format!("holds {kind}"), REMEDY);
            }
        }
    }
}

/// What a file is by its name alone.
fn by_name(path: &str) -> Option<&'static str> {
    let name = file_name(path);
    let key_store = [".p12", ".pfx", ".jks", ".keystore"].iter().any(|end| name.ends_with(end));
    match name {
        ".env" | ".env.local" | ".env.prod" | ".env.production" | ".env.staging" => Some("an environment file"),
        _ if name.starts_with(".env.") && name.rsplit('.').next() == Some("local") => Some("an environment file"),
        "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" => Some("a private key"),
        _ if key_store && !is_test(path) => Some("a key store"),
        _ => None,
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

fn token(line: &str) -> Option<&'static str> {
    SHAPES
        .iter()
        .find(|(_, shape)| shape.find_iter(line).any(|found| !dummy(found.as_str())))
        .map(|(kind, _)| *kind)
}

/// What a line assigns, where that looks real.
fn assigned(path: &str, line: &str) -> Option<&'static str> {
    let kind = FileKind::of(path);
    if kind == FileKind::Prose || is_test(path) {
        return None;
    }
    let in_url = URL.captures_iter(line).any(|found| real(&found["value"]) && !nearby(&found["host"]));
    if in_url {
        return Some("a password in a URL");
    }
    let literal = [&LITERAL, &DEFAULT]
        .into_iter()
        .any(|shape| shape.captures_iter(line).any(|found| real(&found["value"])));
    let bare = || BARE.captures_iter(line).any(|found| real(&found["value"]) && !code(&found["value"]));
    (literal || (kind == FileKind::Configuration && bare())).then_some("what its name calls a secret, with a real value")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FileKind {
    /// Values are literals in quotes.
    Code,
    /// Values may be bare words.
    Configuration,
    /// Texts for people, and files that tools write.
    Prose,
}

impl FileKind {
    fn of(path: &str) -> Self {
        let name = file_name(path);
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if ends(&[".md", ".rst", ".txt", ".html", ".csv", ".svg", ".lock", "-lock.json", "-lock.yaml", ".po", ".css"]) {
            Self::Prose
        } else if ends(&[
            ".yaml",
            ".yml",
            ".toml",
            ".ini",
            ".cfg",
            ".conf",
            ".env",
            ".envrc",
            ".properties",
            ".sh",
            ".tfvars",
            "Dockerfile",
        ]) || name.starts_with(".env")
            || name.starts_with("Dockerfile")
            || name.starts_with("Procfile")
        {
            Self::Configuration
        } else {
            Self::Code
        }
    }
}

/// Whether a value looks like one that somebody could log in with.
fn real(value: &str) -> bool {
    let mixed = value.chars().any(|c| c.is_ascii_alphabetic()) && value.chars().any(|c| c.is_ascii_digit());
    let name_of_a_variable = value.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && value.contains('_');
    let refers = value.contains(['$', '{', '}', '<', '>', '%', ' ']) || value.starts_with(['/', '.', '!', '*', '&']);
    let elsewhere = value.contains("://") || value.starts_with("ENC[") || value.starts_with("op:");
    value.len() >= 8 && mixed && !name_of_a_variable && !refers && !elsewhere && !dummy(value)
}

/// Whether a value says of itself that it is none, or is too uniform to be one.
fn dummy(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let mut kinds: Vec<_> = lower.chars().collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.len() < 5 || PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// Whether a bare value is an expression: `settings.key`, `read(file)`.
fn code(value: &str) -> bool {
    value.contains(['(', ')', '[', ']', '`']) || value.contains("self.") || value.starts_with("settings.")
}

/// Whether a host is this machine, or no host at all.
fn nearby(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "host", "HOST"].contains(&host) || host.contains("example")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{lock, of, places, project};
    use super::*;

    /// Put together here, so that no scanner takes this file for a leak.
    fn joined(parts: &[&str]) -> String {
        parts.concat()
    }

    const REAL: &str = "q8Zr2vLx7Tn4Kd1m";

    #[test]
    fn environment_files_and_keys_are_known_by_name() {
        for path in [".env", "services/ai/.env", ".env.production", ".env.ci.local", "deploy/id_rsa", "a/b.p12"] {
            assert_eq!(places(&CHECK, path, ""), [1], "{path}");
        }
        for path in [".env.example", ".env.test", "env.py", "id_rsa.pub", "tests/a.p12", "docs/.env.md"] {
            assert!(places(&CHECK, path, "").is_empty(), "{path}");
        }
    }

    #[test]
    fn a_private_key_is_found_with_its_content_alone() {
        let line = "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v4XA9q8Zr2vLx7Tn4Kd1mAbCdEfGhIj0k";
        for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
            let begin = format!("-----BEGIN {kind}PRIVATE KEY-----");
            assert_eq!(places(&CHECK, "keys/a.pem", &format!("\n{begin}\n{line}\n")), [2], "{kind}");
            assert_eq!(places(&CHECK, "tests/test_a.py", &format!("KEY = '{begin}\\n{line}'")), [1], "{kind}");
            assert!(places(&CHECK, "app/a.py", &format!("if text.startswith('{begin}'):\n    pass\n")).is_empty());
            assert!(places(&CHECK, "docs/a.md", &format!("{begin}\n…\n")).is_empty());
        }
        let public = format!("-----BEGIN PUBLIC KEY-----\n{line}\n");
        assert!(places(&CHECK, "keys/a.pem", &public).is_empty());
    }

    #[test]
    fn tokens_are_known_by_their_shape_wherever_they_are() {
        let long = "a8Zr2vLx7Tn4Kd1mB9yW3pQe6Hs5Jc0fG1hU";
        for token in [
            joined(&["AK", "IA", "Q3EGRT5ZLKX2VBN7"]),
            joined(&["gh", "p_", long]),
            joined(&["github", "_pat_", long, long]),
            joined(&["gl", "pat-", &long[..20]]),
            joined(&["xo", "xb-", long]),
            joined(&["s", "k-proj-", long, "T3Blbk", "FJ", long]),
            joined(&["s", "k-ant-api03-", long, long]),
            joined(&["h", "f_", "aZrvLxTnKdmByWpQeHsJcfGhUiOaZrvLxT"]),
            joined(&["s", "k_live_", long]),
            joined(&["AI", "za", &long[..35]]),
            joined(&["S", "G.", &long[..22], ".", long, &long[..7]]),
            joined(&["np", "m_", long]),
            joined(&["py", "pi-AgEIcHlwaS5vcmc", long, long]),
        ] {
            for path in ["app/a.py", "README.md", "tests/test_a.py", "deploy/a.yaml"] {
                assert_eq!(places(&CHECK, path, &format!("x\ncall({token})\n")), [2], "{path} {token}");
            }
        }
        for clean in [
            joined(&["AK", "IA", "IOSFODNN7EXAMPLE"]),
            joined(&["gh", "p_", &"x".repeat(36)]),
            "task-force, sk-learn, hf_hub_offline, ghp_short".to_owned(),
            joined(&["s", "k_test_", long]),
        ] {
            assert!(places(&CHECK, "app/a.py", &clean).is_empty(), "{clean}");
        }
    }

    #[test]
    fn a_setting_that_is_called_secret_and_looks_real_is_found() {
        for (path, line) in [
            ("config/settings.py", "SECRET_KEY = \"@\""),
            ("config/settings.py", "SECRET_KEY = 'django-insecure-@'"),
            ("config/settings.py", "SECRET_KEY: str = '@'"),
            ("config/settings.py", "    secret_key: SecretStr = SecretStr(\"@\")"),
            ("config/settings.py", "SECRET_KEY = os.environ.get('SECRET_KEY', '@')"),
            ("config/settings.py", "SECRET_KEY = env('SECRET_KEY', default='@')"),
            ("config/settings.py", "    'DJANGO_SECRET_KEY', '@'"),
            ("config/settings.py", "DATABASES = {'default': {'PASSWORD': '@'}}"),
            ("app/a.py", "client = Client(api_key=\"@\")"),
            ("app/a.py", "os.environ[\"OPENAI_API_KEY\"] = '@'"),
            ("web/a.ts", "const apiKey = \"@\";"),
            (".env.example", "SECRET_KEY=@"),
            ("deploy/a.yaml", "      POSTGRES_PASSWORD: @"),
            ("deploy/a.yaml", "      - JWT_SECRET=@"),
            ("deploy/a.yaml", "  password: \"@\" # of the database"),
            ("a.toml", "api_token = '@'"),
            ("Dockerfile", "ENV API_KEY=@"),
            ("Procfile", "web: DB_PASSWORD=@"),
            ("a.json", "{\"client_secret\": \"@\"}"),
            ("app/a.py", "URL = 'postgresql://app:@@db.internal/app'"),
            ("deploy/a.yaml", "  DATABASE_URL: postgresql://app:@@postgresql/app"),
        ] {
            let line = line.replacen('@', REAL, 1);
            assert_eq!(places(&CHECK, path, &line), [1], "{path}: {line}");
        }
    }

    #[test]
    fn placeholders_references_and_dummies_are_left_alone() {
        for (path, line) in [
            (".env.example", "SECRET_KEY=change-me"),
            (".env.example", "SECRET_KEY=change-me-0123456789"),
            (".env.example", "OPENAI_API_KEY="),
            (".env.example", "# API_KEY=your-key-1234"),
            ("a.yaml", "SECRET_KEY: ${SECRET_KEY:?at least 32 random characters}"),
            ("a.yaml", "password: ${{ secrets.PASSWORD_1 }}"),
            ("a.yaml", "password: {{ .Values.password1 }}"),
            ("a.yaml", "secret: /run/secrets/key1"),
            ("a.yaml", "POSTGRES_PASSWORD: postgres"),
            ("a.yaml", "key_secret: ENC[AES256_GCM,data1]"),
            ("a.yaml", "secretKeyRef: {name: web1, key: password1}"),
            ("a.yaml", "DATABASE_URL: postgresql://demo:${POSTGRES_PASSWORD:?x}@postgresql/demo"),
            ("a.yaml", "DATABASE_URL: postgresql://app:app12345@localhost/app"),
            ("app/a.py", "SECRET_KEY = os.environ['SECRET_KEY_2']"),
            ("app/a.py", "secret_key: SecretStr = SecretStr(UNSET_SECRET)"),
            ("app/a.py", "SECRET_KEY = env('DJANGO_SECRET_KEY_1')"),
            ("app/a.py", "password = request.POST['password1']"),
            ("app/a.py", "self._secret_key = secret_key.get_secret_value().encode()"),
            ("app/a.py", "raise ValueError('the password: at least 8 characters')"),
            ("app/a.py", "LABELS = {'password': 'Kennwort'}"),
            ("app/a.py", "fields = ('email', 'usable_password', 'password1', 'password2')"),
            ("app/a.py", "fields = ('password', 'password1')"),
            ("app/a.py", "password = hash(password, 'sha256-rounds')"),
            ("app/a.py", "x = {'max_password': 'aaaaaaa1'}"),
            ("vocabulary.json", "\"password\": 20786, \"secret\": 3595"),
            ("README.md", "SECRET_KEY=@"),
            ("uv.lock", "api_key = '@'"),
            ("tests/test_a.py", "password='@'"),
            ("services/ai/tests/conftest.py", "SECRET_KEY = '@'"),
        ] {
            let line = line.replacen('@', REAL, 1);
            assert!(places(&CHECK, path, &line).is_empty(), "{path}: {line}");
        }
    }

    #[test]
    fn the_secret_itself_is_never_said() {
        let line = format!("SECRET_KEY = '{REAL}'\n");
        let found = of(&CHECK, &project(&lock("api-first", "api-first", "", ""), &[("app/a.py", &line)]));
        assert_eq!(found.findings.len(), 1);
        assert!(!format!("{found:?}").contains(REAL));
    }
}
