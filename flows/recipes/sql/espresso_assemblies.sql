-- All that belongs to a question that has wrong answers and a chain. Boxes count where their content was found like
-- their name by at least $box_percent percent.
WITH steps AS (
    SELECT question_id, min(start_us) AS start_us, max(end_us) AS end_us, list(caption_id ORDER BY at_us) AS steps_caption_id,
           list(at_us ORDER BY at_us) AS steps_at_us, list(start_us ORDER BY at_us) AS steps_start_us,
           list(end_us ORDER BY at_us) AS steps_end_us, list(coalesce(shot_id, '') ORDER BY at_us) AS steps_shot_id,
           list(text ORDER BY at_us) AS steps_text
    FROM groundings GROUP BY question_id
), boxes AS (
    SELECT question_id, to_json(list({'label': label, 'at_us': at_us, 'box': [x_from, y_from, x_to, y_to]}
                                     ORDER BY at_us, label, region_id)) AS regions
    FROM (SELECT question_id, unnest(caption_ids) AS caption_id, key_objects FROM chains) AS core JOIN regions USING (caption_id)
    WHERE list_contains(list_transform(key_objects, lambda name: lower(name)), lower(label))
      AND likeness >= $box_percent / 100
    GROUP BY question_id
)
SELECT sound.question_id, sound.video_id, uri, task, question, answer, distractions.texts AS distractors, key_objects, evidence,
       steps.* EXCLUDE (question_id), coalesce(regions, '[]') AS regions
FROM sound JOIN chains USING (question_id) JOIN distractions USING (question_id) JOIN steps USING (question_id)
     JOIN videos ON videos.video_id = sound.video_id LEFT JOIN boxes ON boxes.question_id = sound.question_id
WHERE len(steps_caption_id) = len(chains.caption_ids)
