-- Each stretch of a video beside the whole video's shots. A stretch stays a row: grids in lists would be copied a dozen
-- times on the way, and those of a long film would fill memory.
WITH takes AS (
    SELECT video_id, list(shot_id ORDER BY start_us) AS shot_ids, list(start_us ORDER BY start_us) AS shot_starts_us,
           list(end_us ORDER BY start_us) AS shot_ends_us, list(opened_by ORDER BY start_us) AS shot_opened_by,
           list(coalesce(opened_from_us, start_us) ORDER BY start_us) AS shot_opened_from_us,
           list(camera ORDER BY start_us) AS shot_cameras, list(pan ORDER BY start_us) AS shot_pans,
           list(tilt ORDER BY start_us) AS shot_tilts, list(zoom ORDER BY start_us) AS shot_zooms,
           list(wander ORDER BY start_us) AS shot_wanders, list(camera_fit ORDER BY start_us) AS shot_fits,
           list(is_still ORDER BY start_us) AS shot_is_still, list(is_black ORDER BY start_us) AS shot_is_black
    FROM shots JOIN looks USING (shot_id, video_id) GROUP BY video_id
)
SELECT signal_id, video_id, first_frame, uri, duration_us_measured AS duration_us, takes.* EXCLUDE (video_id),
       pts_us, difference, sharpness, brightness, grids
FROM signals JOIN videos USING (video_id) JOIN media USING (video_id) JOIN takes USING (video_id)
