-- Points of delivery of the installations that the account has a contract for.

SELECT
    ever.vkonto AS external_identifier,
    eanl.vstelle AS supply_address_key,
    eanl.anlage AS supply_point_key,
    euitrans.ext_ui AS identifier,
    eanl.sparte AS fuel
FROM sap.ever
JOIN sap.eanl ON eanl.mandt = ever.mandt AND eanl.anlage = ever.anlage
JOIN sap.euiinstln
    ON euiinstln.mandt = eanl.mandt AND euiinstln.anlage = eanl.anlage AND euiinstln.dateto = '99991231'
JOIN sap.euitrans
    ON euitrans.mandt = euiinstln.mandt AND euitrans.int_ui = euiinstln.int_ui AND euitrans.dateto = '99991231'
WHERE ever.mandt = '100'
    AND ever.vkonto = ANY (CAST(:identifiers AS bpchar[]))
    AND ever.loevm = ''
    AND ever.auszdat >= to_char(current_timestamp AT TIME ZONE 'Europe/Lisbon', 'YYYYMMDD')
ORDER BY ever.vkonto, eanl.vstelle, eanl.anlage
