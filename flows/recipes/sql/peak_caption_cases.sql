-- Each caption beside the pictures of its scene.
SELECT caption_id, captions.video_id, captions.start_us, captions.end_us, text, shown_us, pictures
FROM captions JOIN views ON scene_id = caption_id
