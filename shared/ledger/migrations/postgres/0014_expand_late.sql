-- How long after its target's time an attempt ended, in milliseconds, for the list of those that were late. Rows of before, and of an older
-- version beside this one, do not say: they are in the index as if they were late, and to rewrite them would keep writers out for longer than
-- the second that the index takes for a million rows.
ALTER TABLE attempts ADD COLUMN late_by BIGINT;
CREATE INDEX attempts_late ON attempts (ended_at, target)
    WHERE kind IN ('send', 'repeat') AND (late_by IS NULL OR late_by > 60000);
