-- Everything that is known of a scene, a fact a row.
WITH noted AS (
    SELECT scene_id, video_id, unnest(labels) AS label, unnest(kinds) AS kind, unnest(starts_us) AS start_us,
           unnest(ends_us) AS end_us, unnest(texts) AS text
    FROM notes
), told AS (
    SELECT * FROM noted
    UNION ALL
    SELECT scene_id, notes.video_id, 'S1', 'summary', start_us, end_us, summary FROM summaries JOIN notes USING (scene_id)
    UNION ALL
    SELECT scene_id, notes.video_id, 'T1', 'title', start_us, end_us, title FROM summaries JOIN notes USING (scene_id)
)
SELECT scene_id || '/' || label AS fact_id, * FROM told
