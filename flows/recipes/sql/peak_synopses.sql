-- Each video that came without queries, told for a writer of queries.
SELECT sound.video_id, min(start_us) AS start_us, max(end_us) AS end_us, any_value(summaries.text) AS summary,
       list(start_us ORDER BY start_us) AS starts_us, list(sound.text ORDER BY start_us) AS texts
FROM sound JOIN summaries USING (video_id) ANTI JOIN given USING (video_id) GROUP BY sound.video_id
