-- Each item beside the facts of its scene.
SELECT item_id, items.video_id, question, options, answer, items.start_us, items.end_us,
       packs.labels, starts_us, ends_us, texts
FROM items JOIN packs USING (video_id, start_us, end_us)
