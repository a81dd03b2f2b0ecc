-- Lists of a million posts. The first three bytes of an id are its time, to 4.7 hours: as those of many posts are the same, an index over
-- them costs some 10 bytes for each, and it is nearly in the order of the list. The rest is sorted a page at a time.

CREATE INDEX posts_tenants ON posts (tenant, substr(id, 1, 3));
-- Without what is on its way, which changes often and is never much: it has indexes of its own.
CREATE INDEX targets_places ON targets (channel, state, substr(post, 1, 3)) WHERE state NOT IN (1, 2);
CREATE INDEX targets_tenants ON targets (tenant, channel, state, substr(post, 1, 3)) WHERE state NOT IN (1, 2);
-- Targets that say something of their own, for the search of texts.
CREATE INDEX targets_changed ON targets (post) WHERE changes IS NOT NULL;

CREATE INDEX audit_log_who ON audit_log (who, id);
CREATE INDEX deliveries_undelivered ON deliveries (state, made_at, event, hook) WHERE state <> 'delivered';
CREATE INDEX incidents_tenant ON incidents (tenant, found_at, id);

-- What is over, for whoever forgets it after a while.
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX notes_until ON notes (until) WHERE until IS NOT NULL;
