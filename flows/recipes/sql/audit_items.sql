-- Each question about a video that could be read, with the frames to show: those it speaks of, else the middles of $frames
-- equal parts of its span. A span that ends after the film ends with it; one that begins after it is left as it is.
WITH placed AS (
    SELECT entries.*, videos.video_id, videos.uri, coalesce(entries.start_us, 0) AS from_us,
           CASE WHEN entries.start_us >= duration_us_measured THEN entries.end_us
                ELSE least(coalesce(entries.end_us, duration_us_measured), duration_us_measured) END AS to_us
    FROM entries JOIN videos USING (source_id) JOIN media ON media.video_id = videos.video_id
)
SELECT entry_id AS item_id, video_id, uri, task, question, options, answer, options[answer + 1] AS answer_text,
       if(len(pictures_us) > 0, pictures_us, list_distinct(list_transform(
           range($frames), lambda i: from_us + (to_us - from_us) * (2 * i + 1) // (2 * $frames)
       )).list_sort()) AS pictures_us,
       labels, []::VARCHAR[] AS shot_ids, from_us AS start_us, coalesce(to_us, from_us + 1) AS end_us,
       0 AS seed, 0 AS wording, '[]' AS program
FROM placed
