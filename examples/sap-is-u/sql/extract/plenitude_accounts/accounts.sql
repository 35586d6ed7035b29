-- Contract accounts.

SELECT
    fkkvkp.vkont AS external_identifier,
    fkkvkp.kofiz_sd AS account_class,
    fkkvkp.zzteam AS operations_team
FROM sap.fkkvkp
WHERE fkkvkp.mandt = '100' AND fkkvkp.vkont = ANY (CAST(:identifiers AS bpchar[]))
ORDER BY fkkvkp.vkont
