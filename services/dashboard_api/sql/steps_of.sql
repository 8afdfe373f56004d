-- What the facts of some persons moved, in the order of their versions, and whether any of them
-- corrects another.
SELECT id,
       arrayMap(
           fact -> (fact.2, fact.3),
           arraySort(groupUniqArray((version, toUnixTimestamp64Micro(occurred_at), status)))
       ) AS steps,
       countIf(corrects IS NOT NULL) > 0 AS corrected
FROM states
WHERE element = 'person' AND id IN {persons:Array(String)}
  AND received_at <= {known:DateTime64(6, 'UTC')}
GROUP BY id
