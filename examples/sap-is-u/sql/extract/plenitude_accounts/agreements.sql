-- The tariff stands in the time slices of the installation, which outlive its customers: each slice is cut by the
-- days of moving in and out of this account's own contract.

SELECT
    ever.vkonto AS external_identifier,
    eanl.vstelle AS supply_address_key,
    eanl.anlage AS supply_point_key,
    eanlh.bis AS agreement_key,
    eanlh.tariftyp AS tariff_code,
    greatest(eanlh.ab, ever.einzdat) AS effective_from,
    least(eanlh.bis, ever.auszdat) AS effective_to
FROM sap.ever
JOIN sap.eanl ON eanl.mandt = ever.mandt AND eanl.anlage = ever.anlage
JOIN sap.eanlh
    ON eanlh.mandt = ever.mandt
    AND eanlh.anlage = ever.anlage
    AND eanlh.bis >= ever.einzdat
    AND eanlh.ab <= ever.auszdat
WHERE ever.mandt = '100'
    AND ever.vkonto = ANY (CAST(:identifiers AS bpchar[]))
    AND ever.loevm = ''
    AND ever.auszdat >= to_char(current_timestamp AT TIME ZONE 'Europe/Lisbon', 'YYYYMMDD')
ORDER BY ever.vkonto, eanl.vstelle, eanl.anlage, eanlh.ab
