-- Which of the given contract accounts there are.

SELECT fkkvkp.vkont AS external_identifier
FROM sap.fkkvkp
WHERE fkkvkp.mandt = '100' AND fkkvkp.vkont = ANY (CAST(:identifiers AS bpchar[]))
