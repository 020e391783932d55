-- The gate of ambiguity where judges look at answers and not at options: no two options say the same.
SELECT item_id, video_id, 'ambiguity' AS gate, len(list_distinct(list_transform(options, lambda o: lower(o)))) = len(options) AS passed,
       if(passed, 'its options are different ones', 'two of its options say the same') AS reason
FROM items
