//! Peak model calls a second within a year: runs of a model in answer to a request; not page views, not look-ups of
//! results computed ahead.

use super::choice::{answered_by_one, choice};

choice! {
    /// Peak model calls a second.
    PeakRps ("peak_rps", Scored, required) when with_ai,
    asks "How many model calls a second at peak, within a year?",
    helps "Peak model calls a second within a year: runs of a model in answer to a request, not page views",
    Under10 = "under-10": "below 10 a second",
    To100 = "10-100": "10 to 100 a second",
    To1000 = "100-1000": "100 to 1,000 a second",
    Over1000 = "over-1000": "above 1,000 a second",
    Unknown = "unknown": "not known: 10-100 is assumed and the risk recorded (M2)",
}

answered_by_one!(PeakRps, |_known| Self::To100);
