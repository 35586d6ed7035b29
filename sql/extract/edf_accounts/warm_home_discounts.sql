-- Warm home discounts.

SELECT
    account.account_number AS external_identifier,
    discount.discount_id AS discount_key,
    discount.tax_year,
    discount.account_kind AS account_type,
    discount.discount_group AS "group"
FROM legacy.account
JOIN legacy.warm_home_discount AS discount ON discount.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, discount.discount_id
