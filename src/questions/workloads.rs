//! What the application does. At least one workload; each becomes a working vertical slice.

use super::choice::{DefaultSet, choice};
use super::{Known, Organisation, Several};

choice! {
    /// One thing that the application does.
    Workload ("workloads", Scored; at_most 9, required) when always,
    asks "What will it do?",
    helps "What it does (several: comma-separated or repeated)",
    InferenceApi = "inference-api": "embeddings, classification, similarity over HTTP",
    Chatbot = "chatbot": "conversation, streamed, with citations",
    Recommendations = "recommendations": "items for a user, from what was seen",
    RealtimeAnalytics = "realtime-analytics": "figures over a stream of events, as they come",
    Dashboard = "dashboard": "charts for staff",
    DataManagement = "data-management": "records that staff keeps in order",
    ReviewDesk = "review-desk": "people check what the model proposes",
    Crm = "crm": "customers, contacts, deals",
    BusinessPlatform = "business-platform": "the business itself: orders, cases, contracts",
}

pub type Workloads = Several<Workload>;

impl Workload {
    /// Whether it needs a model, and so counts on the AI axis.
    pub fn is_ai(self) -> bool {
        matches!(
            self,
            Self::InferenceApi | Self::Chatbot | Self::Recommendations | Self::RealtimeAnalytics
        )
    }
}

impl Workloads {
    pub fn has_ai(&self) -> bool {
        self.iter().any(Workload::is_ai)
    }
}

impl DefaultSet for Workload {
    fn default_set(known: &Known) -> Workloads {
        match known.organisation() {
            Organisation::Startup => [Self::InferenceApi].into_iter().collect(),
            Organisation::ScaleUp | Organisation::Enterprise | Organisation::PublicSector => {
                [Self::InferenceApi, Self::Dashboard].into_iter().collect()
            }
        }
    }
}
