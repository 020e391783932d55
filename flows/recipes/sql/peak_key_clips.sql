-- The scenes of tier P1 and P2 of each query, in order of time; a query of which no scene is one keeps its row.
WITH key AS (
    SELECT *, if(tier = 'P1', 1, 2) AS priority FROM scores WHERE tier <> 'rest'
), clips AS (
    SELECT query_id, list(scene_id ORDER BY start_us) AS scene_ids, list(start_us ORDER BY start_us) AS starts_us,
           list(end_us ORDER BY start_us) AS ends_us, list(priority ORDER BY start_us) AS priorities,
           list(rationale ORDER BY start_us) AS reasons
    FROM key GROUP BY query_id
)
SELECT query_id, asked.video_id, duration_us_measured AS duration_us, coalesce(scene_ids, []) AS scene_ids,
       coalesce(starts_us, []) AS starts_us, coalesce(ends_us, []) AS ends_us, coalesce(priorities, []) AS priorities,
       coalesce(reasons, []) AS reasons
FROM (SELECT DISTINCT query_id, video_id FROM scores) AS asked JOIN media ON media.video_id = asked.video_id
     LEFT JOIN clips USING (query_id)
