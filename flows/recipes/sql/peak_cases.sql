-- What can be asked about with options. A caption is asked about beside scenes whose captions are not like its own.
-- Of each query as many scenes that do not matter as scenes that do are asked about, drawn by hash; what lies between is left
-- out. A scene that matters is asked about beside scenes of the same video that do not. Of what may stand beside a scene at
-- most $beside captions are handed on, drawn by hash: all of a long film's, beside each of its scenes, would fill memory.
WITH known AS (
    SELECT sound.*, shot_ids, shown_us, uri, shot_ids[1] AS shot_id, shown_us[len(shown_us) // 2 + 1] AS at_us
    FROM sound JOIN scenes USING (scene_id) JOIN views USING (scene_id)
), rated AS (
    SELECT scene_scores.*, tier <> 'rest' AS is_relevant, final <= $irrelevant AS is_irrelevant,
           row_number() OVER (PARTITION BY scene_scores.query_id, final <= $irrelevant ORDER BY md5(scene_scores.score_id)) AS lot,
           count(*) FILTER (tier <> 'rest') OVER (PARTITION BY scene_scores.query_id) AS n_relevant
    FROM scores AS scene_scores SEMI JOIN known USING (scene_id)
), beside AS (
    SELECT own.scene_id AS own_id, NULL AS query_id, other.scene_id
    FROM known AS own JOIN known AS other ON other.video_id = own.video_id AND other.scene_id <> own.scene_id
    WHERE list_cosine_similarity(own.vector, other.vector) < $alike_percent / 100
    UNION ALL
    SELECT own.scene_id, own.query_id, other.scene_id FROM rated AS own JOIN rated AS other ON other.query_id = own.query_id
    WHERE own.is_relevant AND other.is_irrelevant
), drawn AS (
    SELECT own_id, query_id, scene_id FROM beside
    QUALIFY row_number() OVER (PARTITION BY own_id, query_id ORDER BY md5(own_id || scene_id)) <= $beside
), others AS (
    SELECT own_id, query_id, list(start_us ORDER BY scene_id) AS starts_us, list(end_us ORDER BY scene_id) AS ends_us,
           list(text ORDER BY scene_id) AS captions, list(at_us ORDER BY scene_id) AS shown, list(shot_id ORDER BY scene_id) AS shots
    FROM drawn JOIN known USING (scene_id) GROUP BY own_id, query_id
), asked AS (
    SELECT task || '/' || scene_id AS case_id, scene_id, NULL AS query_id, task, text, NULL AS is_relevant, NULL AS others_of
    FROM known, (VALUES ('localise'), ('caption')) AS tasks (task)
    UNION ALL
    SELECT 'relevance/' || score_id, scene_id, query_id, 'relevance', queries.text, is_relevant, 'nobody'
    FROM rated JOIN queries USING (query_id) WHERE is_relevant OR (is_irrelevant AND lot <= n_relevant)
    UNION ALL
    SELECT 'key clip/' || score_id, scene_id, query_id, 'key clip', queries.text, NULL, query_id
    FROM rated JOIN queries USING (query_id) WHERE is_relevant
)
SELECT case_id, asked.query_id, asked.scene_id, video_id, uri, task, asked.text, is_relevant, start_us, end_us,
       known.text AS caption, shot_ids, shown_us, coalesce(starts_us, []) AS other_starts_us,
       coalesce(ends_us, []) AS other_ends_us, coalesce(captions, []) AS other_captions,
       coalesce(shown, []) AS other_shown_us, coalesce(shots, []) AS other_shot_ids
FROM asked JOIN known ON known.scene_id = asked.scene_id
     LEFT JOIN others ON own_id = asked.scene_id AND others.query_id IS NOT DISTINCT FROM others_of
