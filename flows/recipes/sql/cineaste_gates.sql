-- What each gate but the last says of each item, from stored answers. Context: without the scene the panel may be right by
-- chance and a margin more, no member in every order of the options, and the right option must not stand out by its
-- length. Veracity: more than half of the open answers mean the right option, and more than half of the judgements find
-- every claim supported. Ambiguity: no wrong option is called right by half of its judgements. Nothing passes a gate on
-- fewer answers than half of what one member is asked for. Duplicate: the question comes once, and of two copies of a video,
-- which may have other subtitles and so other items, the one counts that counts as the video.
WITH asked AS (
    SELECT item_id, "by", 'alone' AS condition, choice = items.answer AS is_right FROM answers JOIN items USING (item_id)
    UNION ALL
    SELECT item_id, "by", 'elsewhere', choice = items.answer FROM controls JOIN items USING (item_id)
), guessed AS (
    SELECT item_id, count(*) FILTER (condition = 'alone') AS n, count(*) FILTER (condition = 'alone' AND is_right) AS n_right,
           count(*) AS n_all, count(*) FILTER (is_right) AS n_all_right
    FROM asked GROUP BY item_id
), sure AS (
    SELECT item_id, min("by") AS member FROM (
        SELECT item_id, "by" FROM asked WHERE condition = 'alone' GROUP BY item_id, "by"
        HAVING bool_and(is_right) AND 2 * count(*) > $repeats
    ) GROUP BY item_id
), context AS (
    SELECT items.item_id, items.video_id, 'context' AS gate,
           coalesce(2 * n >= $repeats, false) AND NOT is_long AND sure.member IS NULL AND n_right <= n * bound
               AND n_all_right <= n_all * bound AS passed,
           CASE WHEN coalesce(n, 0) = 0 THEN 'nobody on the blind panel gave an answer'
                WHEN 2 * n < $repeats THEN format('the blind panel gave {} usable answers, too few to tell', n)
                WHEN is_long THEN 'its right option gives itself away by its length'
                WHEN sure.member IS NOT NULL THEN format('{} is right without the scene, in every order of the options', sure.member)
                WHEN n_right > n * bound THEN format('answered right without the scene {} times of {}', n_right, n)
                WHEN n_all_right > n_all * bound
                    THEN format('answered right without the scene or by another one {} times of {}', n_all_right, n_all)
                ELSE format('without the scene right {} times of {}', n_right, n) END AS reason
    FROM (
        SELECT *, 1 / len(options) + $margin_percent / 100 AS bound,
               len(answer_text) > 12 + 1.8 * list_max(list_transform(
                   list_filter(options, lambda option: option <> answer_text), lambda option: len(option)
               )) AS is_long
        FROM items
    ) AS items
         LEFT JOIN guessed USING (item_id) LEFT JOIN sure USING (item_id)
), meant AS (
    SELECT answer_id, 2 * count(*) FILTER (choice = items.answer) > count(*) AS is_right
    FROM matches JOIN items USING (item_id) GROUP BY answer_id
), opened AS (
    SELECT item_id, count(*) AS n, count(*) FILTER (is_right) AS n_right, min(text) FILTER (NOT is_right) AS other
    FROM (
        SELECT open_answers.item_id, open_answers.text, coalesce(is_right, sheets.answer_id IS NULL) AS is_right
        FROM open_answers LEFT JOIN sheets USING (answer_id) LEFT JOIN meant USING (answer_id)
        WHERE sheets.answer_id IS NULL OR is_right IS NOT NULL
    ) GROUP BY item_id
), judgements AS (
    SELECT item_id, bool_and(status = 'supported') AS holds,
           min(format('{}: {}', replace(status, '_', ' '), text)) FILTER (status <> 'supported') AS flaw
    FROM claims GROUP BY item_id, "by", repeat
), claimed AS (
    SELECT item_id, count(*) AS n, count(*) FILTER (holds) AS n_right, min(flaw) AS flaw FROM judgements GROUP BY item_id
), veracity AS (
    SELECT items.item_id, items.video_id, 'veracity' AS gate,
           coalesce(2 * least(opened.n, claimed.n) >= $judgements AND 2 * opened.n_right > opened.n
               AND 2 * claimed.n_right > claimed.n, false) AS passed,
           CASE WHEN opened.n IS NULL OR claimed.n IS NULL THEN 'no judge gave a usable answer'
                WHEN 2 * claimed.n_right <= claimed.n
                    THEN format('{} of {} judgements find a claim that the scene does not bear out: {}',
                                claimed.n - claimed.n_right, claimed.n, flaw)
                WHEN 2 * opened.n_right <= opened.n
                    THEN format('asked openly, the judge gives another answer {} times of {}: {}',
                                opened.n - opened.n_right, opened.n, other)
                WHEN 2 * least(opened.n, claimed.n) < $judgements
                    THEN format('judges gave {} usable answers and {} usable lists of claims, too few to tell', opened.n, claimed.n)
                ELSE format('answered alike {} times of {}, every claim supported {} times of {}',
                            opened.n_right, opened.n, claimed.n_right, claimed.n) END AS reason
    FROM items LEFT JOIN opened USING (item_id) LEFT JOIN claimed USING (item_id)
), tried AS (
    SELECT item_id, option, count(*) AS n, count(*) FILTER (status = 'right') AS n_right FROM checks GROUP BY item_id, option
), rivals AS (
    SELECT item_id, count(*) FILTER (2 * n >= $judgements) AS n_options, min(option) FILTER (2 * n_right >= n) AS rival
    FROM tried GROUP BY item_id
), ambiguity AS (
    SELECT items.item_id, items.video_id, 'ambiguity' AS gate, coalesce(n_options = len(options) - 1, false) AND rival IS NULL AS passed,
           CASE WHEN rival IS NOT NULL THEN format('"{}" is right, too', options[rival + 1])
                WHEN coalesce(n_options, 0) < len(options) - 1 THEN 'too few judgements of its wrong options could be used'
                ELSE 'no other option is right' END AS reason
    FROM items LEFT JOIN rivals USING (item_id)
), duplicate AS (
    SELECT item_id, video_id, 'duplicate' AS gate, uri = kept_uri AND first_one = item_id AS passed,
           CASE WHEN uri <> kept_uri THEN format('it is about a copy of {}', kept_uri)
                WHEN first_one <> item_id THEN format('asks the same as {}', first_one)
                ELSE 'asked once' END AS reason
    FROM (
        SELECT items.*, videos.uri AS kept_uri,
               first_value(item_id) OVER (PARTITION BY video_id, lower(question) ORDER BY items.uri <> videos.uri, item_id) AS first_one
        FROM items JOIN videos USING (video_id)
    )
)
SELECT * FROM context UNION ALL SELECT * FROM veracity UNION ALL SELECT * FROM ambiguity UNION ALL SELECT * FROM duplicate
