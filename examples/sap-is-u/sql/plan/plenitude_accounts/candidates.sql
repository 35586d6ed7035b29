-- Contract accounts that may be planned into cohorts, sampled by class. Those wait of whom an open item is disputed,
-- who were never billed, or whose installation has no meter today.

SELECT
    fkkvkp.vkont AS external_identifier,
    btrim(fkkvkp.kofiz_sd) AS stratum,
    nullif(
        concat_ws(
            ',',
            CASE
                WHEN EXISTS (
                    SELECT FROM sap.dfkkop
                    WHERE dfkkop.mandt = fkkvkp.mandt
                        AND dfkkop.vkont = fkkvkp.vkont
                        AND dfkkop.augst = ''
                        AND dfkkop.mansp = 'D'
                ) THEN 'open_dispute'
            END,
            CASE
                WHEN NOT EXISTS (
                    SELECT FROM sap.erdk
                    WHERE erdk.mandt = fkkvkp.mandt AND erdk.vkont = fkkvkp.vkont AND erdk.stokz = ''
                ) THEN 'never_billed'
            END,
            CASE
                WHEN NOT EXISTS (
                    SELECT FROM sap.eastl
                    JOIN sap.etdz ON etdz.mandt = eastl.mandt AND etdz.logikzw = eastl.logikzw AND etdz.bis = '99991231'
                    WHERE eastl.mandt = contract.mandt AND eastl.anlage = contract.anlage AND eastl.bis = '99991231'
                ) THEN 'no_meter'
            END
        ),
        ''
    ) AS exclusion
FROM sap.fkkvkp
JOIN LATERAL (
    SELECT ever.mandt, ever.anlage
    FROM sap.ever
    WHERE ever.mandt = fkkvkp.mandt
        AND ever.vkonto = fkkvkp.vkont
        AND ever.loevm = ''
        AND ever.auszdat >= to_char(current_timestamp AT TIME ZONE 'Europe/Lisbon', 'YYYYMMDD')
    ORDER BY ever.anlage
    LIMIT 1
) AS contract ON true
WHERE fkkvkp.mandt = '100' AND fkkvkp.loevm = ''
