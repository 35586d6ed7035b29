-- Telephones of the outage contacts; a blank number is none.

SELECT
    point.identifier AS external_identifier,
    notification.notification_id AS notification_key,
    phone.phone_id AS phone_key,
    phone.number,
    phone.service AS service_type,
    phone.prefix
FROM legacy.supply_point AS point
JOIN legacy.details_notification AS notification
    ON notification.supply_point_id = point.supply_point_id
JOIN legacy.notification_phone AS phone
    ON phone.notification_id = notification.notification_id AND btrim(phone.number) <> ''
WHERE point.market = 'AU' AND point.identifier = ANY (CAST(:identifiers AS text[]))
ORDER BY point.identifier, notification.notification_id, phone.phone_id
