-- Needs on the priority services register: one row for each fuel.

SELECT
    account.account_number AS external_identifier,
    account_role.party_id AS customer_key,
    need.priority_service_id AS priority_service_key,
    CASE WHEN need.fuel = 'E' THEN need.need_code END AS elec_industry_code,
    CASE WHEN need.fuel = 'G' THEN need.need_code END AS gas_industry_code,
    need.valid_from AS effective_from,
    need.removed_on AS effective_to
FROM legacy.account
JOIN legacy.account_role
    ON account_role.account_id = account.account_id
    AND account_role.role = 'HLD'
    AND account_role.valid_to = '99991231'
JOIN legacy.priority_service AS need ON need.party_id = account_role.party_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, account_role.position, need.priority_service_id
