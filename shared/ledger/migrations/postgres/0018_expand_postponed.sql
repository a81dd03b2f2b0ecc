-- What waits for a later time than it was due (it is being retried, a rate limit keeps it, or it drips after a pause), for whoever asks how late
-- that is. What just waits for its time is not in it.
CREATE INDEX targets_postponed ON targets (due_at) WHERE state IN (0, 4) AND next_at > due_at;
-- What went out when, for the newest of it.
CREATE INDEX attempts_published ON attempts (ended_at) WHERE outcome = 'published';
-- What left a doubt, for the list of that. It is never much.
CREATE INDEX attempts_doubted ON attempts (target) WHERE outcome IN ('unknown', 'lost');
