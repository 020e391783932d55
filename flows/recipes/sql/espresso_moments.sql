-- Each shot in equal stretches, and the time of the picture in the middle of each. How many: $slow_hz pictures a second
-- where little changes, from twice as many up to $fast_hz where much does. What changes is the mean difference of
-- neighbouring frames, per second, so that the frame rate of the film does not matter. That pictures come at 1 a second
-- or at 2 to 4 is the paper's; by which rule is not known, so this one, and its bounds, are ours.
WITH paced AS (
    SELECT shots.video_id, shot_id, uri, start_us, end_us - start_us AS length_us,
           difference_mean * rate_hz_measured * 1000 / $lively_permille AS pace
    FROM shots JOIN looks USING (shot_id, video_id) JOIN media ON media.video_id = shots.video_id
         JOIN videos ON videos.video_id = shots.video_id
    WHERE NOT is_black
), counted AS (
    SELECT *, greatest(1, round(length_us / 1e6 * CASE
               WHEN pace < 1 OR $fast_hz <= $slow_hz THEN $slow_hz
               ELSE least($fast_hz, 2 * $slow_hz + ($fast_hz - 2 * $slow_hz) * (pace - 1) / 2) END))::BIGINT AS n
    FROM paced
), numbered AS (
    SELECT *, unnest(range(n)) AS number FROM counted
), timed AS (
    SELECT video_id, shot_id, uri, start_us + number * length_us // n AS start_us,
           start_us + (number + 1) * length_us // n AS end_us,
           start_us + (2 * number + 1) * length_us // (2 * n) AS at_us
    FROM numbered
)
SELECT video_id || '/' || lpad(at_us::VARCHAR, 12, '0') AS frame_id, video_id, uri, shot_id, start_us, end_us, at_us
FROM timed WHERE end_us > start_us
