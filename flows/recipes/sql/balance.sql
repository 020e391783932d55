-- What the last gate says of the items that all others, in `judged`, let through: quotas by video, task and place of the answer.
WITH sound AS (
    SELECT items.*, row_number() OVER (PARTITION BY items.video_id, task ORDER BY md5(item_id)) AS of_video
    FROM items JOIN (SELECT item_id FROM judged GROUP BY item_id HAVING bool_and(passed)) USING (item_id)
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY task, len(options), answer ORDER BY of_video, md5(item_id)) AS of_place,
           count(*) OVER (PARTITION BY task, len(options)) AS of_task
    FROM sound WHERE of_video <= $per_video
), ranked AS (
    SELECT *, of_place <= 2 + 1.25 * of_task / len(options) AS fits,
           row_number() OVER (PARTITION BY task ORDER BY of_place > 2 + 1.25 * of_task / len(options), of_video, md5(item_id)) AS rank
    FROM placed
)
SELECT sound.item_id, sound.video_id, 'balance' AS gate, coalesce(fits AND rank <= $per_task, false) AS passed,
       CASE WHEN fits IS NULL THEN 'its video has as many items of this task as it may'
            WHEN NOT fits THEN 'its answer stands at this place more often than at the others'
            WHEN rank > $per_task THEN 'its task has as many items as it may'
            ELSE 'within its quotas' END AS reason
FROM sound LEFT JOIN ranked USING (item_id)
