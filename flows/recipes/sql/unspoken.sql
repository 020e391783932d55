-- Videos of which there are scenes and no subtitles: those in which somebody has to listen.
SELECT video_id, uri FROM videos
WHERE video_id IN (SELECT video_id FROM scenes) AND video_id NOT IN (SELECT video_id FROM speech)
