-- Shots that repeat an earlier one of another video. A copy, however encoded, keeps its cuts, each to the nearest of its
-- frames, so a twin has the same length and the same picture in its middle. Two hashes that differ in at most three of 64
-- bits agree in one of four blocks of 16, so joining on blocks misses none and compares few.
WITH lengths AS (
    SELECT shot_id, video_id, end_us - start_us AS length_us, length_us / n_frames AS step_us, hash
    FROM shots JOIN looks USING (shot_id, video_id) WHERE NOT is_still AND NOT is_black
), blocks AS (
    SELECT *, block, (hash >> (16 * block)) & 65535 AS bits FROM lengths, (SELECT unnest(range(4)) AS block)
), pairs AS (
    SELECT DISTINCT a.shot_id, a.video_id, b.shot_id AS twin_of, bit_count(xor(a.hash, b.hash)) AS distance
    FROM blocks a JOIN blocks b ON a.block = b.block AND a.bits = b.bits
    WHERE b.shot_id < a.shot_id AND b.video_id <> a.video_id AND bit_count(xor(a.hash, b.hash)) <= 3
      AND abs(a.length_us - b.length_us) <= greatest(80000, 0.02 * a.length_us, a.step_us + b.step_us)
)
SELECT shot_id, video_id, arg_min(twin_of, twin_of) AS twin_of, arg_min(distance, twin_of) AS distance
FROM pairs GROUP BY shot_id, video_id
