-- The captions that are no repeats, in order of time, dealt into groups of about $group_size that follow on each other,
-- as equal as can be. A film that leaves a single caption gives no group: nothing can be asked of it that needs several.
WITH kept AS (
    SELECT captions.*, row_number() OVER film - 1 AS place, count(*) OVER (PARTITION BY captions.video_id) AS n
    FROM captions JOIN repeats USING (caption_id) WHERE repeats IS NULL
    WINDOW film AS (PARTITION BY captions.video_id ORDER BY start_us, caption_id)
), dealt AS (
    SELECT *, place * greatest(1, n // $group_size) // n AS number FROM kept WHERE n >= 2
)
SELECT video_id || '/' || lpad(min(dealt.start_us)::VARCHAR, 12, '0') AS group_id, video_id, any_value(uri) AS uri,
       min(dealt.start_us) AS start_us, max(dealt.end_us) AS end_us,
       list(caption_id ORDER BY place) AS caption_ids, list(dealt.start_us ORDER BY place) AS starts_us,
       list(text ORDER BY place) AS texts
FROM dealt JOIN videos USING (video_id) GROUP BY video_id, number
