//! The model check: the domain's own decisions under every interleaving. Development only.
