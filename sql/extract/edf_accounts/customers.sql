-- Who holds the account today, with their consents and the newest contact of each kind that holds today.

SELECT
    account.account_number AS external_identifier,
    party.party_id AS customer_key,
    party.title,
    party.first_name AS given_name,
    party.last_name AS family_name,
    contact.email,
    contact.mobile,
    contact.landline,
    party.salutation,
    party.birth_date AS date_of_birth,
    party.died AS deceased,
    contact.contact_emails,
    preference.opted_into_sms,
    preference.opted_into_recommended,
    preference.opted_into_updates,
    preference.opted_into_third_parties,
    preference.opted_into_offers,
    preference.is_user_psr_consent_obtained
FROM legacy.account
JOIN legacy.account_role
    ON account_role.account_id = account.account_id
    AND account_role.role = 'HLD'
    AND account_role.valid_to = '99991231'
JOIN legacy.party ON party.party_id = account_role.party_id
LEFT JOIN LATERAL (
    SELECT
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'EML'))[1] AS email,
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'MOB'))[1] AS mobile,
        (array_agg(value ORDER BY valid_from DESC, contact_id DESC) FILTER (WHERE kind = 'TEL'))[1] AS landline,
        array_agg(value ORDER BY valid_from, contact_id) FILTER (WHERE kind = 'EM2') AS contact_emails
    FROM legacy.party_contact
    WHERE party_contact.party_id = party.party_id AND party_contact.valid_to = '99991231'
) AS contact ON true
LEFT JOIN LATERAL (
    SELECT
        max(flag) FILTER (WHERE preference = 'SMS') AS opted_into_sms,
        max(flag) FILTER (WHERE preference = 'RECO') AS opted_into_recommended,
        max(flag) FILTER (WHERE preference = 'UPDT') AS opted_into_updates,
        max(flag) FILTER (WHERE preference = 'THRD') AS opted_into_third_parties,
        max(flag) FILTER (WHERE preference = 'OFFR') AS opted_into_offers,
        max(flag) FILTER (WHERE preference = 'PSRC') AS is_user_psr_consent_obtained
    FROM legacy.party_preference
    WHERE party_preference.party_id = party.party_id
) AS preference ON true
WHERE account.account_number = ANY (CAST(:identifiers AS text[]))
ORDER BY account.account_number, account_role.position
