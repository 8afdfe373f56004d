-- What certain versions of things showed.
SELECT id, any(state)
FROM states
WHERE element = {element:String} AND (id, version) IN {versions:Array(Tuple(String, UInt32))}
GROUP BY id
