//! Where it runs.

use super::choice::{answered_by_one, choice};
use super::Organisation;

choice! {
    /// Where it runs.
    Operations ("operations", Weighed, required) when always,
    asks "Where does it run?",
    helps "Where it runs",
    Paas = "paas": "a platform that runs one web process",
    Containers = "containers": "containers on machines of one's own",
    Kubernetes = "kubernetes": "a Kubernetes cluster",
}

answered_by_one!(Operations, |known| match known.organisation() {
    Organisation::Startup | Organisation::ScaleUp | Organisation::PublicSector => Self::Containers,
    Organisation::Enterprise => Self::Kubernetes,
});
