//! The simulation: the real services on a virtual clock, with seeded faults. Development only.
