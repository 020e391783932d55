-- Shots that repeat an earlier one of another video. A copy, however encoded, keeps its cuts, each to the nearest of its
-- frames, so a twin has the same length and the same picture in its middle. Two hashes that differ in at most three of 64
-- bits agree in one of four blocks of 16, so joining on blocks misses none and compares few. That two still shots look alike
-- shows no copy, since titles and slides do; it does where the two videos have another twin.
WITH lengths AS (
    SELECT shot_id, video_id, end_us - start_us AS length_us, length_us / n_frames AS step_us, hash, is_still
    FROM shots JOIN looks USING (shot_id, video_id) WHERE NOT is_black
), blocks AS (
    SELECT *, block, (hash >> (16 * block)) & 65535 AS bits FROM lengths, (SELECT unnest(range(4)) AS block)
    WHERE NOT is_still
), moving AS (
    SELECT DISTINCT a.shot_id, a.video_id, b.shot_id AS twin_of, b.video_id AS shown_in, bit_count(xor(a.hash, b.hash)) AS distance
    FROM blocks a JOIN blocks b ON a.block = b.block AND a.bits = b.bits
    WHERE b.shot_id < a.shot_id AND b.video_id <> a.video_id AND bit_count(xor(a.hash, b.hash)) <= 3
      AND abs(a.length_us - b.length_us) <= greatest(80000, 0.02 * a.length_us, a.step_us + b.step_us)
), still AS (
    SELECT a.shot_id, a.video_id, b.shot_id AS twin_of, shown_in, bit_count(xor(a.hash, b.hash)) AS distance
    FROM (SELECT DISTINCT video_id, shown_in FROM moving) AS copies
         JOIN lengths a USING (video_id) JOIN lengths b ON b.video_id = shown_in
    WHERE (a.is_still OR b.is_still) AND bit_count(xor(a.hash, b.hash)) <= 3
      AND abs(a.length_us - b.length_us) <= greatest(80000, 0.02 * a.length_us, a.step_us + b.step_us)
)
SELECT shot_id, video_id, arg_min(twin_of, twin_of) AS twin_of, arg_min(distance, twin_of) AS distance
FROM (SELECT * FROM moving UNION ALL SELECT * FROM still) GROUP BY shot_id, video_id
