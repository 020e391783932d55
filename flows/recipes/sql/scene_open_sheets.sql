-- The open answers whose words are not those of the right option: somebody has to say what they mean.
SELECT answer_id, open_answers.item_id, open_answers.video_id, question, options, text
FROM open_answers JOIN items USING (item_id)
WHERE trim(regexp_replace(lower(text), '[^\pL\pN]+', ' ', 'g')) <> trim(regexp_replace(lower(answer_text), '[^\pL\pN]+', ' ', 'g'))
