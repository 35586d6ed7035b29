-- Premises that the account is supplied at, each with the day since when.

SELECT
    ever.vkonto AS external_identifier,
    eanl.vstelle AS supply_address_key,
    min(ever.einzdat) AS customer_at_supply_address_from_date,
    adrc.city1 AS locality,
    adrc.post_code1 AS postal_code,
    adrc.country,
    -- A street of one word is a name without a type.
    CASE WHEN strpos(adrc.street, ' ') > 0 THEN split_part(adrc.street, ' ', 1) END AS street_type,
    substr(adrc.street, strpos(adrc.street, ' ') + 1) AS street_name,
    adrc.house_num1 AS street_number,
    adrc.floor,
    adrc.roomnumber AS door,
    NULL AS direction
FROM sap.ever
JOIN sap.eanl ON eanl.mandt = ever.mandt AND eanl.anlage = ever.anlage
LEFT JOIN sap.evbs ON evbs.mandt = eanl.mandt AND evbs.vstelle = eanl.vstelle
LEFT JOIN sap.iflot ON iflot.mandt = evbs.mandt AND iflot.tplnr = evbs.haus
LEFT JOIN sap.iloa ON iloa.mandt = iflot.mandt AND iloa.iloan = iflot.iloan
LEFT JOIN sap.adrc ON adrc.client = iloa.mandt AND adrc.addrnumber = iloa.adrnr AND adrc.nation = ''
WHERE ever.mandt = '100'
    AND ever.vkonto = ANY (CAST(:identifiers AS bpchar[]))
    AND ever.loevm = ''
    AND ever.auszdat >= to_char(current_timestamp AT TIME ZONE 'Europe/Lisbon', 'YYYYMMDD')
GROUP BY
    ever.vkonto, eanl.vstelle, adrc.city1, adrc.post_code1, adrc.country, adrc.street, adrc.house_num1, adrc.floor,
    adrc.roomnumber
ORDER BY ever.vkonto, eanl.vstelle
