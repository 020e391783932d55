-- Each video as its shots and its per-frame signals, side by side.
WITH strips AS (
    SELECT video_id, flatten(list(pts_us ORDER BY first_frame)) AS pts_us,
           flatten(list(difference ORDER BY first_frame)) AS difference,
           flatten(list(sharpness ORDER BY first_frame)) AS sharpness,
           flatten(list(brightness ORDER BY first_frame)) AS brightness,
           list(grids ORDER BY first_frame) AS grids
    FROM signals GROUP BY video_id
), takes AS (
    SELECT video_id, list(shot_id ORDER BY start_us) AS shot_ids, list(start_us ORDER BY start_us) AS shot_starts_us,
           list(end_us ORDER BY start_us) AS shot_ends_us, list(opened_by ORDER BY start_us) AS shot_opened_by,
           list(coalesce(opened_from_us, start_us) ORDER BY start_us) AS shot_opened_from_us,
           list(camera ORDER BY start_us) AS shot_cameras, list(pan ORDER BY start_us) AS shot_pans,
           list(tilt ORDER BY start_us) AS shot_tilts, list(zoom ORDER BY start_us) AS shot_zooms,
           list(wander ORDER BY start_us) AS shot_wanders, list(camera_fit ORDER BY start_us) AS shot_fits,
           list(is_still ORDER BY start_us) AS shot_is_still, list(is_black ORDER BY start_us) AS shot_is_black
    FROM shots JOIN looks USING (shot_id, video_id) GROUP BY video_id
)
SELECT video_id, uri, duration_us_measured AS duration_us, takes.* EXCLUDE (video_id), strips.* EXCLUDE (video_id)
FROM videos JOIN media USING (video_id) JOIN takes USING (video_id) JOIN strips USING (video_id)
