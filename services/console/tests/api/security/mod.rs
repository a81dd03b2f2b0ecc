//! What nobody may do. Every address comes from the API's own description, which the router is held to: one that is new is tried as well.

mod addresses;
mod bodies;
mod guessing;
mod headers;
mod pages;
mod roles;
mod stored;
mod tenants;
