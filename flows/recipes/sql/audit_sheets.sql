-- Each question with the frames that could be taken for it, in the order in which they are shown.
WITH shown AS (
    SELECT item_id, video_id, unnest(pictures_us) AS at_us, generate_subscripts(pictures_us, 1) AS place FROM items
), taken AS (
    SELECT item_id, list(blob ORDER BY place) AS pictures, list(place ORDER BY place) AS places
    FROM shown JOIN frames USING (video_id, at_us) GROUP BY item_id
)
SELECT item_id, video_id, question, options, start_us, end_us, pictures,
       if(len(labels) = len(pictures_us), list_transform(places, lambda place: labels[place]), []) AS labels
FROM items JOIN taken USING (item_id)
