-- Everything that belongs to a kept item, in one row; none for an item of which a picture could not be taken.
WITH reasons AS (
    SELECT item_id, string_agg(text, ' ' ORDER BY step) AS reasoning FROM traces GROUP BY item_id
), cited AS (
    SELECT item_id, to_json(list({'start_us': start_us, 'end_us': end_us, 'what': what} ORDER BY start_us, end_us)) AS evidence
    FROM evidence GROUP BY item_id
), shown AS (
    SELECT item_id, list(blob ORDER BY place) AS pictures
    FROM (
        SELECT item_id, video_id, unnest(pictures_us) AS at_us, generate_subscripts(pictures_us, 1) AS place FROM items
    ) JOIN frames USING (video_id, at_us) GROUP BY item_id
)
SELECT items.item_id AS sample_id, items.video_id, items.uri, picks.split, task, question, options, answer, answer_text,
       reasoning, pictures, labels, pictures_us, start_us, end_us,
       cited.evidence, program, NULL AS clip,
       videos.license, videos.origin, videos.title
FROM items JOIN picks USING (item_id) JOIN reasons USING (item_id) JOIN shown USING (item_id)
     JOIN cited USING (item_id)
     JOIN videos ON videos.video_id = items.video_id
WHERE len(pictures) = len(pictures_us)
