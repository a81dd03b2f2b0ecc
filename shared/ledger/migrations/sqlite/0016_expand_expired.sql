-- What was not sent in time, for whoever is told of it.

CREATE INDEX targets_expired ON targets (deadline) WHERE state = 10;
