//! The arithmetic of docs/scalability.md: from the peak to processes, memory and connections.
//!
//! It starts from figures that are stated, so that whoever doubts one can put in their own.

use serde::Serialize;

use crate::architecture::Architecture;
use crate::questions::{Answers, Database, Operations, PeakRps, Workload};

/// CPU time of one inference call with the embedded model (MiniLM, int8), milliseconds: a short text, HTTP, the key and
/// the record of usage included. Of the emitted service on two shared virtual CPUs (`make bench`): 12 to 17 where each
/// call is a run of the model and a write of its own, 6 to 8 where 32 come together and share both. Other texts and
/// machines differ.
const CPU_MS_PER_CALL: u32 = 12;
/// The same for a monolith, which looks the key up and writes the usage for each call: 14 to 17.
const PLATFORM_CPU_MS_PER_CALL: u32 = 15;
/// The same of a question that is answered whole, extractively, from the project's own pages, whose sentences were read
/// before: 38 ms over 200 questions, of which finding the passages is 23. A question whose sentences are new costs 365.
const CPU_MS_PER_ANSWER: u32 = 40;
/// The same of a list of recommendations for a subject with ten events, on either framework with PostgreSQL, whose own
/// work is not counted: 27 to 41 one by one, from 64 to 2,000 items. On SQLite 19 with 64 items and 73 with 2,000.
const CPU_MS_PER_RECOMMENDATION: u32 = 35;
/// The same of a batch of ten measurements of three series, which changes nine windows: 11.4 ms over 300 batches, one
/// after the other, on SQLite.
const CPU_MS_PER_BATCH: u32 = 12;
/// The same for a monolith, on ASGI, where each question to the database is a change of threads: 38 ms.
const PLATFORM_CPU_MS_PER_BATCH: u32 = 40;
/// Where arrivals are random and calls equal, M/D/1 at the planned use: 95 of 100 take at most so many calls' CPU time.
const P95_CALLS: u32 = 4;
/// The same for 99 of 100.
const P99_CALLS: u32 = 6;
/// Milliseconds beyond these for what else the machine does.
const P95_ROOM_MS: u32 = 140;
const P99_ROOM_MS: u32 = 410;
/// The share of a core that is planned for: the rest is head-room for bursts.
const UTILISATION_PERCENT: u32 = 60;
/// Resident memory of one process with the model loaded, megabytes.
const MEMORY_MB: u32 = 320;
/// The same after questions were answered, whose sentences the model reads 32 at a time: 363 MB were measured.
const CHAT_MEMORY_MB: u32 = 370;
/// The same for a monolith. Django is larger than FastAPI, and gunicorn's parent stands beside the process that serves:
/// 340 MB were measured after texts of 180 words.
const PLATFORM_MEMORY_MB: u32 = 360;
/// Database connections that one process may hold: pool and overflow, or one for each thread of Django's.
const CONNECTIONS: u32 = 10;
/// Connections that a PostgreSQL server admits unless told otherwise, of which four fifths are planned for.
const MAX_CONNECTIONS: u32 = 100;

const A_TEXT: &str = "one short text, HTTP, the key and the metering included; most of it is the embedded model's; \
                      measured on two shared virtual CPUs; a call alone costs more there, calls that share a run of \
                      the model less, longer texts more";
const AN_ANSWER: &str = "one question, answered whole with sentences of this project's own pages that were read \
                         before: finding the passages takes about 23 ms of it; sentences that are new cost the model \
                         up to ten times as much; measured on two shared virtual CPUs";
const A_RECOMMENDATION: &str = "one list of recommendations for a subject with ten events, HTTP, the key and the \
                                metering included; no model runs for it; measured on two shared virtual CPUs with \
                                PostgreSQL, whose own work comes on top; on SQLite each thousand items of a catalogue \
                                add about 30 ms";
const A_BATCH: &str = "one batch of ten measurements of three series, HTTP, the key, the windows and the metering \
                       included; no model is asked; measured on two shared virtual CPUs";

/// What the peak asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capacity {
    /// Calls a second that are planned for.
    pub peak_rps: u32,
    /// The answer named no upper end: `peak_rps` is the lower one.
    pub open_ended: bool,
    pub cpu_ms_per_call: u32,
    /// What is called one call, and where its CPU time goes.
    pub call: &'static str,
    pub utilisation_percent: u32,
    /// What `just load` allows for 95 and for 99 of 100 answers.
    pub p95_ms: u32,
    pub p99_ms: u32,
    /// Cores busy at peak, in hundredths.
    pub cores_hundredths: u32,
    /// One process a core; two at least where a restart must not be seen and the database bears it.
    pub processes: u32,
    /// Where an autoscaler adds processes, as many as it may have running; else `processes`.
    pub most_processes: u32,
    pub memory_mb: u32,
    pub memory_total_mb: u32,
    pub connections_per_process: u32,
    pub connections: u32,
    /// What the answers do not bear of this.
    pub warnings: Vec<String>,
}

