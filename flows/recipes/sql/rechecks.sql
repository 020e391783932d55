-- Each video's items with their pictures as the second reader found them, beside the video's low-resolution track: all
-- items in the row of the first stretch.
WITH asked AS (
    SELECT video_id, list(item_id ORDER BY item_id) AS item_ids, list(task ORDER BY item_id) AS item_tasks,
           list(question ORDER BY item_id) AS item_questions,
           list(to_json(options)::VARCHAR ORDER BY item_id) AS item_options,
           list(to_json(labels)::VARCHAR ORDER BY item_id) AS item_labels,
           list(start_us ORDER BY item_id) AS item_starts_us, list(end_us ORDER BY item_id) AS item_ends_us
    FROM items GROUP BY video_id
), shown AS (
    SELECT item_id, video_id, unnest(pictures_us) AS at_us, generate_subscripts(pictures_us, 1) AS place FROM items
), found AS (
    SELECT video_id, list(item_id ORDER BY item_id, place) AS picture_items,
           list(grid ORDER BY item_id, place) AS picture_grids, list(luma ORDER BY item_id, place) AS picture_lumas
    FROM shown JOIN again USING (video_id, at_us) GROUP BY video_id
)
SELECT signal_id, video_id, pts_us, grids,
       if(first_frame = 0, item_ids, []) AS item_ids, if(first_frame = 0, item_tasks, []) AS item_tasks,
       if(first_frame = 0, item_questions, []) AS item_questions, if(first_frame = 0, item_options, []) AS item_options,
       if(first_frame = 0, item_labels, []) AS item_labels, if(first_frame = 0, item_starts_us, []) AS item_starts_us,
       if(first_frame = 0, item_ends_us, []) AS item_ends_us,
       if(first_frame = 0, coalesce(picture_items, []), []) AS picture_items,
       if(first_frame = 0, coalesce(picture_grids, []), []) AS picture_grids,
       if(first_frame = 0, coalesce(picture_lumas, []), []) AS picture_lumas
FROM timelines JOIN asked USING (video_id) LEFT JOIN found USING (video_id)
