-- How each shot looks and moves, summed up over its frames; the first frame's motion is the cut's, so it does not count.
-- A camera move counts when it takes the picture far enough, and mostly one way; a picture that goes less than a
-- fiftieth of its width in all is static. What moves in the picture can look like a camera that moves, so where less
-- than half of the change is explained by one motion of the whole, the shot is mixed. The bounds are ours, set by eye.
WITH frames AS (
    SELECT video_id, unnest(pts_us) AS pts_us, unnest(pan) AS pan, unnest(tilt) AS tilt, unnest(zoom) AS zoom,
           unnest(camera_fit) AS camera_fit, unnest(difference) AS difference, unnest(brightness) AS brightness,
           unnest(saturation) AS saturation, unnest(sharpness) AS sharpness, unnest(hash) AS hash
    FROM signals
), placed AS (
    SELECT shot_id, shots.video_id, start_us, end_us, pts_us > start_us AS inside, frames.* EXCLUDE (video_id)
    FROM shots JOIN frames
      ON frames.video_id = shots.video_id AND pts_us >= start_us AND pts_us < end_us
), moved AS (
    SELECT shot_id, video_id,
           coalesce(sum(pan) FILTER (inside), 0) AS pan,
           coalesce(sum(tilt) FILTER (inside), 0) AS tilt,
           coalesce(sum(zoom) FILTER (inside), 0) AS zoom,
           coalesce(sum(sqrt(pan * pan + tilt * tilt)) FILTER (inside), 0) AS wander,
           coalesce(sum(abs(zoom)) FILTER (inside), 0) AS zooming,
           coalesce(avg(camera_fit) FILTER (inside), 1) AS camera_fit,
           coalesce(avg(difference) FILTER (inside), 0) AS difference_mean,
           coalesce(max(difference) FILTER (inside), 0) AS difference_max,
           avg(brightness) AS brightness, max(brightness) AS brightest, avg(saturation) AS saturation,
           avg(sharpness) AS sharpness, arg_min(hash, abs(2 * pts_us - start_us - end_us)) AS hash
    FROM placed GROUP BY shot_id, video_id
)
SELECT shot_id, video_id,
       CASE WHEN wander < 0.02 AND zooming < 0.02 THEN 'static'
            WHEN camera_fit < 0.5 THEN 'mixed'
            WHEN abs(zoom) >= 0.08 AND abs(zoom) >= 0.7 * zooming AND wander < abs(zoom)
                THEN if(zoom > 0, 'zoom in', 'zoom out')
            WHEN abs(pan) >= 0.08 AND abs(pan) >= 0.7 * wander AND abs(zoom) < 0.5 * abs(pan)
                THEN if(pan > 0, 'pan right', 'pan left')
            WHEN abs(tilt) >= 0.08 AND abs(tilt) >= 0.7 * wander AND abs(zoom) < 0.5 * abs(tilt)
                THEN if(tilt > 0, 'tilt up', 'tilt down')
            ELSE 'mixed' END AS camera,
       pan, tilt, zoom, wander, camera_fit, difference_mean, difference_max, brightness, saturation, sharpness,
       difference_max < 0.004 AS is_still, brightest < 0.06 AS is_black, hash
FROM moved
