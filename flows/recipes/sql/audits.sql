-- What it takes to answer each question, from stored answers. Somebody can answer it under a condition when the panel, or a
-- member of it, is right at least $pass_percent percent of the time, and luck gives as much at most $luck_permille times in
-- a thousand, after all the tries (members, looks) at the question are counted. The least condition that is enough counts;
-- shuffled frames are not enough where frames in order make it right $drop_percent points more often.
-- Doubt: for the condition that was enough the probability of luck; for each before it, that a panel which knows the
-- answer, and so is right $knows_percent percent of the time, does as badly; their sum. For frames in order it is that
-- shuffled ones do as badly against them although order means nothing (Fisher's exact test, one-sided).
WITH asked AS (
    SELECT item_id, condition, coalesce(look, 0) AS look, "by", answers.choice, answers.choice = items.answer AS is_right,
           1 / len(options) AS chance
    FROM answers JOIN items USING (item_id)
), members AS (
    SELECT condition, count(DISTINCT "by") AS n_members, $orders * count(DISTINCT "by") AS n_asked FROM answers GROUP BY condition
), tried AS (
    SELECT item_id, condition, look, '' AS who, chance, count(*) AS n, count(*) FILTER (is_right) AS k FROM asked GROUP BY ALL
    UNION ALL
    SELECT item_id, condition, look, "by", chance, count(*), count(*) FILTER (is_right)
    FROM asked JOIN members USING (condition) WHERE n_members > 1 GROUP BY ALL
), weighed AS (
    SELECT *, count(*) OVER (PARTITION BY item_id, condition) * list_sum(list_transform(range(k, n + 1), lambda i: exp(
               lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * ln(chance) + (n - i) * ln(1 - chance)
           ))) AS luck,
           list_sum(list_transform(range(k + 1), lambda i: exp(
               lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * ln($knows_percent / 100) + (n - i) * ln(1 - $knows_percent / 100)
           ))) AS miss
    FROM tried
), found AS (
    SELECT item_id, condition, max(k / n) FILTER (who = '') AS accuracy, max(n) FILTER (who = '') AS n, max(k) FILTER (who = '') AS k,
           least(1, min(luck) FILTER (100 * k >= $pass_percent * n)) AS luck,
           coalesce(min(luck) FILTER (100 * k >= $pass_percent * n) * 1000 <= $luck_permille, false) AS is_enough,
           least(1, max(miss) FILTER (who = '')) AS miss
    FROM weighed GROUP BY item_id, condition
), told AS (
    SELECT item_id, condition, accuracy, n, k, luck, is_enough, miss, 2 * n >= n_asked AS is_told FROM found JOIN members USING (condition)
), aside AS (
    SELECT items.*,
           blind.accuracy AS blind_accuracy, single.accuracy AS single_accuracy,
           shuffled.accuracy AS shuffled_accuracy, ordered.accuracy AS ordered_accuracy,
           blind.luck AS blind_luck, single.luck AS single_luck, shuffled.luck AS shuffled_luck, ordered.luck AS ordered_luck,
           blind.miss AS blind_miss, single.miss AS single_miss, shuffled.miss AS shuffled_miss, ordered.miss AS ordered_miss,
           list_sum(list_transform(range(greatest(0, shuffled.k + ordered.k - ordered.n), shuffled.k + 1), lambda i: exp(
               lgamma(shuffled.n + 1) - lgamma(i + 1) - lgamma(shuffled.n - i + 1)
               + lgamma(ordered.n + 1) - lgamma(shuffled.k + ordered.k - i + 1) - lgamma(ordered.n - shuffled.k - ordered.k + i + 1)
               - lgamma(shuffled.n + ordered.n + 1) + lgamma(shuffled.k + ordered.k + 1)
               + lgamma(shuffled.n + ordered.n - shuffled.k - ordered.k + 1)
           ))) AS alike,
           CASE WHEN NOT coalesce(blind.is_told AND single.is_told AND shuffled.is_told AND ordered.is_told, false) THEN 'unsorted'
                WHEN blind.is_enough THEN 'blind'
                WHEN single.is_enough THEN 'single frame'
                WHEN shuffled.is_enough AND 100 * (ordered.accuracy - shuffled.accuracy) <= $drop_percent THEN 'any order'
                WHEN ordered.is_enough THEN 'in order'
                WHEN shuffled.is_enough THEN 'any order'
                ELSE 'nobody' END AS answerable
    FROM items LEFT JOIN (FROM told WHERE condition = 'blind') AS blind USING (item_id)
         LEFT JOIN (FROM told WHERE condition = 'single') AS single USING (item_id)
         LEFT JOIN (FROM told WHERE condition = 'shuffled') AS shuffled USING (item_id)
         LEFT JOIN (FROM told WHERE condition = 'ordered') AS ordered USING (item_id)
), doubted AS (
    SELECT *, least(1, CASE answerable
               WHEN 'blind' THEN blind_luck
               WHEN 'single frame' THEN blind_miss + single_luck
               WHEN 'any order' THEN blind_miss + single_miss + shuffled_luck
               WHEN 'in order' THEN blind_miss + single_miss + alike + ordered_luck
               WHEN 'nobody' THEN blind_miss + single_miss + shuffled_miss + ordered_miss
               ELSE 1 END) AS doubt
    FROM aside
), chosen AS (
    SELECT item_id, choice, count(*) AS k, any_value(chance) AS chance, (sum(count(*)) OVER (PARTITION BY item_id))::BIGINT AS n
    FROM asked WHERE condition = 'ordered' GROUP BY item_id, choice
), rivals AS (
    SELECT item_id, arg_max(choice, k) AS rival
    FROM chosen JOIN items USING (item_id)
    WHERE choice <> items.answer AND 100 * k >= $pass_percent * n AND 1000 * list_sum(list_transform(range(k, n + 1), lambda i: exp(
              lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * ln(chance) + (n - i) * ln(1 - chance)
          ))) * (1 / chance - 1) <= $luck_permille
    GROUP BY item_id
), counted AS (
    SELECT item_id, count(*) AS n_answers FROM asked GROUP BY item_id
)
SELECT item_id, doubted.video_id, doubted.uri, task, question, options, answer, answer_text, start_us, end_us, answerable,
       CASE answerable WHEN 'blind' THEN 'llm_answerable' WHEN 'single frame' THEN 'semantic' WHEN 'any order' THEN 'semantic'
                       WHEN 'in order' THEN 'temporal' WHEN 'nobody' THEN 'others' END AS category,
       doubt, answerable <> 'unsorted' AND 100 * doubt <= $doubt_percent AS is_sure,
       blind_accuracy, single_accuracy, shuffled_accuracy, ordered_accuracy, coalesce(n_answers, 0) AS n_answers,
       if(answerable = 'nobody', rival, NULL) AS rival,
       CASE WHEN answerable = 'unsorted' THEN 'too few usable answers'
            ELSE format('right {:.0f} % blind, {:.0f} % from the best frame, {:.0f} % from shuffled frames, {:.0f} % in order, by chance {:.0f} %',
                        100 * blind_accuracy, 100 * single_accuracy, 100 * shuffled_accuracy, 100 * ordered_accuracy, 100 / len(options)) END AS why,
       videos.license, videos.origin, videos.title
FROM doubted JOIN videos ON videos.video_id = doubted.video_id LEFT JOIN rivals USING (item_id) LEFT JOIN counted USING (item_id)
