-- Customers that may migrate, in order: all that do not come from a guide.

SELECT account.account_number AS external_identifier
FROM legacy.account
WHERE account.market = 'PT'
    AND account.data_origin = 'GEN'
    AND account.account_number > coalesce(CAST(:after AS text), '')
ORDER BY account.account_number
LIMIT :row_limit
