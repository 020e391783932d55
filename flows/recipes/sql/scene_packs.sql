-- Each scene with all its facts: seen, said or heard, summary, title.
WITH ordered AS (
    SELECT *, list_position(['seen', 'said', 'heard', 'summary', 'title'], kind) AS rank, substr(label, 2)::BIGINT AS n FROM facts
), known AS (
    SELECT scene_id, list(label ORDER BY rank, n) AS labels, list(kind ORDER BY rank, n) AS kinds,
           list(start_us ORDER BY rank, n) AS starts_us, list(end_us ORDER BY rank, n) AS ends_us,
           list(text ORDER BY rank, n) AS texts
    FROM ordered GROUP BY scene_id
), shown AS (
    SELECT scene_id, list(at_us ORDER BY at_us) AS pictures_us
    FROM (SELECT scene_id, unnest(shown_us) AS at_us FROM views) GROUP BY scene_id
)
SELECT scenes.scene_id, video_id, uri, start_us, end_us, shot_ids, pictures_us, known.* EXCLUDE (scene_id)
FROM scenes JOIN known USING (scene_id) JOIN shown USING (scene_id)
