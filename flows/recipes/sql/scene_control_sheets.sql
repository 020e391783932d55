-- Each item beside facts of a scene of another video: videos stand in a ring, in the order of a hash, and each lends to
-- the one before it, so that a new video changes the control of one other only. A single video has nothing to borrow.
WITH ring AS (
    SELECT video_id, lead(video_id) OVER by_hash AS next_one, first_value(video_id) OVER by_hash AS first_one
    FROM (SELECT DISTINCT video_id FROM facts) WINDOW by_hash AS (ORDER BY md5(video_id), video_id)
), lenders AS (
    SELECT video_id, coalesce(next_one, first_one) AS lender FROM ring WHERE coalesce(next_one, first_one) <> video_id
), scenes AS (
    SELECT video_id, scene_id, row_number() OVER (PARTITION BY video_id ORDER BY scene_id) - 1 AS place,
           count(*) OVER (PARTITION BY video_id) AS n
    FROM (SELECT DISTINCT video_id, scene_id FROM facts)
), borrowed AS (
    SELECT item_id, items.video_id, question, options, scene_id
    FROM items JOIN lenders USING (video_id) JOIN scenes ON scenes.video_id = lender
    WHERE place = ('0x' || left(md5(item_id), 6))::BIGINT % n
), context AS (
    SELECT scene_id, list(text ORDER BY start_us, fact_id) AS texts FROM facts WHERE kind IN ('seen', 'said', 'heard') GROUP BY scene_id
)
SELECT item_id, video_id, question, options, texts[:$facts] AS context FROM borrowed JOIN context USING (scene_id)
