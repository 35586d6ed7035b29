-- The business partner of the contract account. A company has one name.

SELECT
    fkkvkp.vkont AS external_identifier,
    but000.partner AS customer_key,
    but000.name_first AS given_name,
    CASE but000.type WHEN '2' THEN but000.name_org1 ELSE but000.name_last END AS family_name,
    reached.email,
    reached.mobile,
    reached.landline
FROM sap.fkkvkp
JOIN sap.but000 ON but000.mandt = fkkvkp.mandt AND but000.partner = fkkvkp.gpart AND but000.xdele = ''
LEFT JOIN LATERAL (
    SELECT
        (
            SELECT adr6.smtp_addr FROM sap.adr6
            WHERE adr6.client = but020.mandt AND adr6.addrnumber = but020.addrnumber
            ORDER BY adr6.consnumber LIMIT 1
        ) AS email,
        (
            SELECT adr2.tel_number FROM sap.adr2
            WHERE adr2.client = but020.mandt AND adr2.addrnumber = but020.addrnumber AND adr2.r3_user = '3'
            ORDER BY adr2.consnumber LIMIT 1
        ) AS mobile,
        (
            SELECT adr2.tel_number FROM sap.adr2
            WHERE adr2.client = but020.mandt AND adr2.addrnumber = but020.addrnumber AND adr2.r3_user = '1'
            ORDER BY adr2.consnumber LIMIT 1
        ) AS landline
    FROM sap.but020
    WHERE but020.mandt = but000.mandt AND but020.partner = but000.partner
    ORDER BY but020.addr_valid_to DESC
    LIMIT 1
) AS reached ON true
WHERE fkkvkp.mandt = '100' AND fkkvkp.vkont = ANY (CAST(:identifiers AS bpchar[]))
ORDER BY fkkvkp.vkont
