-- Accounts supplied at the supply point today, not those that have left or are announced: a vacant point has
-- none. The outage contact is that of the latest notification since the start of the supply.

SELECT
    point.identifier AS external_identifier,
    account.account_id AS account_key,
    account.account_class,
    occupancy.moved_in AS customer_at_supply_address_from_date,
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
    address.building_name AS building_or_property_name,
    phone.phone_1_number,
    phone.phone_1_service_type,
    phone.phone_1_prefix,
    phone.phone_2_number,
    phone.phone_2_service_type,
    phone.phone_2_prefix,
    phone.phone_3
FROM legacy.supply_point AS point
JOIN legacy.occupancy
    ON occupancy.premise_id = point.premise_id
    AND occupancy.moved_out = '99991231'
    AND occupancy.moved_in <= to_char(current_timestamp AT TIME ZONE 'Australia/Sydney', 'YYYYMMDD')
JOIN legacy.supply
    ON supply.occupancy_id = occupancy.occupancy_id
    AND supply.supply_point_id = point.supply_point_id
    AND (
        supply.ends_on >= to_char(current_timestamp AT TIME ZONE 'Australia/Sydney', 'YYYYMMDD')
        OR supply.ends_on = '00000000'
    )
JOIN legacy.account ON account.account_id = occupancy.account_id
LEFT JOIN LATERAL (
    SELECT notification_id, title, first_name, last_name, name_suffix, name_kind, email, address_id
    FROM legacy.details_notification
    WHERE details_notification.supply_point_id = point.supply_point_id
        AND (
            details_notification.made_on BETWEEN supply.starts_on AND supply.ends_on
            OR details_notification.made_on !~ '^[1-9][0-9]{7}$'
        )
    ORDER BY made_on DESC, made_at DESC, notification_id DESC
    LIMIT 1
) AS notification ON true
LEFT JOIN legacy.address ON address.address_id = notification.address_id
LEFT JOIN LATERAL (
    SELECT
        max(number) FILTER (WHERE place = 1) AS phone_1_number,
        max(service) FILTER (WHERE place = 1) AS phone_1_service_type,
        max(prefix) FILTER (WHERE place = 1) AS phone_1_prefix,
        max(number) FILTER (WHERE place = 2) AS phone_2_number,
        max(service) FILTER (WHERE place = 2) AS phone_2_service_type,
        max(prefix) FILTER (WHERE place = 2) AS phone_2_prefix,
        max(number) FILTER (WHERE place > 2) AS phone_3
    FROM (
        SELECT number, service, prefix, row_number() OVER (ORDER BY phone_id) AS place
        FROM legacy.notification_phone
        WHERE notification_phone.notification_id = notification.notification_id
            AND btrim(notification_phone.number) <> ''
    ) AS numbered
) AS phone ON true
WHERE point.market = 'AU' AND point.identifier = ANY (CAST(:identifiers AS text[]))
ORDER BY point.identifier, account.account_id
