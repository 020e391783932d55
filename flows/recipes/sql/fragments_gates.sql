-- What each gate but the last says of each item. A task is alarming when it is guessed better than chance with a
-- probability of one in a hundred by luck; of such a task, what is guessed right every time goes.
WITH context AS (
    SELECT item_id, items.video_id, 'context' AS gate,
           NOT (coalesce(is_alarming, false) AND coalesce(n_right = repeats, false)) AS passed,
           CASE WHEN n_right IS NULL THEN 'not guessed: too few items to learn from'
                WHEN is_alarming AND n_right = repeats THEN format(
                    'guessed from the text alone {} times of {}, in a task guessed {:.0f} % right against {:.0f} % by chance',
                    n_right, repeats, 100 * accuracy, 100 * chance)
                ELSE format('guessed right {} times of {}', n_right, repeats) END AS reason
    FROM items LEFT JOIN blind USING (item_id) LEFT JOIN guessable ON guessable.task = items.task
), veracity AS (
    SELECT item_id, items.video_id, 'veracity' AS gate,
           answers.choice IS NULL OR answers.choice = items.answer AS passed,
           CASE WHEN answers.choice IS NULL THEN 'the second route reached no answer'
                WHEN answers.choice = items.answer THEN 'the second route agrees'
                ELSE format('the second route answers "{}"', items.options[answers.choice + 1]) END AS reason
    FROM items LEFT JOIN answers USING (item_id)
), ambiguity AS (
    SELECT item_id, items.video_id, 'ambiguity' AS gate, answers.choice IS NOT NULL AS passed,
           CASE WHEN answers.choice IS NOT NULL THEN 'the pictures lead to one answer'
                ELSE coalesce(answers.detail, 'its pictures could not be taken') END AS reason
    FROM items LEFT JOIN answers USING (item_id)
), repeated AS (
    SELECT item_id, any_value(twins.twin_of) AS twin_of
    FROM (SELECT item_id, unnest(shot_ids) AS shot_id FROM items) JOIN twins USING (shot_id) GROUP BY item_id
), duplicate AS (
    SELECT item_id, video_id, 'duplicate' AS gate, twin_of IS NULL AS passed,
           coalesce(format('shows the same footage as shot {}', twin_of), 'its footage comes once') AS reason
    FROM items LEFT JOIN repeated USING (item_id)
)
SELECT * FROM context UNION ALL SELECT * FROM veracity UNION ALL SELECT * FROM ambiguity UNION ALL SELECT * FROM duplicate
