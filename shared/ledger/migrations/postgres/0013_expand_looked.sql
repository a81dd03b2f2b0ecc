-- For which time the posts of an account were looked at on its platform: what the number of duplicates and vanished posts rests on.

CREATE TABLE looked (
    tenant   TEXT NOT NULL,
    channel  TEXT NOT NULL,
    account  TEXT NOT NULL,
    from_at  BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, channel, account)
);
