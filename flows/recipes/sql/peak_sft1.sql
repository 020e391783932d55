-- Temporal grounding: each scene and its caption, both ways round, and each scene with every query. Videos are held out by
-- the same hash as items are; a scene with a shot that another video showed before has no view: that video may be held out.
WITH held AS (
    SELECT video_id, uri,
           CASE WHEN ('0x' || left(md5(video_id), 6))::BIGINT % 100 < $test_percent THEN 'test'
                WHEN ('0x' || left(md5(video_id), 6))::BIGINT % 100 < $test_percent + $validation_percent THEN 'validation'
                ELSE 'train' END AS split
    FROM videos
), shown_before AS (
    SELECT DISTINCT scene_id FROM (SELECT scene_id, unnest(shot_ids) AS shot_id FROM scenes) SEMI JOIN twins USING (shot_id)
), views AS (
    SELECT task || '/' || scene_id AS view_id, video_id, task, scene_id, NULL AS query_id, start_us, end_us, text,
           NULL AS relevance
    FROM sound, (VALUES ('localise'), ('caption')) AS tasks (task)
    UNION ALL
    SELECT 'relevance/' || score_id, scores.video_id, 'relevance', scene_id, query_id, start_us, end_us, text, final
    FROM scores JOIN queries USING (query_id)
)
SELECT view_id, views.video_id, uri, split, task, scene_id, query_id, start_us, end_us, text, relevance
FROM views JOIN held ON held.video_id = views.video_id ANTI JOIN shown_before USING (scene_id)
