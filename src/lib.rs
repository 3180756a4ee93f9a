pub mod answers;
pub mod architecture;
pub mod questions;
pub mod recommend;
