-- Each item beside what was seen and said in its scene. Summary and title are left out: a model wrote them, and whoever
-- judges would take what it made up for a fact.
WITH facts AS (
    SELECT scene_id, unnest(labels) AS label, unnest(kinds) AS kind, unnest(packs.starts_us) AS from_us,
           unnest(packs.ends_us) AS to_us, unnest(texts) AS text, generate_subscripts(labels, 1) AS n
    FROM packs
), observed AS (
    SELECT video_id, start_us, end_us, list(label ORDER BY n) AS labels, list(from_us ORDER BY n) AS starts_us,
           list(to_us ORDER BY n) AS ends_us, list(text ORDER BY n) AS texts
    FROM packs JOIN facts USING (scene_id) WHERE kind IN ('seen', 'said', 'heard') GROUP BY ALL
)
SELECT item_id, items.video_id, question, options, answer, items.start_us, items.end_us,
       observed.labels, starts_us, ends_us, texts
FROM items JOIN observed USING (video_id, start_us, end_us)
