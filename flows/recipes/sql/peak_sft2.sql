-- Each query that any scene matters to, with its key clips in order of time and where to look for it. A query of which a key
-- clip holds a shot that another video showed before has no view: that video may be held out.
WITH shown_before AS (
    SELECT DISTINCT query_id
    FROM (SELECT query_id, unnest(scene_ids) AS scene_id FROM clips)
         JOIN (SELECT scene_id, unnest(shot_ids) AS shot_id FROM scenes) USING (scene_id) SEMI JOIN twins USING (shot_id)
)
SELECT query_id AS view_id, clips.video_id, uri,
       CASE WHEN ('0x' || left(md5(clips.video_id), 6))::BIGINT % 100 < $test_percent THEN 'test'
            WHEN ('0x' || left(md5(clips.video_id), 6))::BIGINT % 100 < $test_percent + $validation_percent THEN 'validation'
            ELSE 'train' END AS split,
       query_id, queries.text AS query, scene_ids, starts_us, ends_us, priorities, reasons,
       close.at_us AS focused_us, wide.at_us AS hybrid_us
FROM clips JOIN queries USING (query_id) JOIN videos ON videos.video_id = clips.video_id
     JOIN plans AS close ON close.plan_id = query_id || '/focused' JOIN plans AS wide ON wide.plan_id = query_id || '/hybrid'
     ANTI JOIN shown_before USING (query_id)
WHERE len(scene_ids) > 0
