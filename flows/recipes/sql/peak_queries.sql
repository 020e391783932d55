-- The queries that came with the videos, and those that were written for the others.
SELECT query_id, video_id, text, 'given' AS origin, track AS "by" FROM given
UNION ALL
SELECT query_id, video_id, text, 'written', "by" FROM written
