-- Each window with the pictures that could be taken of it.
WITH shown AS (SELECT window_id, video_id, unnest(pictures_us) AS at_us FROM windows)
SELECT window_id, windows.scene_id, windows.video_id, start_us, end_us,
       list(frames.at_us ORDER BY frames.at_us) AS shown_us, list(blob ORDER BY frames.at_us) AS pictures
FROM windows JOIN shown USING (window_id) JOIN frames ON frames.video_id = shown.video_id AND frames.at_us = shown.at_us
GROUP BY ALL
