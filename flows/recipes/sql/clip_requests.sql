-- The footage of every kept item.
SELECT item_id || '.clip' AS clip_id, items.video_id, uri, start_us, end_us FROM items JOIN picks USING (item_id)
