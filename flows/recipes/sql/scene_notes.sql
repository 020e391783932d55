-- What is seen and said in each scene, numbered by kind in order of time. A line of speech belongs to the scene in which
-- it begins; beyond 200 of a scene it is left out, so that no prompt grows without end.
WITH seen AS (
    SELECT scene_id, video_id, window_id, start_us, end_us, unnest(observations) AS text,
           generate_subscripts(observations, 1) AS place
    FROM descriptions
), spoken AS (
    SELECT video_id, start_us, end_us, text, speech_id, 'said' AS kind FROM speech
    UNION ALL
    SELECT video_id, start_us, end_us, text, heard_id, 'heard' FROM heard
), said AS (
    SELECT scene_id, scenes.video_id, greatest(spoken.start_us, scenes.start_us) AS start_us,
           least(spoken.end_us, scenes.end_us) AS end_us, text, speech_id, kind
    FROM spoken JOIN scenes
      ON spoken.video_id = scenes.video_id AND spoken.start_us >= scenes.start_us AND spoken.start_us < scenes.end_us
    QUALIFY row_number() OVER (PARTITION BY scene_id ORDER BY speech_id) <= 200
), known AS (
    SELECT scene_id, video_id, 'V' || row_number() OVER (PARTITION BY scene_id ORDER BY window_id, place) AS label,
           'seen' AS kind, start_us, end_us, text, row_number() OVER (PARTITION BY scene_id ORDER BY window_id, place) AS n
    FROM seen
    UNION ALL
    SELECT scene_id, video_id, 'D' || row_number() OVER (PARTITION BY scene_id ORDER BY speech_id), kind,
           start_us, end_us, text, row_number() OVER (PARTITION BY scene_id ORDER BY speech_id)
    FROM said
)
SELECT scene_id, scenes.video_id, scenes.start_us, scenes.end_us,
       list(label ORDER BY kind DESC, n) AS labels, list(kind ORDER BY kind DESC, n) AS kinds,
       list(known.start_us ORDER BY kind DESC, n) AS starts_us, list(known.end_us ORDER BY kind DESC, n) AS ends_us,
       list(text ORDER BY kind DESC, n) AS texts
FROM scenes JOIN known USING (scene_id) GROUP BY ALL
