-- Customer details notifications with the outage contact and its address; the time is local. This area knows no
-- accounts, so the history of notifications belongs to the supply point.

SELECT
    point.identifier AS external_identifier,
    notification.notification_id AS notification_key,
    substr(notification.made_on, 1, 4) || '-' || substr(notification.made_on, 5, 2) || '-'
        || substr(notification.made_on, 7, 2) || 'T' || substr(notification.made_at, 1, 2) || ':'
        || substr(notification.made_at, 3, 2) || ':' || substr(notification.made_at, 5, 2)
        AS transaction_date,
    notification.movement AS movement_type,
    notification.title,
    notification.first_name AS given_name,
    notification.last_name AS family_name,
    notification.name_suffix AS suffix,
    notification.name_kind AS name_type,
    notification.email,
    address.state AS administrative_area,
    address.country,
    address.locality,
    address.postcode AS postal_code,
    address.delivery_point AS delivery_point_identifier,
    address.sublocality AS dependent_locality,
    address.sorting_code,
    address.line1 AS street_address,
    address.house_number AS house_number_1,
    address.unit_number AS flat_or_unit_number,
    address.unit_type AS flat_or_unit_type,
    address.street_name,
    address.street_type,
    address.delivery_number AS postal_delivery_number_value,
    address.delivery_type AS postal_delivery_type,
    address.building_name AS building_or_property_name
FROM legacy.supply_point AS point
JOIN legacy.details_notification AS notification
    ON notification.supply_point_id = point.supply_point_id
JOIN legacy.address ON address.address_id = notification.address_id
WHERE point.market = 'AU' AND point.identifier = ANY (CAST(:identifiers AS text[]))
ORDER BY point.identifier, notification.made_on, notification.made_at, notification.notification_id
