-- Each query with every scene of its video, whether it was scored or not. A score is the median of the judgements, of at
-- least half as many as were asked for; its reason is that of the judgement which is nearest to it.
WITH wanted AS (
    SELECT query_id, queries.video_id, list(scene_id ORDER BY scene_id) AS scene_ids,
           list(start_us ORDER BY scene_id) AS starts_us, list(end_us ORDER BY scene_id) AS ends_us
    FROM queries JOIN scenes USING (video_id) GROUP BY query_id, queries.video_id
), judged AS (
    SELECT query_id, scene_id, median(score)::DOUBLE AS score, list(rationale ORDER BY judgement_id) AS reasons,
           list(score ORDER BY judgement_id) AS votes
    FROM relevances GROUP BY query_id, scene_id HAVING 2 * count(*) >= $judgements
), told AS (
    SELECT query_id, scene_id, score,
           reasons[list_position(list_transform(votes, lambda v: abs(v - score)),
                                 list_min(list_transform(votes, lambda v: abs(v - score))))] AS rationale
    FROM judged
), scored AS (
    SELECT query_id, list(scene_id ORDER BY scene_id) AS scored_ids, list(score ORDER BY scene_id) AS scores,
           list(rationale ORDER BY scene_id) AS rationales
    FROM told GROUP BY query_id
), liked AS (
    SELECT query_id, list(scene_id ORDER BY scene_id) AS liked_ids, list(likeness ORDER BY scene_id) AS likenesses
    FROM likenesses GROUP BY query_id
)
SELECT query_id, video_id, scene_ids, starts_us, ends_us, coalesce(scored_ids, []) AS scored_ids,
       coalesce(scores, []) AS scores, coalesce(rationales, []) AS rationales,
       coalesce(liked_ids, []) AS liked_ids, coalesce(likenesses, []) AS likenesses
FROM wanted LEFT JOIN scored USING (query_id) LEFT JOIN liked USING (query_id)
