-- Every scene that can be shown beside every query of its video, with what is told of it where that was found sound.
WITH placed AS (
    SELECT chapters.chapter_id, unnest(scene_ids) AS scene_id FROM chapters
), told AS (
    SELECT scene_id, chapter_captions.text FROM placed JOIN chapter_captions USING (chapter_id)
)
SELECT query_id || '/' || views.scene_id AS pair_id, query_id, views.scene_id, views.video_id, views.start_us, views.end_us,
       queries.text AS query, sound.text AS caption, told.text AS chapter, summaries.text AS summary, shown_us, pictures
FROM views JOIN queries USING (video_id)
     LEFT JOIN sound ON sound.scene_id = views.scene_id LEFT JOIN told ON told.scene_id = views.scene_id
     LEFT JOIN summaries ON summaries.video_id = views.video_id
