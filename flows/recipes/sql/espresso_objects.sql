-- Every key object, once for every picture in which it is to be found.
SELECT DISTINCT caption_id || '/' || md5(lower(label)) AS request_id, sights.video_id, caption_id, at_us, blob, label
FROM (SELECT unnest(caption_ids) AS caption_id, key_objects FROM chains) AS core
     JOIN sights ON frame_id = caption_id, unnest(key_objects) AS named (label)
QUALIFY row_number() OVER (PARTITION BY caption_id, lower(label) ORDER BY label) = 1
