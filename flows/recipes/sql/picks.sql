-- The items that every gate lets through, split by a hash of their video, which no other video can move.
SELECT item_id, video_id,
       CASE WHEN ('0x' || left(md5(video_id), 6))::BIGINT % 100 < $test_percent THEN 'test'
            WHEN ('0x' || left(md5(video_id), 6))::BIGINT % 100 < $test_percent + $validation_percent THEN 'validation'
            ELSE 'train' END AS split
FROM verdicts GROUP BY item_id, video_id HAVING bool_and(passed) AND count(DISTINCT gate) = 5
