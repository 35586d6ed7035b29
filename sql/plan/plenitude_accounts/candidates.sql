-- Accounts that may be planned. None has to wait: add reasons to exclusion for those that must.

SELECT
    account.account_number AS external_identifier,
    rtrim(account.account_class) AS stratum,
    CAST(NULL AS text) AS exclusion
FROM legacy.account
WHERE account.market = 'PT' AND account.data_origin = 'GEN'
