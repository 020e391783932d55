-- The captions of each video's chapters.
SELECT video_id, min(start_us) AS start_us, max(end_us) AS end_us, list(start_us ORDER BY start_us) AS starts_us,
       list(text ORDER BY start_us) AS texts
FROM chapter_captions GROUP BY video_id
