//! Lists of a large ledger, measured as their readers see them: through the API and the console.

pub mod asks;
pub mod ground;
pub mod reader;
pub mod report;
