-- Every picture that an item shows, once.
SELECT DISTINCT video_id || '/' || at_us AS frame_id, video_id, uri, at_us
FROM (SELECT video_id, uri, unnest(pictures_us) AS at_us FROM items)
