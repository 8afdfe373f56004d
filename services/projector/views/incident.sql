-- Incidents (警情) as they stand.
-- view
CREATE OR REPLACE VIEW incident AS
WITH JSONExtract(state, 'Tuple(
    category String,
    channel String,
    urgent Bool,
    result_code String,
    case_no String,
    verdict String
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
    shown.category AS category,
    shown.channel AS channel,
    shown.urgent AS urgent,
    shown.result_code AS result_code,
    shown.case_no AS case_no,
    shown.verdict AS verdict,
    state
FROM things FINAL
WHERE element = 'incident'
