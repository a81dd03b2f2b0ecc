-- How long after its target's time an attempt ended, in milliseconds, for the list of those that were late. What ended late is in the index, and
-- nothing else.
ALTER TABLE attempts ADD COLUMN late_by INTEGER;
-- Nobody else uses the file, so that the past is told at once.
UPDATE attempts SET late_by = ended_at - (SELECT due_at FROM targets WHERE id = attempts.target);
CREATE INDEX attempts_late ON attempts (ended_at, target)
    WHERE kind IN ('send', 'repeat') AND (late_by IS NULL OR late_by > 60000);
