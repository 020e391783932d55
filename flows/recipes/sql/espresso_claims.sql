-- Each question with its answer, beside all captions of its group.
SELECT question_id, questions.video_id, task, question, answer, start_us, end_us, caption_groups.caption_ids, starts_us, texts
FROM questions JOIN caption_groups USING (group_id)
