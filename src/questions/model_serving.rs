//! Which model work is done, and where.

use super::choice::{answered_by_one, choice};
use super::Organisation;

choice! {
    /// Which model work there is.
    ModelServing ("model_serving", Scored) when with_ai,
    asks "Which model work does it do?",
    helps "Which model work it does",
    Minor = "minor": "a little, beside the rest",
    HostedLlm = "hosted-llm": "calls a hosted large language model",
    OwnCpu = "own-cpu": "runs its own models on CPUs",
    Batch = "batch": "computed ahead, looked up later",
    OwnGpu = "own-gpu": "runs its own models on GPUs",
}

answered_by_one!(ModelServing, |known| match known.organisation() {
    Organisation::Startup | Organisation::ScaleUp => Self::HostedLlm,
    Organisation::Enterprise | Organisation::PublicSector => Self::OwnCpu,
});
