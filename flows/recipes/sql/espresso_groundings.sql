-- When each core caption holds: its own frame, and the frames before and after it without a gap whose captions are found
-- by it, that is, whose vectors have a cosine of at least $alike_percent percent with its own. A gap is a picture without
-- a caption, or time that no picture stands for: a black screen, a dissolve. It takes a place of its own.
WITH timed AS (
    SELECT *, coalesce(start_us > lag(end_us) OVER (PARTITION BY video_id ORDER BY start_us), false) AS after_gap FROM moments
), placed AS (
    SELECT frame_id AS caption_id, timed.video_id, timed.start_us, end_us, vector,
           row_number() OVER film + count(*) FILTER (after_gap) OVER film AS place
    FROM timed LEFT JOIN embeddings ON caption_id = frame_id
    WINDOW film AS (PARTITION BY timed.video_id ORDER BY timed.start_us)
), core AS (
    SELECT question_id, unnest(caption_ids) AS caption_id FROM chains
), found AS (
    SELECT question_id, own.caption_id, own.place AS own_place, other.place, other.start_us, other.end_us,
           other.place - row_number() OVER (PARTITION BY question_id, own.caption_id ORDER BY other.place) AS island
    FROM core JOIN placed AS own USING (caption_id) JOIN placed AS other ON other.video_id = own.video_id
    WHERE other.place = own.place
       OR list_cosine_similarity(own.vector, other.vector) >= $alike_percent / 100
), islands AS (
    SELECT question_id, caption_id, min(start_us) AS start_us, max(end_us) AS end_us, count(*) AS n_frames,
           bool_or(place = own_place) AS is_own, sum(count(*)) OVER (PARTITION BY question_id, caption_id) AS n_found
    FROM found GROUP BY question_id, caption_id, island
)
SELECT question_id || '/' || caption_id AS grounding_id, question_id, captions.video_id, caption_id, captions.at_us,
       islands.start_us, islands.end_us, n_frames, n_found - n_frames AS n_elsewhere, shot_id, text
FROM islands JOIN captions USING (caption_id) LEFT JOIN moments ON frame_id = caption_id WHERE is_own
