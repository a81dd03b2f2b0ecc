-- Fills an empty ledger for `make lists`: `psql -v targets=1000000 -f lists.sql ADDRESS`.
--
-- Nine weeks of posts, four for each five targets, of 40 tenants that are not alike, on eight channels. Most is out; what is due later
-- waits, some of it held; of the last two weeks one in fifty needs a person, for one of some dozen causes. Beside it stands what people
-- and the machine leave behind: cases, retries, jobs, entries of the audit log, deliveries, incidents, notes. Drawn by hashing numbers, so
-- that each run makes the same mix.
\set ON_ERROR_STOP on
\timing off
SET synchronous_commit = off;
SET client_min_messages = warning;

-- A number from 0 to `below` that `seed` decides.
CREATE FUNCTION pg_temp.draw(seed TEXT, below BIGINT) RETURNS BIGINT LANGUAGE SQL IMMUTABLE AS
    $$ SELECT (('x' || substr(md5(seed), 1, 15))::bit(60)::bigint) % below $$;
-- A UUIDv7 of that time.
CREATE FUNCTION pg_temp.id(at BIGINT, seed TEXT) RETURNS UUID LANGUAGE SQL IMMUTABLE AS
    $$ SELECT (lpad(to_hex(at), 12, '0') || '7' || substr(md5(seed), 1, 3) || 'a' || substr(md5(seed), 4, 15))::uuid $$;
