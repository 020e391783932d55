-- Each moment whose picture could be taken, with it.
SELECT frame_id, moments.video_id, start_us, end_us, moments.at_us, blob FROM moments JOIN frames USING (frame_id)
