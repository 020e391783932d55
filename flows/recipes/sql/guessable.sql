-- Which tasks the text-only classifier guesses better than chance, with a probability of one in a hundred by luck.
SELECT *, n_items >= 20 AND accuracy - chance > 2.33 * sqrt(chance * (1 - chance) / n_items) AS is_alarming
FROM (
    SELECT guesses.task, avg(is_right::INT) AS accuracy, avg(1 / len(options)) AS chance, count(DISTINCT item_id) AS n_items
    FROM guesses JOIN items USING (item_id) GROUP BY guesses.task
)
