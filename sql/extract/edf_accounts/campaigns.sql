-- Campaigns that the account is in.

SELECT
    account.account_number AS external_identifier,
    member.member_id AS campaign_key,
    member.slug,
    member.note AS campaign_note,
    member.starts_on AS start_date,
    member.ends_on AS expiry_date
FROM legacy.account
JOIN legacy.campaign_member AS member ON member.account_id = account.account_id
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, member.member_id
