-- What each gate but the last says of each item. Context: neither a text-only classifier nor, where there is one, a panel
-- finds the answer without the film. A task is alarming when it is guessed better than chance with a probability of one in
-- a hundred by luck; of such a task, what is guessed right every time goes. Of a panel's answers no more may be right than
-- luck gives with a probability of $luck_permille thousandths; of a question with two options there are too few different
-- askings for that, so there the panel, too, has to find the task alarming first. Veracity: a caption was found true by more
-- than half of its judgements; of what is said to matter to a query, or not to, more than half of the judgements gave at
-- least 4, or at most 2, points. Ambiguity: no two options are the same.
WITH asked AS (
    SELECT item_id, count(*) AS n, count(*) FILTER (answers.choice = items.answer) AS n_right
    FROM answers JOIN items USING (item_id) GROUP BY item_id
), familiar AS (
    SELECT task, count(*) >= 20 AND avg(n_right / n) - avg(1 / len(options))
                 > 2.33 * sqrt(avg((1 / len(options)) * (1 - 1 / len(options))) / count(*)) AS is_known_task
    FROM asked JOIN items USING (item_id) GROUP BY task
), found AS (
    SELECT items.item_id, items.video_id, asked.n, asked.n_right, blind.repeats, blind.n_right AS n_guessed,
           coalesce(is_alarming AND blind.n_right = repeats, false) AS is_guessed,
           coalesce(CASE WHEN len(options) <= 2 THEN is_known_task AND asked.n_right = asked.n
               ELSE list_sum(list_transform(range(asked.n_right, asked.n + 1), lambda k: exp(
                   lgamma(asked.n + 1) - lgamma(k + 1) - lgamma(asked.n - k + 1)
                   - k * ln(len(options)) + (asked.n - k) * ln(1 - 1 / len(options))
               ))) < $luck_permille / 1000 END, false) AS is_known
    FROM items LEFT JOIN blind USING (item_id) LEFT JOIN guessable ON guessable.task = items.task
         LEFT JOIN asked ON asked.item_id = items.item_id LEFT JOIN familiar ON familiar.task = items.task
), context AS (
    SELECT item_id, video_id, 'context' AS gate, NOT is_guessed AND NOT is_known AS passed,
           CASE WHEN is_known THEN format('answered right without the film {} times of {}', n_right, n)
                WHEN is_guessed THEN format('guessed from the text alone {} times of {}, in a task that can be guessed', n_guessed, repeats)
                WHEN n IS NULL THEN 'no panel answered it; a text-only classifier guesses it no better than others'
                ELSE format('without the film right {} times of {}', n_right, n) END AS reason
    FROM found
), captioned AS (
    SELECT case_id AS item_id, count(*) AS n, count(*) FILTER (status = 'supported') AS n_for
    FROM cases JOIN checks ON caption_id = scene_id WHERE query_id IS NULL GROUP BY case_id
), rated AS (
    SELECT case_id AS item_id, count(*) AS n, count(*) FILTER (if(coalesce(is_relevant, true), score >= 4, score <= 2)) AS n_for
    FROM cases JOIN relevances USING (query_id, scene_id) GROUP BY case_id
), judged AS (
    SELECT * FROM captioned UNION ALL SELECT * FROM rated
), veracity AS (
    SELECT item_id, items.video_id, 'veracity' AS gate, coalesce(2 * n_for > n, false) AS passed,
           coalesce(format('{} of {} judgements bear the answer out', n_for, n), 'no judge looked at it') AS reason
    FROM items LEFT JOIN judged USING (item_id)
)
SELECT * FROM context UNION ALL SELECT * FROM veracity UNION ALL SELECT * FROM options_differ UNION ALL SELECT * FROM comes_once
