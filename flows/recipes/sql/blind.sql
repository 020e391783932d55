-- How often the text-only classifier guesses each item right.
SELECT item_id, count(*) AS repeats, count(*) FILTER (is_right) AS n_right FROM guesses GROUP BY item_id
