-- Everything that anybody answered, under whatever condition.
SELECT * FROM unseen UNION ALL SELECT * FROM seen
