//! The one table of points: what each answer adds to each axis, and the clause it rests on.

use crate::questions::{
    Admin, AiRole, Compliance, Consumers, Lifetime, ModelServing, Organisation, PeakRps, Priority, ResponseStyle,
    SeparateScaling, Users, Workflows, Workload,
};

/// What one option adds: points on the business axis, points on the AI axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub business: i32,
    pub ai: i32,
    /// Clauses of the article that it rests on.
    pub clauses: &'static [&'static str],
}

/// An option that has points.
pub trait Points {
    fn points(self) -> Row;
}

/// The points of one option.
pub fn points(option: impl Points) -> Row {
    option.points()
}

/// The AI workloads of one product: the first, each further, all together at the most.
pub(super) const AI_WORKLOADS: (i32, i32, i32) = (9, 4, 17);
/// The business workloads of one product, beyond the highest of them: each further, all together at the most.
pub(super) const BUSINESS_WORKLOADS: (i32, i32) = (3, 17);

macro_rules! points {
    ($($type:ident { $($option:ident: $business:literal, $ai:literal, [$($clause:literal),*];)+ })+) => {
        $(impl Points for $type {
            fn points(self) -> Row {
                let (business, ai, clauses): (i32, i32, &'static [&'static str]) = match self {
                    $(Self::$option => ($business, $ai, &[$($clause),*]),)+
                };
                Row { business, ai, clauses }
            }
        })+
    };
}

points! {
    Organisation {
        Startup: 0, 4, ["S1"];
        ScaleUp: 3, 2, ["E1"];
        Enterprise: 10, 0, ["E1"];
        PublicSector: 10, 0, ["E1"];
    }
    // The AI rows are spent by `AI_WORKLOADS`, the business rows by their highest and `BUSINESS_WORKLOADS`.
    Workload {
        InferenceApi: 0, 9, ["F3", "P1"];
        Chatbot: 0, 9, ["F3", "P1"];
        Recommendations: 0, 9, ["F3", "P1"];
        RealtimeAnalytics: 0, 9, ["F3", "P1"];
        Dashboard: 11, 0, ["D4", "P2"];
        DataManagement: 11, 0, ["D4", "P2"];
        ReviewDesk: 12, 0, ["D4", "P2"];
        Crm: 14, 0, ["D4", "P2"];
        BusinessPlatform: 14, 0, ["D4", "P2"];
    }
    AiRole {
        Feature: 0, 0, ["P1"];
        Core: 0, 9, ["P1"];
        Whole: 0, 13, ["P1"];
    }
    ModelServing {
        Minor: 0, 0, ["F2"];
        HostedLlm: 0, 6, ["F2"];
        OwnCpu: 0, 8, ["F2"];
        Batch: 0, 6, ["F2"];
        OwnGpu: 0, 16, ["F2"];
    }
    ResponseStyle {
        Batch: 0, 0, ["F3", "Q9"];
        Interactive: 0, 4, ["F3", "Q9"];
        Streaming: 0, 13, ["F3", "Q9"];
    }
    PeakRps {
        Under10: 0, 0, ["M2", "F3"];
        To100: 0, 5, ["M2", "F3"];
        To1000: 0, 12, ["M2", "F3"];
        Over1000: 0, 18, ["M2", "F3"];
        // Counts as 10-100 until it is known (C14).
        Unknown: 0, 5, ["M2", "F3"];
    }
    SeparateScaling {
        No: 0, 0, ["M3"];
        Probably: 0, 5, ["M3"];
        Yes: 0, 11, ["M3"];
    }
    Consumers {
        OwnWeb: 0, 0, ["F2"];
        SpaMobile: 0, 2, ["F2"];
        Partners: 0, 5, ["F2"];
    }
    Admin {
        None: 0, 0, ["D1", "S2"];
        Basic: 7, 0, ["D1", "S2"];
        Heavy: 26, 0, ["D1", "S2"];
    }
    Users {
        None: 0, 0, ["E1", "D1"];
        Simple: 4, 0, ["E1", "D1"];
        Organisations: 15, 0, ["E1", "D1"];
    }
    Workflows {
        Light: 0, 0, ["E1"];
        Moderate: 6, 0, ["E1"];
        Complex: 16, 0, ["E1"];
    }
    Compliance {
        None: 0, 0, ["D2"];
        Standard: 3, 0, ["D2"];
        Strict: 8, 0, ["D2"];
    }
    Lifetime {
        Prototype: 0, 0, ["E1"];
        To3Years: 2, 0, ["E1"];
        Over3Years: 4, 0, ["E1"];
    }
    Priority {
        Speed: 0, 3, ["S1"];
        Scalability: 0, 4, ["S1"];
        Cost: 0, 3, ["S1"];
        Security: 4, 0, ["E1"];
        Workflows: 4, 0, ["E1"];
        UserManagement: 4, 0, ["E1"];
        Maintainability: 4, 0, ["E1"];
    }
}
