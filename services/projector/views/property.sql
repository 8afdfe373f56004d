-- Items of case property (财物) as they stand.
-- view
CREATE OR REPLACE VIEW property AS
WITH JSONExtract(state, 'Tuple(
    case_no String,
    name String,
    category String,
    quantity Nullable(Float64),
    unit String,
    seized_at String,
    store String,
    slot String,
    due_back String,
    action String
)') AS shown
SELECT
    id,
    version,
    org,
    status,
    since,
    unusual,
    type,
    occurred_at,
    recorded_at,
    received_at,
    node,
    position,
    shown.case_no AS case_no,
    shown.name AS name,
    shown.category AS category,
    shown.quantity AS quantity,
    shown.unit AS unit,
    parseDateTime64BestEffortOrNull(shown.seized_at, 6, 'UTC') AS seized_at,
    shown.store AS store,
    shown.slot AS slot,
    parseDateTime64BestEffortOrNull(shown.due_back, 6, 'UTC') AS due_back,
    shown.action AS action,
    state
FROM things FINAL
WHERE element = 'property'
