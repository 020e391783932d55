-- The captions that more than half of the judgements find supported, of at least half as many as were asked for.
SELECT caption_id AS scene_id, captions.video_id, captions.start_us, end_us, text, vector
FROM captions JOIN embeddings USING (caption_id) SEMI JOIN (
    SELECT caption_id FROM checks GROUP BY caption_id
    HAVING 2 * count(*) FILTER (status = 'supported') > count(*) AND 2 * count(*) >= $judgements
) AS sound USING (caption_id)
