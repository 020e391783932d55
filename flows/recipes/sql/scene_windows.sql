-- Each scene in pieces of about equal length, none longer than a window, with the middles of equal parts as pictures.
WITH counted AS (
    SELECT *, end_us - start_us AS length_us, (end_us - start_us + $window_us - 1) // $window_us AS n FROM scenes
), cut AS (
    SELECT scene_id, video_id, uri, place, start_us + length_us * place // n AS from_us,
           start_us + length_us * (place + 1) // n AS to_us
    FROM (SELECT *, unnest(range(n)) AS place FROM counted)
)
SELECT scene_id || '/' || lpad(place::VARCHAR, 4, '0') AS window_id, scene_id, video_id, uri,
       from_us AS start_us, to_us AS end_us,
       list_distinct(list_transform(
           range($pictures), lambda i: from_us + (to_us - from_us) * (2 * i + 1) // (2 * $pictures)
       )).list_sort() AS pictures_us
FROM cut WHERE to_us > from_us
