-- Contract accounts with a contract that goes on, in order.

SELECT fkkvkp.vkont AS external_identifier
FROM sap.fkkvkp
WHERE fkkvkp.mandt = '100'
    AND fkkvkp.loevm = ''
    AND fkkvkp.vkont > coalesce(CAST(:after AS bpchar), '')
    AND EXISTS (
        SELECT FROM sap.ever
        WHERE ever.mandt = fkkvkp.mandt
            AND ever.vkonto = fkkvkp.vkont
            AND ever.loevm = ''
            AND ever.auszdat >= to_char(current_timestamp AT TIME ZONE 'Europe/Lisbon', 'YYYYMMDD')
    )
ORDER BY fkkvkp.vkont
LIMIT :row_limit