CREATE FUNCTION pg_temp.rfc(at BIGINT) RETURNS TEXT LANGUAGE SQL IMMUTABLE AS
    $$ SELECT to_char(to_timestamp(at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') $$;

CREATE TEMP TABLE place AS
    SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now, 63 * 86400000::bigint AS span,
           (:targets * 4 / 5)::bigint AS posts;

CREATE TEMP TABLE words AS SELECT string_to_array(
    'we are open again on sunday come and see the new menu with us at our house this week only two for one while it lasts thank you all '
    'for a great year big news is coming soon read more in our journal join the team today last call for tickets the garden is in bloom '
    'coffee bread music market summer winter harvest workshop concert lecture museum bicycle river mountain harbour library theatre',
    ' ') AS common;

\echo filling: posts and targets
CREATE TEMP TABLE post AS
    SELECT i, at, pg_temp.id(at, 'post' || i) AS id,
           'tenant-' || lpad((pg_temp.draw('t' || i, 1000) * pg_temp.draw('t' || i, 1000) * 40 / 1000000)::text, 2, '0') AS tenant
    FROM (SELECT i, place.now - place.span + i * (place.span / place.posts) AS at
          FROM place, generate_series(1, place.posts) AS i) AS one;

INSERT INTO posts (id, request, fingerprint, accepted_at, print, revision, tenant, key, content, answer)
    SELECT id, md5('request' || i)::uuid, md5('fingerprint' || i)::uuid, at, pg_temp.draw('print' || i, 1000000000000000), 1, tenant,
           'order-2026-' || lpad(i::text, 8, '0'),
           '{"text":' || to_json(said.words || CASE WHEN i % 20000 = 7 THEN ' zanzibar' ELSE '' END) || '}',
           json_build_object('version', 1, 'post', id)::text
    FROM post, words, LATERAL (
        SELECT string_agg(array_to_string(common[start:start + 5], ' ') || ' w' || pg_temp.draw('rare' || i || '.' || n, 20000), ' ') AS words
        FROM generate_series(1, 3 + i % 3) AS n,
             LATERAL (SELECT 1 + pg_temp.draw('word' || i || '.' || n, array_length(common, 1) - 5)::int AS start) AS drawn) AS said;

-- How each target stands: `mix` decides, and when it is due.
CREATE TEMP TABLE target AS
    SELECT post.i * 2 + n AS i, post.id AS post, tenant, at, due, pg_temp.id(at, 'target' || post.i || '.' || n) AS id,
           (ARRAY['mastodon', 'bluesky', 'telegram', 'discord', 'slack', 'webhook', 'linkedin', 'wordpress'])
               [1 + pg_temp.draw('c' || post.i || '.' || n, 8)] AS channel,
           'account-' || pg_temp.draw('a' || post.i, 2) AS account,
           CASE WHEN due > place.now THEN CASE WHEN mix < 300 THEN 8 WHEN mix < 400 THEN 4 ELSE 0 END
                WHEN mix < 200 AND due > place.now - 14 * 86400000::bigint THEN CASE WHEN mix < 20 THEN 5 ELSE 7 END
                WHEN mix < 220 THEN 9 WHEN mix < 230 THEN 10
                ELSE 6 END AS state,
           mix, 100 + pg_temp.draw('late' || post.i, 30) * pg_temp.draw('late' || post.i, 300) AS late
    FROM post, place, LATERAL (
        SELECT n, pg_temp.draw('mix' || post.i || '.' || n, 10000) AS mix,
               at + 60000 + CASE WHEN post.i % 40 = 3 THEN pg_temp.draw('far' || post.i, 40 * 86400000::bigint)
                                 ELSE pg_temp.draw('near' || post.i, 3 * 86400000::bigint) END AS due
        FROM generate_series(0, CASE WHEN post.i % 4 = 0 THEN 1 ELSE 0 END) AS n) AS each;

CREATE TEMP TABLE listed AS
    SELECT id, at, code, reason, scope, said, format(
        '"listed":{"reason":"%s","at":"%s"},"last_failure":{"code":"%s","landed":"%s","worth":{"kind":"never"},"scope":"%s",'
        '"step":"publish","said":{"status":503,"code":"%s","text":"no"}},"case":true}',
        reason, pg_temp.rfc(at), code, landed, scope, said) AS rest
    FROM (SELECT id, due + late AS at, CASE WHEN state = 5 THEN 'OP-3002' ELSE code END AS code,
           CASE WHEN state = 5 THEN 'unknown' ELSE 'no' END AS landed,
           CASE WHEN state = 5 THEN 'undecidable' ELSE 'permanent' END AS reason, scope, said
    FROM target, LATERAL (SELECT pg_temp.draw('why' || i, 100) AS why) AS drawn, LATERAL (
        SELECT (ARRAY['OP-2102', 'OP-1102', 'OP-3002', 'OP-2201', 'OP-1103'])[1 + why % 5] AS code,
               (ARRAY['account', 'post', 'channel', 'account', 'post'])[1 + why % 5] AS scope, 'E' || why % 7 AS said) AS cause
    WHERE state IN (5, 7)) AS each;

INSERT INTO targets (id, post, hash, due_at, next_at, wake_at, listed_at, revision, attempt, state, tries, tenant, channel, account,
                     listed_group, progress)
    SELECT t.id, t.post, md5('hash' || t.i)::uuid, due, CASE WHEN state IN (0, 4, 8) THEN due END,
           CASE state WHEN 0 THEN due WHEN 4 THEN due + 60000 WHEN 8 THEN due + 900000 END, l.at, 1,
           CASE WHEN state IN (4, 5, 6, 7) THEN 1 ELSE 0 END, state, CASE WHEN state IN (4, 5, 6, 7) THEN 1 ELSE 0 END, tenant, channel,
           account, l.code || '/' || l.scope || '/' || l.said,
           CASE WHEN state = 6 THEN format('{"out":[{"part":0,"receipt":{"id":"p-%s"},"at":"%s"}]}', t.i, pg_temp.rfc(due + late))
                WHEN state = 5 THEN format('{"armed":{"step":"publish","part":0,"attempt":1,"first_at":"%1$s","last_at":"%1$s"},%2$s',
                    pg_temp.rfc(due), l.rest)
                WHEN state = 7 THEN '{' || l.rest END
    FROM target t LEFT JOIN listed l ON l.id = t.id;

\echo filling: attempts and platform ids
INSERT INTO attempts (target, number, late_by, began_at, ended_at, kind, outcome, worker)
    SELECT id, 1, late, due, due + late, 'send', CASE state WHEN 6 THEN CASE WHEN mix % 200 = 9 THEN 'unknown' ELSE 'published' END
           WHEN 5 THEN 'unknown' ELSE 'not_sent' END, 'worker-' || i % 4
    FROM target WHERE state IN (4, 5, 6, 7)
    UNION ALL
    SELECT id, 2, late + 60000, due + late, due + late + 60000, 'look', 'published', 'worker-' || i % 4
    FROM target WHERE state = 6 AND mix % 200 = 9;
INSERT INTO marks (mark, target) SELECT md5('mark' || i)::uuid, id FROM target WHERE state = 6;

\echo filling: what people and the machine leave behind
INSERT INTO cases (target, since, until, listings, retries, ended, tenant, channel, account, cause, reason)
    SELECT t.id, l.at, NULL, 1, 0, NULL, tenant, channel, account, l.code || '/' || l.scope || '/' || l.said, l.reason
    FROM target t JOIN listed l ON l.id = t.id
    UNION ALL
    SELECT id, due + late, due + late + 1000 * pg_temp.draw('mend' || i, 86400), 1, 1, 6, tenant, channel, account, 'OP-3002/channel/E1',
           CASE WHEN mix % 10 = 0 THEN 'undecidable' ELSE 'permanent' END
    FROM target WHERE state = 6 AND mix BETWEEN 1000 AND 1200;
INSERT INTO retries (target, at, tenant, channel, account, cause)
    SELECT target, until - 1000, tenant, channel, account, cause FROM cases WHERE until IS NOT NULL;
INSERT INTO incidents (id, target, found_at, closed_at, kind, tenant, channel, account, subject, what, evidence, closed_by, note)
    SELECT md5('incident' || i)::uuid, id, due + 86400000, CASE WHEN i % 10 <> 0 THEN due + 2 * 86400000::bigint END,
           CASE WHEN i % 3 = 0 THEN 'duplicate' ELSE 'vanished' END, tenant, channel, account, 'p-' || i, 'Found by comparing', '{}',
           CASE WHEN i % 10 <> 0 THEN 'ann' END, CASE WHEN i % 10 <> 0 THEN 'seen' END
    FROM target WHERE state = 6 AND mix BETWEEN 2000 AND 2100 AND due < (SELECT now FROM place) - 3 * 86400000::bigint;
INSERT INTO audit_log (id, post, at, ended_at, outcome, who, tenant, action, subject, reason)
    SELECT pg_temp.id(at, 'entry' || i), post, at, at + 20, 'done', 'person-' || i % 30, tenant, 'retry', 'target ' || id, 'mended'
    FROM target WHERE mix BETWEEN 3000 AND 4000;
INSERT INTO jobs (id, at, ended_at, total, done, held_back, lease, state, who, tenant, action, selection, terms)
    SELECT pg_temp.id(place.now - n * 2000000::bigint, 'job' || n), place.now - n * 2000000::bigint, place.now - n * 2000000::bigint + 60000, 50, 50, 0, 1, 'done',
           'person-' || n % 30, 'tenant-' || lpad((n % 40)::text, 2, '0'), 'retry', '{}', '{}'
    FROM place, generate_series(1, 2000) AS n;
INSERT INTO job_targets (job, target, listed_at, at, place, result)
    SELECT pg_temp.id(now - (i / 50 + 1) * 2000000::bigint, 'job' || i / 50 + 1), t.id, t.due, now - (i / 50 + 1) * 2000000::bigint, i % 50, 'done'
    FROM place, (SELECT id, due, row_number() OVER (ORDER BY id DESC) - 1 AS i FROM target WHERE mix BETWEEN 5000 AND 6500) AS t
    WHERE i < 100000;
INSERT INTO deliveries (event, hook, post, made_at, since, due_at, attempt, tries, state, body)
    SELECT md5('event' || i)::uuid, 'hook-' || i % 4, post, due, due, NULL, 1, 1, CASE WHEN i % 500 = 0 THEN 'given_up' ELSE 'delivered' END,
           json_build_object('id', md5('event' || i)::uuid, 'name', 'target.published', 'at', pg_temp.rfc(due), 'post', post,
               'tenant', tenant, 'target', id, 'channel', channel, 'account', account, 'attempt', 1, 'needs_person', FALSE)::text
    FROM target WHERE state = 6 AND mix > 5000;
INSERT INTO delivery_attempts (event, hook, number, at, millis, status)
    SELECT event, hook, 1, made_at, 80, 200 FROM deliveries;
INSERT INTO notes (id, at, subject, tenant, who, text)
    SELECT pg_temp.id(now - n * 3600000::bigint, 'note' || n), now - n * 3600000::bigint, 'code:OP-' || 1000 + n, 'tenant-' || lpad((n % 40)::text, 2, '0'),
           'person-' || n % 30, 'Ask the customer first'
    FROM place, generate_series(1, 300) AS n;

\echo filling: statistics
VACUUM ANALYZE;
