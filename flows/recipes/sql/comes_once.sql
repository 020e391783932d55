-- The gate of duplicates: an item's footage is shown nowhere else before, and its question asked nowhere else.
WITH repeated AS (
    SELECT item_id, any_value(twins.twin_of) AS twin_of
    FROM (SELECT item_id, unnest(shot_ids) AS shot_id FROM items) JOIN twins USING (shot_id) GROUP BY item_id
), first_ones AS (
    SELECT item_id, min(item_id) OVER (PARTITION BY video_id, lower(question), lower(answer_text)) AS first_one FROM items
)
SELECT item_id, video_id, 'duplicate' AS gate, twin_of IS NULL AND first_one = item_id AS passed,
       CASE WHEN twin_of IS NOT NULL THEN format('shows the same footage as shot {}', twin_of)
            WHEN first_one <> item_id THEN format('asks the same as {}', first_one)
            ELSE 'its footage comes once, and so does its question' END AS reason
FROM items LEFT JOIN repeated USING (item_id) JOIN first_ones USING (item_id)
