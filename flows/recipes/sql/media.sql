-- A video as measured by its only decoding pass, beside what its header claims.
WITH gaps AS (
    SELECT video_id, unnest(list_transform(range(2, n_frames + 1), lambda i: pts_us[i] - pts_us[i - 1])) AS gap
    FROM signals
), rates AS (
    SELECT video_id, quantile_cont(gap, 0.95) > 1.5 * quantile_cont(gap, 0.05) AS is_variable_rate
    FROM gaps GROUP BY video_id
), measured AS (
    SELECT video_id, sum(n_frames) AS n_frames, max(end_us) AS duration_us, max(end_us) - min(start_us) AS seen_us,
           any_value(width_px) AS width_px, any_value(height_px) AS height_px
    FROM signals GROUP BY video_id
)
SELECT video_id, codec, width_px AS width_px_measured, height_px AS height_px_measured,
       shown_width_px_claimed AS width_px_claimed, shown_height_px_claimed AS height_px_claimed, rotation_deg,
       n_frames AS n_frames_measured, n_frames_claimed, duration_us AS duration_us_measured, duration_us_claimed,
       n_frames * 1e6 / seen_us AS rate_hz_measured, rate_hz_claimed,
       coalesce(is_variable_rate, false) AS is_variable_rate,
       coalesce(seen_us / nullif(duration_us_claimed, 0), n_frames / nullif(n_frames_claimed, 0), 1) AS decoded_ratio,
       has_audio, is_hdr, is_interlaced
FROM measured JOIN probes USING (video_id) LEFT JOIN rates USING (video_id)
