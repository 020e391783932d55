-- What each gate but the last says of each item. Context: neither a text-only classifier nor, where there is one, a panel
-- finds the answer without the film. A task is alarming when the classifier guesses it better than chance with a
-- probability of one in a hundred by luck; of such a task, what is guessed right every time goes. Of a panel's answers no
-- more may be right than luck gives with a probability of $luck_permille thousandths, and no member's in every order. Veracity and ambiguity: what the judge said of
-- the criteria; an item that is here has been found sound, and why is told once more.
WITH asked AS (
    SELECT item_id, count(*) AS n, count(*) FILTER (answers.choice = items.answer) AS n_right
    FROM answers JOIN items USING (item_id) GROUP BY item_id
), sure AS (
    SELECT item_id, min(who) AS member FROM (
        SELECT item_id, answers."by" AS who FROM answers JOIN items USING (item_id) GROUP BY item_id, who
        HAVING bool_and(answers.choice = items.answer) AND count(*) > 3
    ) GROUP BY item_id
), found AS (
    SELECT items.item_id, items.video_id, asked.n, asked.n_right, sure.member, blind.repeats, blind.n_right AS n_guessed,
           coalesce(is_alarming AND blind.n_right = repeats, false) AS is_guessed,
           coalesce(list_sum(list_transform(range(asked.n_right, asked.n + 1), lambda k: exp(
               lgamma(asked.n + 1) - lgamma(k + 1) - lgamma(asked.n - k + 1)
               - k * ln(len(options)) + (asked.n - k) * ln(1 - 1 / len(options))
           ))) < $luck_permille / 1000, false) AS is_known
    FROM items LEFT JOIN blind USING (item_id) LEFT JOIN guessable ON guessable.task = items.task
         LEFT JOIN asked ON asked.item_id = items.item_id LEFT JOIN sure ON sure.item_id = items.item_id
), context AS (
    SELECT item_id, video_id, 'context' AS gate, NOT is_guessed AND NOT is_known AND member IS NULL AS passed,
           CASE WHEN member IS NOT NULL THEN format('{} is right without the film, in every order of the options', member)
                WHEN is_known THEN format('answered right without the film {} times of {}', n_right, n)
                WHEN is_guessed THEN format('guessed from the text alone {} times of {}, in a task that can be guessed', n_guessed, repeats)
                WHEN n IS NULL THEN 'no panel answered it; a text-only classifier guesses it no better than others'
                ELSE format('without the film right {} times of {}', n_right, n) END AS reason
    FROM found
), judged AS (
    SELECT question_id AS item_id, count(*) FILTER (criterion = 'consistent') AS n, count(*) FILTER (violated) AS n_violated
    FROM checks GROUP BY question_id
), veracity AS (
    SELECT item_id, items.video_id, 'veracity' AS gate, n IS NOT NULL AS passed,
           coalesce(format('{} judgements, by most of which every criterion is met', n), 'no judge looked at it') AS reason
    FROM items LEFT JOIN judged USING (item_id)
)
SELECT * FROM context UNION ALL SELECT * FROM veracity UNION ALL SELECT * FROM options_differ UNION ALL SELECT * FROM comes_once
