//! The pure core: events, the state they fold into, what to do next, and the loop that does it.

mod about;
pub mod budget;
pub mod decide;
pub mod engine;
pub mod event;
pub mod evidence;
mod fixing;
mod fold;
mod frontier;
mod lines;
pub mod names;
pub mod policy;
pub mod proof;
pub mod reader;
pub mod results;
pub mod routes;
pub mod sandbox;
pub mod schedule;
mod standing;
pub mod state;
mod steps;
mod summary;
pub mod turn;
mod under_way;
pub mod whole;
