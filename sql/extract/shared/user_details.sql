-- What is known of the holders beyond their names and contacts; a blank value says nothing.

SELECT
    account.account_number AS external_identifier,
    detail.party_id AS customer_key,
    detail.detail_id AS detail_key,
    detail.kind AS namespace,
    detail.value
FROM legacy.account
JOIN legacy.account_role
    ON account_role.account_id = account.account_id
    AND account_role.role = 'HLD'
    AND account_role.valid_to = '99991231'
JOIN legacy.party_detail AS detail ON detail.party_id = account_role.party_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[])) AND btrim(detail.value) <> ''
ORDER BY account.account_number, account_role.position, detail.detail_id
