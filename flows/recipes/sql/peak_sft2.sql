-- Each query that any scene matters to, with its key clips in order of time and where to look for it.
SELECT query_id AS view_id, clips.video_id, uri,
       CASE WHEN ('0x' || left(md5(clips.video_id), 6))::BIGINT % 100 < $test_percent THEN 'test'
            WHEN ('0x' || left(md5(clips.video_id), 6))::BIGINT % 100 < $test_percent + $validation_percent THEN 'validation'
            ELSE 'train' END AS split,
       query_id, queries.text AS query, scene_ids, starts_us, ends_us, priorities, reasons,
       close.at_us AS focused_us, wide.at_us AS hybrid_us
FROM clips JOIN queries USING (query_id) JOIN videos ON videos.video_id = clips.video_id
     JOIN plans AS close ON close.plan_id = query_id || '/focused' JOIN plans AS wide ON wide.plan_id = query_id || '/hybrid'
WHERE len(scene_ids) > 0
