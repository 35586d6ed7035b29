-- What Kraken keeps of a person beside the name: both family names, and the tax number (type PT1).

SELECT
    fkkvkp.vkont AS external_identifier,
    but000.partner AS customer_key,
    detail.place AS detail_key,
    detail.namespace,
    detail.value
FROM sap.fkkvkp
JOIN sap.but000 ON but000.mandt = fkkvkp.mandt AND but000.partner = fkkvkp.gpart AND but000.xdele = ''
LEFT JOIN sap.dfkkbptaxnum AS tax
    ON tax.mandt = but000.mandt AND tax.partner = but000.partner AND tax.taxtype = 'PT1'
CROSS JOIN LATERAL (VALUES
    (1, 'APELIDO1', split_part(but000.name_last, ' ', 1)),
    (2, 'APELIDO2', split_part(but000.name_last, ' ', 2)),
    (3, 'NIF', CAST(tax.taxnum AS text))
) AS detail (place, namespace, value)
WHERE fkkvkp.mandt = '100'
    AND fkkvkp.vkont = ANY (CAST(:identifiers AS bpchar[]))
    AND btrim(detail.value) <> ''
ORDER BY fkkvkp.vkont, detail.place
