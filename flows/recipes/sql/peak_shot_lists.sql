-- All shots of each video in one row.
SELECT videos.video_id, any_value(uri) AS uri, list(shot_id ORDER BY start_us) AS shot_ids,
       list(start_us ORDER BY start_us) AS starts_us, list(end_us ORDER BY start_us) AS ends_us
FROM shots JOIN videos USING (video_id) GROUP BY videos.video_id
