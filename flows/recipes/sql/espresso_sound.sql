-- The claims of which no criterion is violated: by most judgements, of at least half as many as were asked for.
SELECT claims.* FROM claims SEMI JOIN (
    SELECT question_id FROM (
        SELECT question_id, criterion, count(*) AS n, count(*) FILTER (violated) AS n_violated FROM checks GROUP BY ALL
    ) GROUP BY question_id
    HAVING count(*) = 5 AND bool_and(2 * n_violated < n AND 2 * n >= $judgements)
) AS met USING (question_id)
