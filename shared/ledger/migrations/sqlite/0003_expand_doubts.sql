-- What is in doubt, for the end of a pause: it is settled then.

CREATE INDEX targets_doubt ON targets (id) WHERE state = 5;