impl Capacity {
    /// Cores busy at peak, as a decimal number.
    pub fn cores(&self) -> String {
        format!("{}.{:02}", self.cores_hundredths / 100, self.cores_hundredths % 100)
    }
}

/// Tenths as a number.
fn decimal(tenths: u32) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

/// Plans for the upper end of the answered peak; an unknown peak counts as 10 to 100 (C14).
pub fn capacity(answers: &Answers, architecture: Architecture) -> Capacity {
    let (peak_rps, open_ended) = match answers.peak_rps {
        PeakRps::Under10 => (10, false),
        PeakRps::To100 | PeakRps::Unknown => (100, false),
        PeakRps::To1000 => (1000, false),
        PeakRps::Over1000 => (1000, true),
    };
    // Of several workloads the load test calls the first, and so plans for it.
    let asks = |workload| answers.workloads.contains(workload);
    let answering = asks(Workload::Chatbot) && !asks(Workload::InferenceApi);
    let recommending = asks(Workload::Recommendations) && !asks(Workload::InferenceApi) && !asks(Workload::Chatbot);
    let measuring = asks(Workload::RealtimeAnalytics)
        && ![Workload::InferenceApi, Workload::Chatbot, Workload::Recommendations].into_iter().any(asks);
    let (cpu_ms_per_call, call) = match architecture {
        _ if answering => (CPU_MS_PER_ANSWER, AN_ANSWER),
        _ if recommending => (CPU_MS_PER_RECOMMENDATION, A_RECOMMENDATION),
        Architecture::Monolith if measuring => (PLATFORM_CPU_MS_PER_BATCH, A_BATCH),
        _ if measuring => (CPU_MS_PER_BATCH, A_BATCH),
        Architecture::Monolith => (PLATFORM_CPU_MS_PER_CALL, A_TEXT),
        Architecture::ApiFirst | Architecture::Hybrid => (CPU_MS_PER_CALL, A_TEXT),
    };
    let rps_per_core = decimal(100 * UTILISATION_PERCENT / cpu_ms_per_call);
    let busy_ms_per_second = peak_rps * cpu_ms_per_call;
    let needed = busy_ms_per_second.div_ceil(10 * UTILISATION_PERCENT);
    let alone = answers.operations == Operations::Paas || answers.database == Database::Sqlite;
    let least = if alone { 1 } else { 2 };
    let processes = needed.max(least);
    let most_processes = if answers.operations == Operations::Kubernetes { 2 * processes } else { processes };
    let memory_mb = match architecture {
        Architecture::Monolith => PLATFORM_MEMORY_MB,
        Architecture::ApiFirst | Architecture::Hybrid if asks(Workload::Chatbot) => CHAT_MEMORY_MB,
        Architecture::ApiFirst | Architecture::Hybrid => MEMORY_MB,
    };
    let connections = most_processes * CONNECTIONS;
    let mut warnings = Vec::new();
    if connections * 5 > MAX_CONNECTIONS * 4 {
        warnings.push(format!(
            "That is more than four fifths of the {MAX_CONNECTIONS} connections that PostgreSQL admits by default: put \
             PgBouncer in between, or raise `max_connections`."
        ));
    }
    if processes > 1 && answers.database == Database::Sqlite {
        warnings.push(format!(
            "SQLite serves one process, which is {rps_per_core} calls a second: before the peak comes, move to PostgreSQL."
        ));
    }
    if processes > 1 && answers.operations == Operations::Paas {
        warnings.push(format!(
            "The Procfile starts one process, which is {rps_per_core} calls a second: have the platform run {processes} of it."
        ));
    }
    Capacity {
        peak_rps,
        open_ended,
        cpu_ms_per_call,
        call,
        utilisation_percent: UTILISATION_PERCENT,
        p95_ms: P95_CALLS * cpu_ms_per_call + P95_ROOM_MS,
        p99_ms: P99_CALLS * cpu_ms_per_call + P99_ROOM_MS,
        cores_hundredths: busy_ms_per_second / 10,
        processes,
        most_processes,
        memory_mb,
        memory_total_mb: most_processes * memory_mb,
        connections_per_process: CONNECTIONS,
        connections,
        warnings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::questions::Known;

    fn at(peak: &str, operations: &str) -> Capacity {
        let mut known = Known::default();
        known.set("peak_rps", peak).unwrap();
        known.set("operations", operations).unwrap();
        capacity(&known.complete(), Architecture::ApiFirst)
    }

    #[test]
    fn processes_follow_from_the_peak() {
        for (peak, operations, processes) in [
            ("under-10", "paas", 1),
            ("under-10", "containers", 2),
            ("10-100", "paas", 2),
            ("unknown", "containers", 2),
            ("100-1000", "containers", 20),
        ] {
            assert_eq!(at(peak, operations).processes, processes, "{peak} {operations}");
        }
    }

    #[test]
    fn what_the_answers_do_not_bear_is_said() {
        let warnings = |peak: &str, operations: &str, database: &str| {
            let mut known = Known::default();
            for (key, value) in [("peak_rps", peak), ("operations", operations), ("database", database)] {
                known.set(key, value).unwrap();
            }
            let capacity = capacity(&known.complete(), Architecture::Monolith);
            (capacity.processes, capacity.warnings.join(" "))
        };
        assert_eq!(warnings("under-10", "containers", "sqlite"), (1, String::new()));
        assert_eq!(warnings("10-100", "containers", "postgresql"), (3, String::new()));
        let (processes, said) = warnings("10-100", "paas", "sqlite");
        assert_eq!(processes, 3);
        assert!(said.contains("SQLite serves one process, which is 40 calls a second"), "{said}");
        assert!(said.contains("have the platform run 3 of it"), "{said}");
        assert!(warnings("100-1000", "containers", "postgresql").1.contains("PgBouncer"));
    }

    #[test]
    fn an_answer_costs_more_than_a_text_and_is_planned_for_where_nothing_comes_before_it() {
        let of = |workloads: &str| {
            let mut known = Known::default();
            for (key, value) in [("workloads", workloads), ("peak_rps", "10-100"), ("operations", "paas")] {
                known.set(key, value).unwrap();
            }
            capacity(&known.complete(), Architecture::ApiFirst)
        };
        let budgets = |capacity: &Capacity| (capacity.cpu_ms_per_call, capacity.p95_ms, capacity.p99_ms);
        let (texts, answers, both) = (of("inference-api"), of("chatbot"), of("inference-api,chatbot"));
        assert_eq!(budgets(&texts), (12, 188, 482));
        assert_eq!(budgets(&answers), (40, 300, 650));
        assert_eq!(budgets(&both), budgets(&texts));
        assert_eq!((texts.processes, answers.processes, answers.cores().as_str()), (2, 7, "4.00"));
        assert!(answers.warnings.join(" ").contains("which is 15 calls a second"), "{:?}", answers.warnings);
        assert_eq!((texts.memory_mb, answers.memory_mb, both.memory_mb), (320, 370, 370));
        assert!(answers.call.contains("one question") && both.call.contains("one short text"));
    }

    #[test]
    fn recommendations_are_planned_for_where_nothing_comes_before_them() {
        let of = |workloads: &str, architecture| {
            let mut known = Known::default();
            for (key, value) in [("workloads", workloads), ("peak_rps", "10-100"), ("operations", "paas")] {
                known.set(key, value).unwrap();
            }
            capacity(&known.complete(), architecture)
        };
        for architecture in [Architecture::ApiFirst, Architecture::Monolith] {
            let alone = of("recommendations", architecture);
            assert_eq!((alone.cpu_ms_per_call, alone.processes, alone.cores().as_str()), (35, 6, "3.50"));
            assert!(alone.call.contains("one list of recommendations"));
            for first in ["inference-api", "chatbot"] {
                let both = of(&format!("{first},recommendations"), architecture);
                assert_eq!(both.call, of(first, architecture).call);
            }
        }
    }

    #[test]
    fn a_batch_of_measurements_is_planned_for_where_nothing_else_is_asked() {
        let of = |workloads: &str, architecture| {
            let mut known = Known::default();
            known.set("workloads", workloads).unwrap();
            capacity(&known.complete(), architecture)
        };
        let (service, platform) =
            (of("realtime-analytics", Architecture::ApiFirst), of("realtime-analytics", Architecture::Monolith));
        assert_eq!((service.cpu_ms_per_call, platform.cpu_ms_per_call), (12, 40));
        assert!(service.call.contains("no model is asked"));
        let with_a_model = of("realtime-analytics,inference-api", Architecture::Monolith);
        assert_eq!(with_a_model.cpu_ms_per_call, PLATFORM_CPU_MS_PER_CALL);
    }

    #[test]
    fn an_autoscaler_may_double_what_is_planned() {
        let capacity = at("100-1000", "kubernetes");
        assert_eq!((capacity.processes, capacity.most_processes, capacity.connections), (20, 40, 400));
        assert_eq!(at("100-1000", "containers").most_processes, 20);
    }

    #[test]
    fn the_top_answer_has_no_upper_end() {
        assert!(at("over-1000", "containers").open_ended);
    }
}
